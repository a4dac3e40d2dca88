"""Composition root: settings, specs, stores, services and APIs become one ASGI application."""

import sys
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace
from starlette.types import ASGIApp

from refund_sandbox import gc_tuning
from refund_sandbox.apis import load_descriptors
from refund_sandbox.core.api import Api, ApiDescriptor
from refund_sandbox.core.browser_rules import BrowserRules
from refund_sandbox.core.clock import read_duration
from refund_sandbox.core.errors import BadDocument, Problem
from refund_sandbox.core.executor import Executor
from refund_sandbox.core.faults.fault import FAULTS
from refund_sandbox.core.faults.fault_store import FaultStore
from refund_sandbox.core.faults.targets import FaultTargets
from refund_sandbox.core.ids import Ids, UniqueIds
from refund_sandbox.core.journal.journal import Journal
from refund_sandbox.core.journal.memory_journal import MemoryJournal
from refund_sandbox.core.journal.stored_journal import ENTRIES, StoredJournal
from refund_sandbox.core.pipeline import AccessRules, Pipeline
from refund_sandbox.core.request_run import RequestLimits
from refund_sandbox.core.schedule import TASKS
from refund_sandbox.core.spec import loader
from refund_sandbox.core.validation.validator import Validator
from refund_sandbox.core.webhooks import outbox
from refund_sandbox.core.webhooks.delivery import DeliveryWorker
from refund_sandbox.core.work_progress import Progress
from refund_sandbox.core.workspaces import fixtures
from refund_sandbox.core.workspaces.creation import CreationRules
from refund_sandbox.core.workspaces.prepared_state import InitialState, StateParts
from refund_sandbox.core.workspaces.registry import Workspaces
from refund_sandbox.core.workspaces.state_document import check_state, state_schema
from refund_sandbox.core.workspaces.state_replacer import StateReplacer
from refund_sandbox.core.workspaces.template import WorkspaceTemplate
from refund_sandbox.core.workspaces.workspace import Workspace
from refund_sandbox.core.workspaces.workspace_state import WORKSPACE_STATES, is_stored
from refund_sandbox.root_app import Mounts, RootApp
from refund_sandbox.settings import Settings, has_colors
from refund_sandbox.settings import read_settings as read_settings_with
from refund_sandbox.stores.databases import open_database
from refund_sandbox.stores.protocol import RecordType, Store

if TYPE_CHECKING:
    from refund_sandbox.control.routing import ControlApi
    from refund_sandbox.server.request_lines import RequestLines

APIS: Mapping[str, ApiDescriptor] = load_descriptors()
RECORD_TYPES: tuple[RecordType[Any], ...] = (
    *(WORKSPACE_STATES, FAULTS, TASKS, ENTRIES, *outbox.RECORD_TYPES),
    *(kind for api in APIS.values() for kind in api.record_types),
)
"""Every type of record that a store holds."""


class SandboxApp(Struct, frozen=True):
    """A sandbox that is ready to answer: the ASGI application and its workspaces."""

    app: ASGIApp
    workspaces: Workspaces
    delivery_worker: DeliveryWorker
    executor: Executor
    build_control: "Callable[[], ControlApi]"
    """Return the control API, built at the first call: it imports Starlette."""
    lines: "RequestLines | None" = None

    @property
    def workspace(self) -> Workspace:
        """The workspace of requests that name none."""
        return self.workspaces.open()

    def close(self) -> None:
        """Write what is not written yet, and close the database."""
        self.executor.close()
        self.delivery_worker.close()
        self.workspaces.close()
        if self.lines:
            self.lines.close()


def build(settings: Settings | None = None, lines: "RequestLines | None" = None, progress: Progress | None = None) -> SandboxApp:
    """Build a sandbox, with a writer of request lines if there are any to write. `progress` counts the orders of its state.

    Raises SpecError for an invalid spec and BadDocument for an invalid fixture.
    """
    settings = settings or Settings()
    apis, progress, delivery_worker = load_apis(), progress or Progress(), DeliveryWorker()
    workspaces = _open_workspaces(settings, apis, delivery_worker, progress)
    executor = Executor(workspaces.open().store, settings.postgresql_connections)
    limits, access = RequestLimits(settings.max_body, settings.max_depth, settings.check_replies), _access_rules(settings, apis)
    pipelines = {name: Pipeline(api, workspaces, executor, limits, access) for name, api in apis.items()}

    @cache
    def build_control() -> "ControlApi":
        from refund_sandbox.control.endpoint import ControlContext  # Starlette is slow to import
        from refund_sandbox.control.routing import ControlApi

        context = ControlContext(workspaces, executor, settings.admin_token, progress)
        return ControlApi(loader.load("sandbox"), context, apis, delivery_worker)

    def build_other_routes() -> ASGIApp:
        from refund_sandbox.asgi_app import AppParts, build_starlette_app

        app = build_starlette_app(AppParts(apis, pipelines, workspaces, executor, build_control(), access.browser))
        if lines is None:
            return app
        from refund_sandbox.server.request_lines import LoggedRoutes

        return LoggedRoutes(app, lines)

    if lines:
        workspaces.observe(lines.add)
    root = RootApp(pipelines, Mounts(APIS.values()), build_other_routes, lambda: sandbox.close())
    sandbox = SandboxApp(root, workspaces, delivery_worker, executor, build_control, lines)
    return sandbox


def _open_workspaces(settings: Settings, apis: Mapping[str, Api], worker: DeliveryWorker, progress: Progress) -> Workspaces:
    """Open the default workspace, and those with webhooks that another process has not sent.

    The error for an invalid fixture names the file.
    """
    workspaces = build_workspaces(settings, apis, worker, progress)
    try:
        store = workspaces.open().store
    except BadDocument as bad:
        raise BadDocument([Problem("", f"{bad} (in {settings.fixture or 'the demo data'})")]) from None
    workspaces.resume_deliveries()
    if store.is_shared:
        worker.check_regularly(workspaces.check_deliveries)
    return workspaces


def _access_rules(settings: Settings, apis: Mapping[str, Api]) -> AccessRules:
    hosts = (settings.host, *settings.allowed_hosts)
    browser_rules = BrowserRules(hosts, settings.cors, open_hosts=settings.admin_token is not None)
    return AccessRules(browser_rules, CreationRules(settings.admin_token, lambda: _open_initial(settings, apis)))


def load_apis() -> dict[str, Api]:
    """Load the specs of all APIs. Raises SpecError for an invalid one."""
    return {name: Api(descriptor, loader.load(name, descriptor.spec)) for name, descriptor in APIS.items()}


def read_settings(flags: Mapping[str, str | None], environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings from flags and variables, with those of all APIs. Raises SettingsError."""
    return read_settings_with(flags, tuple(APIS.values()), environment)


def create() -> ASGIApp:
    """Build the application of one worker process from the environment."""
    settings = read_settings({})
    sandbox = build(settings, open_lines(settings))
    gc_tuning.tune()
    return sandbox.app


def open_lines(settings: Settings) -> "RequestLines | None":
    """Return the writer of a line for each request, unless the settings are quiet."""
    if settings.quiet:
        return None
    from refund_sandbox.server.request_lines import RequestLines, write_to_stdout

    return RequestLines(write_to_stdout, as_json=settings.log_format == "json", color=has_colors() and sys.stdout.isatty())


def build_workspaces(
    settings: Settings, apis: Mapping[str, Api], delivery_worker: DeliveryWorker, progress: Progress | None = None
) -> Workspaces:
    """Open the database, read the fixture, and return the registry that makes workspaces from both."""
    database = open_database(settings.store, RECORD_TYPES, settings.postgresql_connections)
    document = fixtures.read_fixture(settings.fixture or "demo")
    scenarios, schema = fixtures.read_scenarios(api.descriptor for api in apis.values()), Validator(state_schema(APIS))
    targets = FaultTargets(target for api in apis.values() for target in api.fault_targets())
    template = WorkspaceTemplate(database, settings.seed)
    base_settings = settings.workspace.with_defaults({name: api.descriptor.settings for name, api in apis.items()})
    parts, initial = StateParts(apis, base_settings, progress or Progress()), InitialState(document, settings.orders)

    def check(state: Any) -> None:
        check_state(state, schema, apis, scenarios)

    def make(name: str) -> Workspace:
        store = database.open(name)
        journal = _journal(store, settings)
        ids = UniqueIds() if database.is_shared else Ids(settings.seed)
        replacer = StateReplacer(name, store, database, ids, journal, parts, initial, template, check)
        faults = FaultStore(scenarios, targets, ids, store)
        return Workspace(name, store, ids, faults, journal, apis, base_settings, replacer, delivery_worker.schedule)

    return Workspaces(database, make, limit=settings.workspaces, idle=read_duration(settings.workspace_idle))


def _open_initial(settings: Settings, apis: Mapping[str, Api]) -> Workspace:
    """Return a workspace in the initial state, in a memory of its own, for the credentials in it."""
    return build_workspaces(replace(settings, store="memory://", orders=0), apis, DeliveryWorker()).open()


def _journal(store: Store, settings: Settings) -> Journal:
    if store.is_shared:
        return StoredJournal(store, settings.journal_size, settings.journal_bytes, is_stored)
    return MemoryJournal(settings.journal_size, settings.journal_bytes)
