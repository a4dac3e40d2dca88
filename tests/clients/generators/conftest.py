"""The tools that generate clients."""

import pytest

from tests.clients.generators.tools import Tools, reason_to_skip


@pytest.fixture(scope="session")
def tools() -> Tools:
    if reason := reason_to_skip():
        pytest.skip(reason)
    return Tools()
