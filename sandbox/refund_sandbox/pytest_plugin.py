"""Fixtures for pytest: `refund_sandbox`, a sandbox on a socket, and `refund_sandbox_app`, the same in process.

pytest loads this before anything is measured or needed, so that what it uses is imported by the fixtures themselves.
"""

import re
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from refund_sandbox.testing import InProcess, Sandbox, WorkspaceClient
    from refund_sandbox.testing.server_thread import SandboxOptions

_LONGEST_NAME = 40


def pytest_addoption(parser: pytest.Parser) -> None:
    """The flags of pytest."""
    group = parser.getgroup("refund-sandbox")
    group.addoption(
        "--refund-sandbox-url", metavar="URL", help="use the sandbox that runs there; each test gets a workspace of its own"
    )
    group.addoption("--refund-sandbox-token", metavar="TOKEN", help="its --admin-token")


@pytest.fixture(scope="session")
def refund_sandbox_options() -> "SandboxOptions":
    """What the sandbox is started with; a conftest.py may override it: `return {"validation": "live"}`."""
    return {}


@pytest.fixture(scope="session")
def refund_sandbox_server(refund_sandbox_options: "SandboxOptions") -> "Iterator[Sandbox]":
    """The one server of a session (under xdist, of a worker)."""
    from refund_sandbox.testing import Sandbox

    with Sandbox(**refund_sandbox_options) as sandbox:
        yield sandbox


@pytest.fixture
def refund_sandbox(request: pytest.FixtureRequest) -> "Iterator[WorkspaceClient]":
    """A sandbox at its start for each test; with --refund-sandbox-url a workspace of the test's own on a shared one."""
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
    """The ASGI application, for clients that call it in process; its `sandbox` arms, advances and asserts."""
    from refund_sandbox.testing import InProcess

    refund_sandbox_server.reset()
    return InProcess(refund_sandbox_server)


def _name(test: str) -> str:
    """A workspace that no other test has, on any machine, and that says whose it is."""
    said = re.sub(r"[^A-Za-z0-9]+", "-", test).strip("-")[:_LONGEST_NAME]
    return f"{said or 'test'}-{uuid.uuid4().hex[:12]}"
