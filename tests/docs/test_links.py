"""The links of README.md and its neighbours lead to files and headings that exist; MkDocs checks those of the site."""

import re
from pathlib import Path

import pytest

from tests.support.paths import ROOT

pytestmark = pytest.mark.memory_only

PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md") if (ROOT / name).is_file()]
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.DOTALL | re.MULTILINE)


def links(page: Path) -> list[str]:
    return [link for link in _LINK.findall(_CODE.sub("", page.read_text())) if "://" not in link]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as MkDocs and Git hosts make them."""
    headings = re.findall(
        r"^#+ (.+)$", re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE), re.MULTILINE
    )
    return {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), f"{page.name}: {link}"
        if anchor:
            assert anchor in anchors(target), f"{page.name}: {link}"


def test_llms_txt_names_every_page_of_the_site() -> None:
    named = re.findall(r"^- \[.+?\]\((.+?)\)", (ROOT / "docs" / "llms.txt").read_text(), re.MULTILINE)

    assert sorted(named) == sorted(str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md"))
