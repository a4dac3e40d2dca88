"""Starlette application for every path but the usual ones of both APIs: control API, console, specs, other paths of the APIs."""

from collections.abc import Iterable, Mapping

from msgspec import Struct
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from refund_sandbox.console.static_files import Console
from refund_sandbox.control.browser_guard import BrowserGuard
from refund_sandbox.control.endpoint import ControlContext, Endpoint, problem_reply
from refund_sandbox.control.routing import endpoints
from refund_sandbox.core.executor import Executor
from refund_sandbox.core.pipeline import Pipeline
from refund_sandbox.core.spec import loader
from refund_sandbox.core.spec.router import Spec
from refund_sandbox.core.webhooks.delivery import DeliveryWorker
from refund_sandbox.core.workspaces.registry import NAME, Workspaces, name_of
from refund_sandbox.settings import Settings


class AppParts(Struct, frozen=True):
    """Parts that the application is built from; specs and pipelines by the name of their API."""

    specs: Mapping[str, Spec]
    pipelines: Mapping[str, Pipeline]
    workspaces: Workspaces
    executor: Executor
    delivery_worker: DeliveryWorker


def build_starlette_app(settings: Settings, parts: AppParts) -> ASGIApp:
    """Build the application. Raises SpecError if the spec of the control API is invalid."""
    specs = {**parts.specs, "sandbox": loader.load("sandbox")}
    context = ControlContext(parts.workspaces, parts.executor, settings.admin_token)
    console = Console(specs)
    names = (settings.host, *settings.allowed_hosts) if settings.admin_token is None else None
    own = [*_control_routes(endpoints(specs["sandbox"], context, parts.delivery_worker)), *console.routes()]
    for route in own:
        route.app = BrowserGuard(route.app, names)
    routes = [
        *own,
        *[Route(f"/specs/{name}.yaml", _text(source.text)) for name, source in specs.items()],
        *_api_routes(parts.pipelines, BrowserGuard(console, names)),
    ]
    return WorkspaceNameCheck(Starlette(routes=routes, exception_handlers={HTTPException: _http_error}))


class WorkspaceNameCheck:
    """Middleware that refuses invalid workspace names."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = name_of(scope)
        if scope["type"] == "http" and not NAME.fullmatch(name):
            detail = f"Invalid workspace name {name!r} (letters, digits, '.', '_', '-'; at most 64)."
            return await problem_reply(404, detail)(scope, receive, send)
        return await self._app(scope, receive, send)


def _control_routes(endpoints: Iterable[Endpoint]) -> list[Route]:
    routes = [
        Route(f"/_sandbox{endpoint.operation.path}", endpoint, methods=[endpoint.operation.method]) for endpoint in endpoints
    ]
    return [*routes, Route("/_sandbox/{rest:path}", _no_control, methods=list(_METHODS))]


def _api_routes(pipelines: Mapping[str, Pipeline], console: ASGIApp) -> list[BaseRoute]:
    """Return the other paths of the APIs: WordPress without pretty URLs, and one that FunnelFox's browser SDK repeats."""
    wordpress = pipelines["fluentcart"]
    return [
        Route("/index.php/wp-json/{rest:path}", wordpress),
        *[Route(path, RootPath(wordpress, console)) for path in ("/", "/index.php")],
        Route("/{org_id}/billing/{again}/v1/{rest:path}", pipelines["funnelfox"]),
    ]


class RootPath:
    """Dispatcher of the root path: `/?rest_route=…` is WordPress, `/` is the console."""

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
    return problem_reply(404, f"No route for {request.method} {request.url.path}. See /specs/sandbox.yaml.")


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return problem_reply(405, f"Method {request.method} is not allowed for {request.url.path}.", headers=error.headers)
    paths = "FunnelFox: /{org_id}/v1/…, FluentCart: /wp-json/fluent-cart/v2/…, control API: /_sandbox/…"
    return problem_reply(404, f"No route for {request.method} {request.url.path}. {paths}")
