"""The pages for contributors name files and functions that exist."""

import re
from pathlib import Path

import pytest

from tests.support.doc_blocks import PAGES
from tests.support.paths import ROOT, SOURCE

pytestmark = pytest.mark.memory_only

PACKAGE = SOURCE / "refund_sandbox"
PAGE_FOLDER = ROOT / "docs" / "contributing"
EXAMPLE = ROOT / "tests" / "example_api"
ARCHITECTURE = (PAGE_FOLDER / "architecture.md").read_text()


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.parent == PAGE_FOLDER or page.name == "CONTRIBUTING.md"], ids=str
)
def test_a_page_names_paths_that_exist(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    paths = set(re.findall(r"`([\w.-]+(?:/[\w.-]+)*(?:/|\.py|\.yaml|\.js))`", text))

    folders = (ROOT, PACKAGE, *PACKAGE.glob("apis/*"), PACKAGE / "console" / "static", EXAMPLE, EXAMPLE / "acme_refunds")
    assert {path for path in paths if not any((folder / path).exists() for folder in folders)} == set()


@pytest.mark.parametrize(("path", "name"), re.findall(r"`([\w/]+\.py)` `([\w.]+)`", ARCHITECTURE))
def test_the_walks_name_functions_that_exist(path: str, name: str) -> None:
    source = (PACKAGE / path).read_text()

    for part in name.split("."):
        assert re.search(rf"(?:def|class) {part}\b", source), f"{path} has no {part}"
