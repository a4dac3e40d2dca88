"""Puts everything together: specs, stores, services, APIs and routes become one ASGI application."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from refund_sandbox import gc_tuning
from refund_sandbox.apis.fluentcart.api import FluentCart
from refund_sandbox.apis.funnelfox.api import FunnelFox
from refund_sandbox.core import package_files
from refund_sandbox.core.api import Api, Services
from refund_sandbox.core.asgi import note_transport
from refund_sandbox.core.clock import Clock, read_duration
from refund_sandbox.core.context import Reply
from refund_sandbox.core.errors import BadDocument, SandboxError
from refund_sandbox.core.executor import Executor
from refund_sandbox.core.faults.fault import FAULTS
from refund_sandbox.core.faults.fault_store import FaultStore
from refund_sandbox.core.ids import Ids, UniqueIds
from refund_sandbox.core.journal.journal import Journal
from refund_sandbox.core.journal.memory_journal import MemoryJournal
from refund_sandbox.core.journal.stored_journal import ENTRIES, StoredJournal
from refund_sandbox.core.pipeline import PendingRequest, Pipeline, advance_all
from refund_sandbox.core.schedule import TASKS
from refund_sandbox.core.spec import loader
from refund_sandbox.core.spec.router import Spec
from refund_sandbox.core.validation.validator import Validator
from refund_sandbox.core.webhooks import outbox
from refund_sandbox.core.webhooks.delivery import DeliveryWorker
from refund_sandbox.core.workspaces import fixtures
from refund_sandbox.core.workspaces.registry import DEFAULT, NAME, Workspaces, name_in
from refund_sandbox.core.workspaces.state_document import state_schema
from refund_sandbox.core.workspaces.template import WorkspaceTemplate
from refund_sandbox.core.workspaces.workspace import Workspace
from refund_sandbox.core.workspaces.workspace_state import WORKSPACE_STATES
from refund_sandbox.frozen import frozen
from refund_sandbox.settings import Settings, read_settings
from refund_sandbox.stores.databases import open_database
from refund_sandbox.stores.protocol import RecordType, Store

APIS: Mapping[str, type[Api]] = {"funnelfox": FunnelFox, "fluentcart": FluentCart}
RECORD_TYPES: tuple[RecordType[Any], ...] = (
    *(WORKSPACE_STATES, FAULTS, TASKS, ENTRIES, *outbox.RECORD_TYPES),
    *(kind for api in APIS.values() for kind in api.record_types),
)
"""Every kind of record that a store keeps."""


@frozen
class SandboxApp:
    """A sandbox that is ready to answer: the ASGI application and the worlds behind it."""

    app: ASGIApp
    workspaces: Workspaces
    delivery_worker: DeliveryWorker

    @property
    def workspace(self) -> Workspace:
        """The world of whoever names no other."""
        return self.workspaces.open()

    def close(self) -> None:
        """Writes what is not written yet and lets go of the database."""
        self.delivery_worker.close()
        self.workspaces.close()


def build(settings: Settings | None = None) -> SandboxApp:
    """A sandbox. Raises SpecError for a spec and BadDocument for a fixture that can't be used."""
    settings = settings or Settings()
    specs = {name: loader.load(name) for name in APIS}
    delivery_worker = DeliveryWorker()
    workspaces = _workspaces(settings, specs, delivery_worker)
    executor = Executor(workspaces.open().services.store)
    checked, most = settings.check_replies, settings.max_body
    pipelines = {name: Pipeline(name, workspaces, executor, max_body=most, check_replies=checked) for name in APIS}

    def build_other_routes() -> ASGIApp:
        with gc_tuning.collection_paused_then_frozen():
            from refund_sandbox.asgi_app import (  # Starlette is only paid for by those who ask for more than an API
                AppParts,
                build_starlette_app,
            )

            return build_starlette_app(settings, AppParts(specs, pipelines, workspaces, executor, delivery_worker))

    sandbox = SandboxApp(RootApp(pipelines, build_other_routes, lambda: sandbox.close()), workspaces, delivery_worker)
    return sandbox


def create() -> ASGIApp:
    """The application of one worker of several, built from the environment."""
    sandbox = build(read_settings({}))
    gc_tuning.tune()
    return sandbox.app


class RootApp:
    """Everything comes in here: the workspace is read off the path, and the two APIs' usual paths need no other router."""

    def __init__(
        self, pipelines: Mapping[str, Pipeline], build_other_routes: Callable[[], ASGIApp], close: Callable[[], None]
    ) -> None:
        self._pipelines = pipelines
        self._build_other_routes = build_other_routes
        self._close = close

    @cached_property
    def _other_routes(self) -> ASGIApp:
        return self._build_other_routes()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "lifespan":
            return await self._live(receive, send)
        if scope["type"] == "http":
            note_transport(scope, send)
            name, scope = enter_workspace(scope)
            if api := find_api(name, scope["path"]):
                return await self._pipelines[api](scope, receive, send)
        return await self._other_routes(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Everything is there before the server starts, and is put away when it stops."""
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._close()
        await send({"type": "lifespan.shutdown.complete"})

    def answer_batch(self, requests: Iterable[tuple[Scope, bytes]]) -> list[Reply | None]:
        """The answers to calls of the APIs, without the ways of ASGI, which cost as much as the answer itself.

        None where a call has to wait, or is none of an API: ASGI is to answer then.
        """
        calls = [self._start(*request) for request in requests]
        advance_all([call for call in calls if call])
        return [call.reply() if call else None for call in calls]

    def _start(self, scope: Scope, body: bytes) -> PendingRequest | None:
        name, scope = enter_workspace(scope)
        api = find_api(name, scope["path"])
        return self._pipelines[api].start(scope, body) if api else None


def find_api(workspace: str, path: str) -> str | None:
    """The API whose base URL a path is below, None where the routes must find out what it is or what is wrong with it."""
    if workspace != DEFAULT and not NAME.fullmatch(workspace):
        return None
    first, _, rest = path[1:].partition("/")
    if first == "wp-json":
        return "fluentcart"
    return "funnelfox" if (rest == "v1" or rest.startswith("v1/")) and first and not first.startswith("_") else None


def enter_workspace(scope: Scope) -> tuple[str, Scope]:
    """The workspace that a path begins with, and the request as it is inside."""
    path = scope["path"]
    if not path.startswith("/w/"):
        return DEFAULT, scope
    name, _, _ = path.removeprefix("/w/").partition("/")
    prefix = f"/w/{name}"
    inside = {**scope, "path": path.removeprefix(prefix) or "/", "root_path": scope.get("root_path", "") + prefix}
    if scope.get("raw_path"):
        inside["raw_path"] = scope["raw_path"].removeprefix(prefix.encode("latin-1", "replace")) or b"/"
    name_in(inside, name)
    return name, inside


def lint(files: Iterable[Path] = ()) -> Iterator[tuple[str, list[str]]]:
    """Each spec and fixture by name, with what is wrong with it: the shipped ones, and state documents in `files`."""
    specs: dict[str, Spec] = {}
    for name in (*APIS, "sandbox"):
        try:
            specs[name] = loader.load(name)
            yield f"specs/{name}.yaml", []
        except SandboxError as error:
            yield f"specs/{name}.yaml", [str(error)]
    if len(specs) <= len(APIS):
        return
    shipped = [package_files.path_of("fixtures", f"{name}.yaml") for name in fixtures.SHIPPED]
    for path in (*shipped, *files):
        yield str(path) if path not in shipped else f"fixtures/{path.name}", _lint_fixture(path, specs)


def _lint_fixture(path: Path, specs: Mapping[str, Spec]) -> list[str]:
    try:
        _workspaces(Settings(fixture=path), specs, DeliveryWorker()).open()
    except BadDocument as bad:
        return [f"{problem.pointer or '/'}: {problem.reason}" for problem in bad.problems]
    return []


def _workspaces(settings: Settings, specs: Mapping[str, Spec], delivery_worker: DeliveryWorker) -> Workspaces:
    database = open_database(settings.store, RECORD_TYPES)
    document = fixtures.read_fixture(settings.fixture or "demo")
    scenarios, state = fixtures.read_scenarios(), Validator(state_schema(APIS))
    template = WorkspaceTemplate(database, settings.seed)

    def make(name: str) -> Workspace:
        store = database.open(name)
        ids = UniqueIds() if database.shared else Ids(settings.seed)
        services = Services(store, Clock(), ids, FaultStore(scenarios, ids, store), settings.workspace, settings.max_depth)
        return Workspace(
            name=name,
            services=services,
            journal=_journal(store, settings),
            apis={api: kind(specs[api], services) for api, kind in APIS.items()},
            initial=lambda seed: fixtures.with_fake_orders(document, APIS, settings.orders, seed),
            base_settings=settings.workspace,
            template=template,
            state=state,
            database=database,
            schedule_delivery=delivery_worker.schedule,
        )

    return Workspaces(database, make, limit=settings.workspaces, idle=read_duration(settings.workspace_idle))


def _journal(store: Store, settings: Settings) -> Journal:
    if store.shared:
        return StoredJournal(store, settings.journal_size)
    return MemoryJournal(settings.journal_size, settings.journal_bytes)
