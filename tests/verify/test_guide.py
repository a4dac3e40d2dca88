"""The guide shows reports as the command prints them."""

import base64
import re

import pytest
from click.testing import Result

from refund_sandbox import __version__
from refund_sandbox.apis.fluentcart.recording import PASSWORD
from refund_sandbox.cli.main import main
from tests.support.command_line import runner
from tests.support.live_service import Recordings, serving
from tests.support.paths import ROOT
from tests.verify.test_fluentcart_shop import recorded

pytestmark = pytest.mark.memory_only

GUIDE = (ROOT / "docs" / "guides" / "verify.md").read_text()
REPORTS = dict(re.findall(r"<!-- report: (\S+) -->\n```text\n(.*?)```", GUIDE, re.DOTALL))


def verify_recorded_shop(version: str, *more: str) -> Result:
    authorization = "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
    with serving(Recordings(recorded("05", "10", "11", "13", "14"), authorization)) as service:
        options = ["--base-url", service.url, "--user", f"admin:{PASSWORD}", "--order", "1002", "--version", version]
        done = runner().invoke(main, ["verify", "--api", "fluentcart", *options, *more])
    done.stdout_bytes = done.stdout.replace(service.url, "https://shop.example").encode()
    return done


@pytest.mark.parametrize("version", REPORTS)
def test_a_report_in_the_guide_is_what_the_command_prints(version: str) -> None:
    done = verify_recorded_shop(version)

    printed = re.sub(r"(?m)^Date .*", "Date          …", done.stdout.replace(f"Sandbox       {__version__}", "Sandbox       …"))
    printed = re.sub(r"\d+(?=\s+(other\b|behaviours|not tried|change data|have no case))", "…", printed)
    assert REPORTS[version] in printed


def test_the_guide_has_a_whole_report_and_a_difference() -> None:
    assert REPORTS.keys() == {"1.3.25", "1.6.5"}
    assert verify_recorded_shop("1.3.25").exit_code == 0
    assert verify_recorded_shop("1.6.5").exit_code == 1
