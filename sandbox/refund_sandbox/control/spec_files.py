"""The specs at `/specs/{api}.yaml` and `.json`."""

from collections.abc import Callable, Mapping
from typing import Any

from anyio import to_thread
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from refund_sandbox.control.endpoint import problem_reply
from refund_sandbox.core.errors import AccessRefused
from refund_sandbox.core.executor import Executor
from refund_sandbox.core.spec.served import ServedSpec
from refund_sandbox.core.workspaces.registry import Workspaces, name_of
from refund_sandbox.stores.protocol import StoreError
from refund_sandbox.workspace_settings import WorkspaceSettings

_FORMATS: Mapping[str, tuple[str, Callable[[ServedSpec, Any, str], str]]] = {
    "yaml": ("application/yaml", ServedSpec.to_yaml),
    "json": ("application/json", ServedSpec.to_json),
}
"""Media type and writer by the ending of the path."""


def spec_routes(specs: Mapping[str, ServedSpec], workspaces: Workspaces, executor: Executor) -> list[Route]:
    """Return the routes of all specs by their names."""
    return [_route(name, ending, spec, workspaces, executor) for name, spec in specs.items() for ending in _FORMATS]


def _route(name: str, ending: str, spec: ServedSpec, workspaces: Workspaces, executor: Executor) -> Route:
    media_type, write = _FORMATS[ending]

    async def reply(request: Request) -> Response:
        try:
            settings = await executor.run_in_thread_of_control(lambda: _settings_of(workspaces, name_of(request.scope)))
        except StoreError as error:
            return problem_reply(503, f"The database is not available: {error}", headers={"Retry-After": "1"})
        text = await to_thread.run_sync(write, spec, settings.apis.get(name), str(request.base_url).rstrip("/"))
        return Response(text, media_type=media_type, headers={"Cache-Control": "no-cache"})

    return Route(f"/specs/{name}.{ending}", reply, methods=["GET"], middleware=[Middleware(GZipMiddleware)])


def _settings_of(workspaces: Workspaces, name: str) -> WorkspaceSettings:
    """Return the settings of a workspace. One that does not exist is not created: it would have those of the start."""
    try:
        return workspaces.open(name, _refuse).settings()
    except AccessRefused:
        return workspaces.open().base_settings


def _refuse() -> None:
    raise AccessRefused(403, "A spec creates no workspace.")
