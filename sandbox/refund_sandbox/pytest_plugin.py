"""Fixtures for pytest: `refund_sandbox`, a workspace of a sandbox, and `refund_sandbox_app`, the same in process.

pytest loads this module at its start, before coverage is measured. So the fixtures import what they use.
"""

import re
import uuid
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from refund_sandbox.testing import InProcess, Sandbox, WorkspaceClient
    from refund_sandbox.testing.server_thread import SandboxOptions

_MAX_NAME_CHARS = 40
_UNUSED_FAULTS = "refund_sandbox_unused_faults"
_FAILED = pytest.StashKey[bool]()
"""Whether the test has failed, in the stash of its item."""
_SESSION_URL = pytest.StashKey[bool]()
"""Whether an application was configured with the URL of the session, in the stash of the configuration."""
_OWN_WORKSPACE = pytest.StashKey[bool]()
"""Whether the running test has a workspace of its own, in the stash of the configuration."""
_OF_THE_SERVER = ("fixture", "orders", "seed", "store", "admin_token")
"""Options that are no settings of a workspace."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the plugin."""
    group = parser.getgroup("refund-sandbox")
    group.addoption(
        "--refund-sandbox-url", metavar="URL", help="use a running sandbox (default: the variable REFUND_SANDBOX_URL)"
    )
    group.addoption("--refund-sandbox-token", metavar="TOKEN", help="admin token of that sandbox (default: REFUND_SANDBOX_TOKEN)")
    group.addoption(
        "--refund-sandbox-unused-faults",
        metavar="error|ignore",
        choices=("error", "ignore"),
        help="what a fault means that never hit (default: error)",
    )
    parser.addini(_UNUSED_FAULTS, "error or ignore: what a fault means that never hit", default="error")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Note whether the test failed: its faults may then have had no chance to hit. Each run of a test begins with its setup."""
    report = yield
    item.stash[_FAILED] = bool(call.excinfo) or (call.when != "setup" and item.stash.get(_FAILED, False))
    return report


@pytest.fixture(scope="session")
def refund_sandbox_options() -> "SandboxOptions":
    """Settings of the sandbox; override it in conftest.py: `return {"validation": "live"}`."""
    return {}


@pytest.fixture(scope="session")
def _refund_sandbox_process(refund_sandbox_options: "SandboxOptions") -> "Iterator[Sandbox]":
    """Server in this process, for the session (with pytest-xdist, for each worker)."""
    from refund_sandbox.gc_tuning import freezing

    with freezing():
        from refund_sandbox.testing import Sandbox

        sandbox = Sandbox(**refund_sandbox_options).start()
    yield sandbox
    sandbox.stop()


@pytest.fixture(scope="session")
def _refund_sandbox_running(request: pytest.FixtureRequest) -> "WorkspaceClient":
    """Default workspace of the sandbox of the session: one that runs elsewhere, or one in this process."""
    from refund_sandbox.settings import read_client_variables

    variables = read_client_variables()
    url = request.config.getoption("--refund-sandbox-url") or variables.get("url")
    if not url:
        sandbox: WorkspaceClient = request.getfixturevalue("_refund_sandbox_process")
        return sandbox
    from refund_sandbox.testing import Sandbox

    return Sandbox.at(url, token=request.config.getoption("--refund-sandbox-token") or variables.get("token"))


@pytest.fixture(scope="session")
def refund_sandbox_server(
    request: pytest.FixtureRequest, _refund_sandbox_running: "WorkspaceClient"
) -> "Iterator[WorkspaceClient]":
    """Workspace for an application that is configured once for all tests. Every test starts with fresh data in it."""
    from refund_sandbox.testing import Sandbox

    if request.config.stash.get(_OWN_WORKSPACE, False):
        raise pytest.UsageError("Request refund_sandbox_url before refund_sandbox: this test has a workspace of its own already.")
    request.config.stash[_SESSION_URL] = True
    if isinstance(_refund_sandbox_running, Sandbox):
        yield _refund_sandbox_running
        return
    workspace = _refund_sandbox_running.workspace(_name("session"))
    yield workspace
    workspace.delete()


@pytest.fixture(scope="session")
def refund_sandbox_url(refund_sandbox_server: "WorkspaceClient") -> str:
    """Base URL for an application that is configured once for all tests. It leads to the workspace of the running test."""
    return refund_sandbox_server.url


@pytest.fixture
def refund_sandbox(request: pytest.FixtureRequest, _refund_sandbox_running: "WorkspaceClient") -> "Iterator[WorkspaceClient]":
    """Workspace with fresh data for each test, in a server of the session or in a running one."""
    is_shared = request.config.stash.get(_SESSION_URL, False)
    if is_shared:
        workspace: WorkspaceClient = request.getfixturevalue("refund_sandbox_server")
    else:
        workspace = _refund_sandbox_running.workspace(_name(request.node.name))
    yield from _fresh(request, workspace, delete=not is_shared)


@pytest.fixture(autouse=True)
def _refund_sandbox_of_the_session(request: pytest.FixtureRequest) -> None:
    """Give a test fresh data that uses the workspace of the session alone, and check its faults."""
    if "refund_sandbox_server" in request.fixturenames:
        request.getfixturevalue("refund_sandbox")


@pytest.fixture
def refund_sandbox_app(
    request: pytest.FixtureRequest, _refund_sandbox_process: "Sandbox", _refund_sandbox_running: "WorkspaceClient"
) -> "Iterator[InProcess]":
    """ASGI application for clients that call it in process; its attribute `sandbox` is the workspace of the test."""
    from refund_sandbox.testing import InProcess

    if _refund_sandbox_running is _refund_sandbox_process:
        yield InProcess(_refund_sandbox_process, request.getfixturevalue("refund_sandbox"))
        return
    own = _refund_sandbox_process.workspace(_name(request.node.name))
    for workspace in _fresh(request, own, delete=True):
        yield InProcess(_refund_sandbox_process, workspace)


def _fresh(request: pytest.FixtureRequest, workspace: "WorkspaceClient", *, delete: bool) -> "Iterator[WorkspaceClient]":
    """Yield the workspace with fresh data. After a test that has passed, check that its faults were hit.

    Delete the other workspaces of the test in any case.
    """
    from refund_sandbox.testing.owned_workspace import OwnedWorkspace

    def create(name: str) -> "WorkspaceClient":
        return _reset(request, workspace.workspace(_name(name)))

    owned = OwnedWorkspace(workspace, create)
    _reset(request, owned)
    request.config.stash[_OWN_WORKSPACE] = delete
    yield owned
    request.config.stash[_OWN_WORKSPACE] = False
    try:
        if not request.node.stash.get(_FAILED, False) and _checks_faults(request.config):
            for used in (owned, *owned.others.values()):
                _check_faults(used)
    finally:
        for used in (*([owned] if delete else []), *owned.others.values()):
            _delete(used)


def _delete(workspace: "WorkspaceClient") -> None:
    """Delete a workspace. The test may have deleted it already."""
    from refund_sandbox.testing import CallRejected

    with suppress(CallRejected):
        workspace.delete()


def _reset(request: pytest.FixtureRequest, workspace: "WorkspaceClient") -> "WorkspaceClient":
    """Return the workspace with fresh data, and in a sandbox that runs elsewhere the settings of `refund_sandbox_options`."""
    if workspace.is_in_process:
        workspace.reset(ids=request.node.nodeid)
        return workspace
    options: SandboxOptions = request.getfixturevalue("refund_sandbox_options")
    fixture = options.get("fixture")
    workspace.reset(ids=request.node.nodeid, fixture=str(fixture) if fixture else None, seed=options.get("seed"))
    settings = {name: value for name, value in options.items() if name not in _OF_THE_SERVER}
    if settings:
        workspace.settings(**settings)
    return workspace


def _check_faults(workspace: "WorkspaceClient") -> None:
    """Fail with a text alone if a fault never hit: no line of the test is to blame."""
    try:
        workspace.assert_faults_hit()
        problem = ""
    except AssertionError as error:
        problem = str(error)
    if problem:
        pytest.fail(problem, pytrace=False)


def _checks_faults(config: pytest.Config) -> bool:
    """Whether a fault that never hit is an error."""
    chosen: str = config.getoption("--refund-sandbox-unused-faults") or config.getini(_UNUSED_FAULTS)
    if chosen not in ("error", "ignore"):
        raise pytest.UsageError(f"Invalid value for {_UNUSED_FAULTS}: {chosen!r} (expected error or ignore).")
    return chosen == "error"


def _name(test: str) -> str:
    """Return a globally unique workspace name that starts with the name of the test."""
    prefix = re.sub(r"[^A-Za-z0-9]+", "-", test).strip("-")[:_MAX_NAME_CHARS]
    return f"{prefix or 'test'}-{uuid.uuid4().hex[:12]}"
