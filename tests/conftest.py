"""Options of the suite, and the sandbox that a test gets: one for each session and store, reset to the demo state for each test.

A run that names no tests is short: see `pytest --help` for `--all` and `--rest`, and `pytest --markers`.
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
    group.addoption(
        "--rest", action="store_true", help="Run every test that a short run leaves out or shortens, over every store."
    )
    group.addoption("--stores", metavar="NAMES", help=f"Use these stores, of {','.join(STORES)}.")
    group.addoption("--longer", type=int, default=1, metavar="TIMES", help="Multiply the number of random examples.")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Decide whether the run is short, and whether it is parallel."""
    option = config.option
    named = option.keyword or (config.args_source is pytest.Config.ArgsSource.ARGS and config.args != config.getini("testpaths"))
    option.full = option.full or option.rest
    option.short = not named and not option.full
    if not named and _may_be_parallel(config):
        option.numprocesses, option.dist = "auto", "worksteal"
        option.maxprocesses = option.maxprocesses or MAX_WORKERS


def _may_be_parallel(config: pytest.Config) -> bool:
    """Whether pytest-xdist is there and no option mentions it. A worker, which starts here too, must not start workers."""
    option = config.option
    if hasattr(config, "workerinput") or not config.pluginmanager.hasplugin("xdist"):
        return False
    is_interactive = option.usepdb or option.collectonly or option.capture == "no"
    return not is_interactive and option.numprocesses is None and option.dist == "no"


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
    """Choose the tests of a short run, or those that it leaves out or shortens."""
    option = config.option
    if not option.short and not option.rest:
        return
    short_run = _short_run(items)
    if option.short:
        chosen = short_run
    else:
        whole = {item for item in short_run if not _is_shortened(item)}
        chosen = [item for item in items if item not in whole]
    config.hook.pytest_deselected(items=list(set(items) - set(chosen)))
    items[:] = chosen


def _short_run(items: list[pytest.Item]) -> list[pytest.Item]:
    """The tests without those over further stores, the slow ones, and the cases that no sample has."""
    seen: Counter[tuple[str, str]] = Counter()
    chosen: list[pytest.Item] = []
    for item in items:
        store = _store_of(item)
        test = item.nodeid.partition("[")[0], store
        is_in_sample = seen[test] % _step_of(item) == 0
        is_of_short_store = store == STORES[0] or item.get_closest_marker("every_store")
        if is_in_sample and is_of_short_store and not item.get_closest_marker("slow"):
            chosen.append(item)
        seen[test] += 1
    return chosen


def _is_shortened(item: pytest.Item) -> bool:
    """Whether a short run may try fewer examples: the test's module asks for a budget."""
    return getattr(getattr(item, "module", None), "budget", None) is budget


def _store_of(item: pytest.Item) -> str:
    return str(item.callspec.params.get("store_name", "memory")) if hasattr(item, "callspec") else "memory"


def _step_of(item: pytest.Item) -> int:
    """Number of cases of which a short run takes one, over the store of this test."""
    marker = item.get_closest_marker("sampled" if _store_of(item) == "memory" else "every_store")
    return int(marker.args[0]) if marker and marker.args else 1


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
    """The demo state with strict validation; every reply is checked against its spec."""
    shared_sandbox.workspace.reset()
    return shared_sandbox


@pytest.fixture
def client(sandbox: SandboxApp) -> TestClient:
    """Client of the sandbox in this process."""
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
