"""Everything but the two APIs' usual paths: control API, console, specs and the odd ways to the APIs, as one application."""

from collections.abc import Iterable, Mapping

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
from refund_sandbox.frozen import frozen
from refund_sandbox.settings import Settings


@frozen
class AppParts:
    """What the application stands on; specs and pipelines by the names of their APIs."""

    specs: Mapping[str, Spec]
    pipelines: Mapping[str, Pipeline]
    workspaces: Workspaces
    executor: Executor
    delivery_worker: DeliveryWorker


def build_starlette_app(settings: Settings, parts: AppParts) -> ASGIApp:
    """The application. Raises SpecError for the control API's spec if it can't be used."""
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
    """Refuses names that no workspace can have."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = name_of(scope)
        if scope["type"] == "http" and not NAME.fullmatch(name):
            said = problem_reply(404, f"A workspace is called by letters, digits, dots and dashes, not {name!r}.")
            return await said(scope, receive, send)
        return await self._app(scope, receive, send)


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
        *[Route(path, RootPath(wordpress, console)) for path in ("/", "/index.php")],
        Route("/{org_id}/billing/{again}/v1/{rest:path}", pipelines["funnelfox"]),
    ]


class RootPath:
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
    return problem_reply(404, f"There is no {request.method} {request.url.path}; see /specs/sandbox.yaml.")


async def _http_error(request: Request, error: Exception) -> Response:
    """What no route answered."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return problem_reply(405, f"{request.method} is not allowed here.", headers=error.headers)
    paths = "/{org_id}/v1/… is FunnelFox, /wp-json/fluent-cart/v2/… is FluentCart, /_sandbox/… is the control API"
    return problem_reply(404, f"There is nothing at {request.url.path}: {paths}.")
