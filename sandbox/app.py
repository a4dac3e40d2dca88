"""Puts everything together: specs, stores, services, APIs and routes become one ASGI application."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.control import Control, problem
from sandbox.engine import fixtures, resources, spec
from sandbox.engine.api import Api, Services
from sandbox.engine.clock import Clock
from sandbox.engine.errors import BadDocument, SandboxError
from sandbox.engine.faults import FAULTS, Faults
from sandbox.engine.ids import Ids, UniqueIds
from sandbox.engine.journal import ENTRIES, MemoryJournal, StoredJournal
from sandbox.engine.pipeline import Pipeline
from sandbox.engine.runner import Runner
from sandbox.engine.schedule import TASKS
from sandbox.engine.validation import Validator
from sandbox.engine.webhooks import DELIVERIES
from sandbox.engine.workspace import WORLDS, Workspace, state_schema
from sandbox.fluentcart.api import FluentCart
from sandbox.funnelfox.api import FunnelFox
from sandbox.settings import Settings, read_settings
from sandbox.stores import Kind, Store
from sandbox.stores.memory import MemoryStore

APIS: Mapping[str, type[Api]] = {"funnelfox": FunnelFox, "fluentcart": FluentCart}
KINDS: tuple[Kind[Any], ...] = (
    WORLDS,
    FAULTS,
    TASKS,
    DELIVERIES,
    ENTRIES,
    *(kind for api in APIS.values() for kind in api.kinds),
)
"""Every kind of record that a store keeps."""


@dataclass(frozen=True)
class Sandbox:
    """A sandbox that is ready to answer: the ASGI application and the world behind it."""

    app: ASGIApp
    workspace: Workspace

    def close(self) -> None:
        """Writes what is not written yet and lets go of the store."""
        self.workspace.close()


def build(settings: Settings | None = None) -> Sandbox:
    """A sandbox. Raises SpecError for a spec and BadDocument for a fixture that can't be used."""
    settings = settings or Settings()
    specs = {name: spec.load(name) for name in (*APIS, "sandbox")}
    workspace = _workspace("default", settings, specs)
    workspace.start()
    runner = Runner(workspace.services.store)
    routes = [
        *_control_routes(Control(specs["sandbox"], workspace, runner, settings.admin_token)),
        *[Route(f"/specs/{name}.yaml", _text(source.text)) for name, source in specs.items()],
        *_api_routes(workspace, runner, settings),
    ]
    return Sandbox(
        Starlette(routes=routes, exception_handlers={HTTPException: _http_error}, lifespan=_closing(workspace)), workspace
    )


def create() -> ASGIApp:
    """The application of one worker of several, built from the environment."""
    return build(read_settings({})).app


def _closing(workspace: Workspace) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    """What the server does around its run: it closes the workspace when it stops."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        workspace.close()

    return lifespan


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
        _workspace("check", Settings(fixture=path), specs).reset()
    except BadDocument as bad:
        return [f"{problem.pointer or '/'}: {problem.reason}" for problem in bad.problems]
    return []


def _workspace(name: str, settings: Settings, specs: Mapping[str, spec.Spec]) -> Workspace:
    store = _open_store(settings)
    ids = UniqueIds() if store.shared else Ids(settings.seed)
    services = Services(
        store=store,
        clock=Clock(),
        ids=ids,
        faults=Faults(fixtures.read_catalogue(), ids, store),
        settings=settings.world,
    )
    document = fixtures.read_fixture(settings.fixture or "demo")
    return Workspace(
        name=name,
        services=services,
        journal=StoredJournal(store, settings.journal_size) if store.shared else MemoryJournal(settings.journal_size),
        apis={api: kind(specs[api], services) for api, kind in APIS.items()},
        initial=lambda seed: fixtures.with_invented(document, APIS, settings.orders, seed),
        base_settings=settings.world,
        seed=settings.seed,
        state=Validator(state_schema(APIS)),
    )


def _open_store(settings: Settings) -> Store:
    """The store that a URL names. Raises StoreError for a database that can't be used."""
    if settings.store == "memory://":
        return MemoryStore()
    from sandbox.stores.sql.store import SqlStore  # a database's library is only paid for when one is used

    return SqlStore(settings.store, KINDS)


def _control_routes(control: Control) -> list[BaseRoute]:
    routes: list[BaseRoute] = [
        Route(f"/_sandbox{endpoint.operation.path}", endpoint, methods=[endpoint.operation.method])
        for endpoint in control.endpoints
    ]
    return [*routes, Route("/_sandbox/{rest:path}", _no_control, methods=list(_METHODS))]


def _api_routes(workspace: Workspace, runner: Runner, settings: Settings) -> list[BaseRoute]:
    """FunnelFox's path is greedy at the root, so it comes last."""

    def pipeline(name: str) -> Pipeline:
        api = workspace.apis[name]
        return Pipeline(workspace, api, runner, max_body=settings.max_body, check_replies=settings.check_replies)

    funnelfox, wordpress = pipeline("funnelfox"), pipeline("fluentcart")
    return [
        *[Route(path, wordpress) for path in ("/wp-json", "/wp-json/{rest:path}", "/index.php/wp-json/{rest:path}")],
        *[Route(path, _Root(wordpress)) for path in ("/", "/index.php")],
        *[Route(path, funnelfox) for path in ("/{org_id}/v1", "/{org_id}/v1/{rest:path}")],
    ]


class _Root:
    """`/?rest_route=…` is WordPress; the root alone says where things are."""

    def __init__(self, wordpress: ASGIApp) -> None:
        self._wordpress = wordpress

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._wordpress if b"rest_route=" in scope["query_string"] else _text(_WELCOME)
        await app(scope, receive, send)


_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_WELCOME = """\
refund-sandbox

FunnelFox Billing   POST /{org_id}/v1/payment/refund
FluentCart          POST /wp-json/fluent-cart/v2/orders/{order_id}/refund
Control             GET  /_sandbox/health, /_sandbox/state, /_sandbox/requests
Specs               GET  /specs/funnelfox.yaml, /specs/fluentcart.yaml, /specs/sandbox.yaml
"""


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
