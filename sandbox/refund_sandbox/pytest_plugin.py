"""Fixtures for pytest: `refund_sandbox`, a sandbox on a socket, and `refund_sandbox_app`, the same in process.

pytest loads this module at its start, before coverage is measured. So the fixtures import what they use.
"""

import re
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from refund_sandbox.testing import InProcess, Sandbox, WorkspaceClient
    from refund_sandbox.testing.server_thread import SandboxOptions

_MAX_NAME_CHARS = 40


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the command line options of the plugin."""
    group = parser.getgroup("refund-sandbox")
    group.addoption("--refund-sandbox-url", metavar="URL", help="use a running sandbox; each test gets its own workspace")
    group.addoption("--refund-sandbox-token", metavar="TOKEN", help="admin token of that sandbox")


@pytest.fixture(scope="session")
def refund_sandbox_options() -> "SandboxOptions":
    """Settings of the sandbox; override it in conftest.py: `return {"validation": "live"}`."""
    return {}


@pytest.fixture(scope="session")
def refund_sandbox_server(refund_sandbox_options: "SandboxOptions") -> "Iterator[Sandbox]":
    """Server of the session (with pytest-xdist, of each worker)."""
    from refund_sandbox.testing import Sandbox

    with Sandbox(**refund_sandbox_options) as sandbox:
        yield sandbox


@pytest.fixture
def refund_sandbox(request: pytest.FixtureRequest) -> "Iterator[WorkspaceClient]":
    """Sandbox with fresh state for each test; with --refund-sandbox-url a new workspace of the running sandbox."""
    url = request.config.getoption("--refund-sandbox-url")
    if url is None:
        sandbox: WorkspaceClient = request.getfixturevalue("refund_sandbox_server")
        sandbox.reset()
        yield sandbox
        return
    from refund_sandbox.testing import Sandbox

    server = Sandbox.at(url, token=request.config.getoption("--refund-sandbox-token"))
    workspace = server.workspace(_name(request.node.name))
    yield workspace
    workspace.delete()


@pytest.fixture
def refund_sandbox_app(refund_sandbox_server: "Sandbox") -> "InProcess":
    """ASGI application for clients that call it in process; its attribute `sandbox` is the `Sandbox`."""
    from refund_sandbox.testing import InProcess

    refund_sandbox_server.reset()
    return InProcess(refund_sandbox_server)


def _name(test: str) -> str:
    """Return a globally unique workspace name that starts with the name of the test."""
    prefix = re.sub(r"[^A-Za-z0-9]+", "-", test).strip("-")[:_MAX_NAME_CHARS]
    return f"{prefix or 'test'}-{uuid.uuid4().hex[:12]}"
