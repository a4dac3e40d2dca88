"""Starlette application for every path that belongs to no API: control API, console, specs, and the root path."""

from collections.abc import Awaitable, Callable, Iterable, Mapping

from msgspec import Struct
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from refund_sandbox.console.static_files import Console
from refund_sandbox.control.browser_guard import BrowserGuard
from refund_sandbox.control.endpoint import Endpoint, problem_reply
from refund_sandbox.control.health import Health
from refund_sandbox.control.routing import ControlApi
from refund_sandbox.control.spec_files import spec_routes
from refund_sandbox.core.api import Api
from refund_sandbox.core.asgi import read_request
from refund_sandbox.core.browser_rules import BrowserRules
from refund_sandbox.core.executor import Executor
from refund_sandbox.core.pipeline import Pipeline
from refund_sandbox.core.spec.served import ServedSpec
from refund_sandbox.core.workspaces.registry import NAME, Workspaces, name_of


class AppParts(Struct, frozen=True):
    """Parts that the application is built from; APIs and pipelines by name."""

    apis: Mapping[str, Api]
    pipelines: Mapping[str, Pipeline]
    workspaces: Workspaces
    executor: Executor
    control: ControlApi
    browser_rules: BrowserRules


def build_starlette_app(parts: AppParts) -> ASGIApp:
    """Build the application of Starlette: the control API, the console and the specs, and then the APIs."""
    served = {name: ServedSpec(api.spec, api.descriptor.mounts[0], api.descriptor.describe) for name, api in parts.apis.items()}
    served["sandbox"] = ServedSpec(parts.control.spec, "/_sandbox")
    console = Console()
    rules = parts.browser_rules
    own = [*_control_routes(parts.control.endpoints.values()), *console.routes()]
    for route in own:
        route.app = BrowserGuard(route.app, rules.with_every_host() if route.path == "/_sandbox/health" else rules)
    routes = [
        *own,
        *spec_routes(served, parts.workspaces, parts.executor),
        *_root_routes(parts, BrowserGuard(console, rules)),
    ]
    return WorkspaceNameCheck(Starlette(routes=routes, exception_handlers={HTTPException: _error_handler(parts.apis)}))


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


def _control_routes(endpoints: Iterable[Endpoint | Health]) -> list[Route]:
    routes = [
        Route(f"/_sandbox{endpoint.operation.path}", endpoint, methods=[endpoint.operation.method]) for endpoint in endpoints
    ]
    return [*routes, Route("/_sandbox/{rest:path}", _no_control, methods=list(_METHODS))]


def _root_routes(parts: AppParts, console: ASGIApp) -> list[BaseRoute]:
    """Return the root path: the console, and the requests to it that belong to an API."""
    queries = {api.descriptor.root_query: parts.pipelines[name] for name, api in parts.apis.items() if api.descriptor.root_query}
    links = {relation: path for api in parts.apis.values() for relation, path in api.descriptor.root_links.items()}
    return [Route(path, RootPath(queries, links, console)) for path in ("/", "/index.php")]


class RootPath:
    """Dispatcher of the root path: the console, or an API if the query has its parameter, such as `/?rest_route=…`.

    The reply of the console has the `links` of the APIs, by which their clients discover them.
    """

    def __init__(self, queries: Mapping[str, ASGIApp], links: Mapping[str, str], console: ASGIApp) -> None:
        self._queries = queries
        self._links = links
        self._console = console

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for name, api in self._queries.items():
            if f"{name}=".encode() in scope["query_string"]:
                return await api(scope, receive, send)
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        return await self._console(scope, receive, self._with_links(scope, send))

    def _with_links(self, scope: Scope, send: Send) -> Send:
        """Return a function that sends a reply with the header `Link`."""
        base = read_request(scope, b"").base_url
        links = [(b"link", f'<{base}{path}>; rel="{relation}"'.encode("latin-1")) for relation, path in self._links.items()]

        async def send_with_links(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *links]}
            await send(message)

        return send_with_links


_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def _no_control(request: Request) -> Response:
    return problem_reply(404, f"No route for {request.method} {request.url.path}. See /specs/sandbox.yaml.")


def _error_handler(apis: Mapping[str, Api]) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Return the handler of unknown paths and methods."""
    mounts = [f"{api.descriptor.title}: {api.descriptor.mounts[0]}/…" for api in apis.values()]
    paths = ", ".join([*mounts, "control API: /_sandbox/…"])

    async def reply(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 405:
            return problem_reply(405, f"Method {request.method} is not allowed for {request.url.path}.", headers=error.headers)
        return problem_reply(404, f"No route for {request.method} {request.url.path}. {paths}")

    return reply
