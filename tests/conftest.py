"""Options of the suite, and the sandbox that a test gets: one for each session and store, reset to the demo state for each test.

A run that names no tests is short: see `pytest --help` for `--all` and `pytest --markers`.
"""

from collections import Counter
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp, build
from refund_sandbox.settings import Settings
from tests.support import budget
from tests.support.postgresql import postgresql_server
from tests.support.server_thread import listen

STORES = ("memory", "sqlite", "postgresql")
MAX_WORKERS = 8


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("refund-sandbox", "selection of the tests of refund-sandbox")
    group.addoption(
        "--all",
        action="store_true",
        dest="full",
        help="Run every test over every store. Without it, a run that names no path and no -k is short: it uses the memory "
        "store, leaves out slow tests, and runs tests that are marked every_store over every store. "
        "A run that names paths or -k runs all that it names, over the memory store.",
    )
    group.addoption("--stores", metavar="NAMES", help=f"Run every test over these stores, of {','.join(STORES)}.")
    group.addoption("--longer", type=int, default=1, metavar="TIMES", help="Try so many times as many random examples.")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Decide once for all workers of pytest-xdist whether the run is short and whether it is parallel."""
    option = config.option
    named = option.keyword or (config.args_source is pytest.Config.ArgsSource.ARGS and config.args != config.getini("testpaths"))
    option.short = not named and not option.full
    serial = option.usepdb or option.capture == "no" or option.collectonly or not config.pluginmanager.hasplugin("xdist")
    if not (named or serial) and option.numprocesses is None and option.dist == "no":
        option.numprocesses, option.dist = "auto", "worksteal"
        option.maxprocesses = option.maxprocesses or MAX_WORKERS


def pytest_configure(config: pytest.Config) -> None:
    budget.times = config.getoption("--longer")
    budget.short = config.option.short


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "store_name" in metafunc.fixturenames:
        metafunc.parametrize("store_name", _stores_of(metafunc), scope="session")


def _stores_of(metafunc: pytest.Metafunc) -> list[str]:
    option, definition = metafunc.config.option, metafunc.definition
    if definition.get_closest_marker("memory_only"):
        return ["memory"]
    if option.stores:
        return list(option.stores.split(","))
    return list(STORES if option.full or definition.get_closest_marker("every_store") else STORES[:1])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out of a short run the slow tests, and most cases of the tests that are marked sampled."""
    if not config.option.short:
        return
    seen: Counter[str] = Counter()
    chosen: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        test, sampled = item.nodeid.partition("[")[0], item.get_closest_marker("sampled")
        is_case_of_sample = sampled is None or seen[test] % sampled.args[0] == 0
        (chosen if is_case_of_sample and not item.get_closest_marker("slow") else left_out).append(item)
        seen[test] += 1
    config.hook.pytest_deselected(items=left_out)
    items[:] = chosen


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A real PostgreSQL server of this session's own."""
    with postgresql_server() as server:
        server.forgo_durability()  # nothing here outlives the session
        yield server.url


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
