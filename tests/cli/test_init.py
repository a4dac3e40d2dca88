"""The files that `init` writes, used as they are."""

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
import yaml

from refund_sandbox.cli.main import main
from refund_sandbox.testing import Sandbox
from tests.support.command_line import runner
from tests.support.paths import ROOT

TEST = """
import os, httpx2

def test_the_application_calls_the_sandbox(refund_sandbox):
    assert httpx2.get(os.environ["FLUENTCART_URL"] + "/orders/1001", auth=refund_sandbox.fluentcart.auth).status_code == 200
    assert os.environ["FUNNELFOX_URL"].endswith("/your-org-id/v1")
"""


@pytest.fixture
def written(tmp_path: Path) -> Path:
    done = runner().invoke(main, ["init", str(tmp_path / "tests")])
    assert done.exit_code == 0, done.stderr
    return tmp_path / "tests"


def test_the_conftest_points_the_application_at_the_sandbox(written: Path) -> None:
    (written / "test_it.py").write_text(TEST)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "sandbox")}

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=written,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_the_compose_file_has_the_base_urls(written: Path) -> None:
    services = yaml.safe_load((written / "compose.yaml").read_text())["services"]

    assert services["app"]["environment"]["FUNNELFOX_URL"] == "http://refund-sandbox:8000/your-org-id/v1"
    assert services["refund-sandbox"]["ports"] == ["8000:8000"]


def test_the_requests_succeed(written: Path, sandbox: Sandbox) -> None:
    text = (written / "refunds.http").read_text().replace("{{url}}", sandbox.url)
    requests = re.findall(r"^(GET|POST) (\S+)\n((?:[\w-]+: .+\n)*)\n?(\{.*\})?", text, re.MULTILINE)

    for method, url, fields, body in requests:
        headers = dict(line.split(": ", 1) for line in fields.splitlines())
        assert httpx2.request(method, url, headers=headers, content=body).status_code < 300, url
    assert len(requests) == 5


def test_files_that_exist_are_replaced_only_by_force(written: Path) -> None:
    (written / "conftest.py").write_text("mine")

    done = runner().invoke(main, ["init", str(written)])

    assert done.exit_code == 2
    assert "conftest.py and" in done.stderr
    assert (written / "conftest.py").read_text() == "mine"
    assert runner().invoke(main, ["init", str(written), "--force"]).exit_code == 0
    assert "refund_sandbox" in (written / "conftest.py").read_text()
