"""The generated pages are up to date with the code and a running sandbox."""

import pytest

from docs.generate import pages
from tests.support.paths import ROOT

pytestmark = pytest.mark.memory_only


@pytest.mark.parametrize("path", pages.PAGES)
def test_a_generated_page_is_up_to_date(path: str) -> None:
    [(_, text)] = pages.render([path])

    assert (ROOT / path).read_text() == text, "run: python -m docs.generate"
