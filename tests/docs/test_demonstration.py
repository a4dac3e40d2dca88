"""The page about the demonstration lists every demo."""

import json
import re

import pytest

from tests.support.paths import ROOT, SOURCE

pytestmark = pytest.mark.memory_only


def test_the_page_lists_every_demo() -> None:
    demos = json.loads((SOURCE / "refund_sandbox" / "console" / "static" / "demos.json").read_text())["demos"]
    page = (ROOT / "docs" / "get-started" / "demonstration.md").read_text()
    rows = re.findall(r"^\| (.+?) \|", page.split("| demo | shows |")[1].split("\n\n")[0], re.MULTILINE)

    assert rows == [demo["title"] for demo in demos]
