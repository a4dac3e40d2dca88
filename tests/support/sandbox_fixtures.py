"""Fixtures of tests that use one sandbox on a socket, as users do. A `conftest.py` or a module imports both."""

from collections.abc import Iterator

import pytest

from refund_sandbox.testing import Sandbox


@pytest.fixture(scope="session")
def server() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(server: Sandbox) -> Sandbox:
    """A sandbox with the demo data."""
    server.reset()
    return server
