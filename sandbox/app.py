"""Puts everything together: specs, stores, services, APIs and routes become one ASGI application."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox import collector
from sandbox.console.pages import Console
from sandbox.control.browsers import BrowserGuard
from sandbox.control.control import endpoints
from sandbox.control.endpoint import Endpoint, Gate, problem
from sandbox.engine import fixtures, resources, spec, webhooks
from sandbox.engine.api import Api, Services
from sandbox.engine.clock import Clock, read_duration
from sandbox.engine.errors import BadDocument, SandboxError
from sandbox.engine.faults import FAULTS, Faults
from sandbox.engine.http import note_transport
from sandbox.engine.ids import Ids, UniqueIds
from sandbox.engine.journal import ENTRIES, Journal, MemoryJournal, StoredJournal
from sandbox.engine.messages import Reply
from sandbox.engine.pipeline import Pipeline
from sandbox.engine.prepared import Prepared
from sandbox.engine.runner import Runner
from sandbox.engine.schedule import TASKS
from sandbox.engine.sender import Sender
from sandbox.engine.validation import Validator
from sandbox.engine.workspace import Workspace, state_schema
from sandbox.engine.workspaces import DEFAULT, NAME, Workspaces, name_in
from sandbox.engine.world import WORLDS
from sandbox.fluentcart.api import FluentCart
from sandbox.funnelfox.api import FunnelFox
from sandbox.record import record
from sandbox.settings import Settings, read_settings
from sandbox.stores import Database, Kind, Store
from sandbox.stores.memory import MemoryDatabase

APIS: Mapping[str, type[Api]] = {"funnelfox": FunnelFox, "fluentcart": FluentCart}
KINDS: tuple[Kind[Any], ...] = (
    *(WORLDS, FAULTS, TASKS, ENTRIES, *webhooks.KINDS),
    *(kind for api in APIS.values() for kind in api.kinds),
)
"""Every kind of record that a store keeps."""


@record
class Sandbox:
    """A sandbox that is ready to answer: the ASGI application and the worlds behind it."""

    app: ASGIApp
    workspaces: Workspaces
    sender: Sender

    @property
    def workspace(self) -> Workspace:
        """The world of whoever names no other."""
        return self.workspaces.open()

    def close(self) -> None:
        """Writes what is not written yet and lets go of the database."""
        self.sender.close()
        self.workspaces.close()


def build(settings: Settings | None = None) -> Sandbox:
    """A sandbox. Raises SpecError for a spec and BadDocument for a fixture that can't be used."""
    settings = settings or Settings()
    specs = {name: spec.load(name) for name in (*APIS, "sandbox")}
    sender = Sender()
    workspaces = _workspaces(settings, specs, sender)
    runner = Runner(workspaces.open().services.store)
    gate = Gate(workspaces, runner, settings.admin_token)
    checked, most = settings.check_replies, settings.max_body
    pipelines = {name: Pipeline(name, workspaces, runner, max_body=most, check_replies=checked) for name in APIS}
    console = Console(specs)
    names = (settings.host, *settings.allowed_hosts) if settings.admin_token is None else None
    own = [*_control_routes(endpoints(specs["sandbox"], gate, sender)), *console.routes()]
    for route in own:
        route.app = BrowserGuard(route.app, names)
    routes = [
        *own,
        *[Route(f"/specs/{name}.yaml", _text(source.text)) for name, source in specs.items()],
        *_api_routes(pipelines, BrowserGuard(console, names)),
    ]
    sandbox = Sandbox(_Entrance(pipelines, routes, lambda: sandbox.close()), workspaces, sender)
    return sandbox


def create() -> ASGIApp:
    """The application of one worker of several, built from the environment."""
    sandbox = build(read_settings({}))
    collector.spare()
    return sandbox.app


class _Entrance:
    """Everything comes in here: the workspace is read off the path, and the two APIs' usual paths need no other router."""

    def __init__(self, pipelines: Mapping[str, Pipeline], routes: list[BaseRoute], close: Callable[[], None]) -> None:
        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            yield
            close()

        self._pipelines = pipelines
        self._app = Starlette(routes=routes, exception_handlers={HTTPException: _http_error}, lifespan=lifespan)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http":
            note_transport(scope, send)
            name, scope = _enter(scope)
            if not NAME.fullmatch(name):
                said = problem(404, f"A workspace is called by letters, digits, dots and dashes, not {name!r}.")
                return await said(scope, receive, send)
            api = _api_of(scope["path"])
            if api:
                return await self._pipelines[api](scope, receive, send)
        return await self._app(scope, receive, send)

    def at_once(self, scope: Scope, body: bytes) -> Reply | None:
        """The answer to a call of an API, without the ways of ASGI, which cost as much as the answer itself.

        None where the call has to wait, or is none of an API: ASGI is to answer then.
        """
        name, scope = _enter(scope)
        api = _api_of(scope["path"]) if name == DEFAULT or NAME.fullmatch(name) else None
        return self._pipelines[api].at_once(scope, body) if api else None


def _api_of(path: str) -> str | None:
    """The API whose base URL a path is below, None where the routes must find out."""
    first, _, rest = path[1:].partition("/")
    if first == "wp-json":
        return "fluentcart"
    return "funnelfox" if (rest == "v1" or rest.startswith("v1/")) and first and not first.startswith("_") else None


def _enter(scope: Scope) -> tuple[str, Scope]:
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
    specs: dict[str, spec.Spec] = {}
    for name in (*APIS, "sandbox"):
        try:
            specs[name] = spec.load(name)
            yield f"specs/{name}.yaml", []
        except SandboxError as error:
            yield f"specs/{name}.yaml", [str(error)]
    if len(specs) <= len(APIS):
        return
    shipped = [resources.path_of("fixtures", f"{name}.yaml") for name in fixtures.SHIPPED]
    for path in (*shipped, *files):
        yield str(path) if path not in shipped else f"fixtures/{path.name}", _lint_fixture(path, specs)


def _lint_fixture(path: Path, specs: Mapping[str, spec.Spec]) -> list[str]:
    try:
        _workspaces(Settings(fixture=path), specs, Sender()).open()
    except BadDocument as bad:
        return [f"{problem.pointer or '/'}: {problem.reason}" for problem in bad.problems]
    return []


def _workspaces(settings: Settings, specs: Mapping[str, spec.Spec], sender: Sender) -> Workspaces:
    database = _open_database(settings)
    document = fixtures.read_fixture(settings.fixture or "demo")
    catalogue, state = fixtures.read_catalogue(), Validator(state_schema(APIS))
    prepared = Prepared(database, settings.seed)

    def make(name: str) -> Workspace:
        store = database.open(name)
        ids = UniqueIds() if database.shared else Ids(settings.seed)
        services = Services(store, Clock(), ids, Faults(catalogue, ids, store), settings.world, settings.max_depth)
        return Workspace(
            name=name,
            services=services,
            journal=_journal(store, settings),
            apis={api: kind(specs[api], services) for api, kind in APIS.items()},
            initial=lambda seed: fixtures.with_invented(document, APIS, settings.orders, seed),
            base_settings=settings.world,
            prepared=prepared,
            state=state,
            database=database,
            wake=sender.look_at,
        )

    return Workspaces(database, make, limit=settings.workspaces, idle=read_duration(settings.workspace_idle))


def _journal(store: Store, settings: Settings) -> Journal:
    if store.shared:
        return StoredJournal(store, settings.journal_size)
    return MemoryJournal(settings.journal_size, settings.journal_bytes)


def _open_database(settings: Settings) -> Database:
    """The database that a URL names. Raises StoreError for one that can't be used."""
    if settings.store == "memory://":
        return MemoryDatabase()
    from sandbox.stores.sql.store import SqlDatabase  # a database's library is only paid for when one is used

    return SqlDatabase(settings.store, KINDS)


def _control_routes(endpoints: Iterable[Endpoint]) -> list[Route]:
    routes = [
        Route(f"/_sandbox{endpoint.operation.path}", endpoint, methods=[endpoint.operation.method]) for endpoint in endpoints
    ]
    return [*routes, Route("/_sandbox/{rest:path}", _no_control, methods=list(_METHODS))]


def _api_routes(pipelines: Mapping[str, Pipeline], console: ASGIApp) -> list[BaseRoute]:
    """The APIs' other paths: WordPress without pretty URLs, and one that FunnelFox's browser SDK writes twice."""
    wordpress = pipelines["fluentcart"]
    return [
        Route("/index.php/wp-json/{rest:path}", wordpress),
        *[Route(path, _Root(wordpress, console)) for path in ("/", "/index.php")],
        Route("/{org_id}/billing/{again}/v1/{rest:path}", pipelines["funnelfox"]),
    ]


class _Root:
    """`/?rest_route=…` is WordPress; the root alone is the console."""

    def __init__(self, wordpress: ASGIApp, console: ASGIApp) -> None:
        self._wordpress = wordpress
        self._console = console

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if b"rest_route=" in scope["query_string"]:
            return await self._wordpress(scope, receive, send)
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        return await self._console(scope, receive, send)


_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def _text(text: str) -> Response:
    return Response(text, media_type="text/plain")


def _no_control(request: Request) -> Response:
    return problem(404, f"There is no {request.method} {request.url.path}; see /specs/sandbox.yaml.")


async def _http_error(request: Request, error: Exception) -> Response:
    """What no route answered."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return problem(405, f"{request.method} is not allowed here.", headers=error.headers)
    paths = "/{org_id}/v1/… is FunnelFox, /wp-json/fluent-cart/v2/… is FluentCart, /_sandbox/… is the control API"
    return problem(404, f"There is nothing at {request.url.path}: {paths}.")
