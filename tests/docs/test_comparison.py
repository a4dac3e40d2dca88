"""The comparison's tests with this plugin: they pass, and each mistake of the client makes them fail."""

import pytest

from tests.comparison.__main__ import run
from tests.comparison.client import BUGS

pytestmark = [pytest.mark.memory_only, pytest.mark.slow]


@pytest.mark.parametrize("bug", ["", *BUGS], ids=lambda bug: bug or "no mistake")
def test_a_mistake_of_the_client_makes_the_tests_fail(bug: str) -> None:
    passed, _ = run("refund-sandbox", bug, jar="")

    assert passed == (bug == "")
