"""Root ASGI application: reads the workspace from the path, and routes the usual paths of both APIs.

Every other path goes to the Starlette application, which is built at the first such request.
"""

from collections.abc import Callable, Mapping
from functools import cached_property

from starlette.types import ASGIApp, Receive, Scope, Send

from refund_sandbox.core.asgi import note_transport
from refund_sandbox.core.context import Reply
from refund_sandbox.core.pipeline import Pipeline
from refund_sandbox.core.workspaces.registry import DEFAULT, NAME, name_in


class RootApp:
    """The application that the server calls, by ASGI or directly with `answer`."""

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
        if scope["type"] == "lifespan":
            return await self._run_lifespan(receive, send)
        if scope["type"] == "http":
            note_transport(scope, send)
            name, scope = enter_workspace(scope)
            if api := find_api(name, scope["path"]):
                return await self._pipelines[api](scope, receive, send)
        return await self._other_routes(scope, receive, send)

    async def _run_lifespan(self, receive: Receive, send: Send) -> None:
        """Confirm the start, for which nothing is left to do, and close the sandbox when the server stops."""
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._close()
        await send({"type": "lifespan.shutdown.complete"})

    def answer(self, scope: Scope, body: bytes) -> Reply | None:
        """Return the reply to a request of an API without ASGI, which costs as much as the reply itself.

        It is None if the request has to wait, or is not for an API. ASGI must answer it then.
        """
        name, scope = enter_workspace(scope)
        api = find_api(name, scope["path"])
        return self._pipelines[api].answer(scope, body) if api else None


def find_api(workspace: str, path: str) -> str | None:
    """Return the name of the API that a path belongs to; None if the other routes must answer it."""
    if workspace != DEFAULT and not NAME.fullmatch(workspace):
        return None
    first, _, rest = path[1:].partition("/")
    if first == "wp-json":
        return "fluentcart"
    return "funnelfox" if (rest == "v1" or rest.startswith("v1/")) and first and not first.startswith("_") else None


def enter_workspace(scope: Scope) -> tuple[str, Scope]:
    """Return the workspace that the path names with /w/{name}, and the scope without this prefix."""
    path = scope["path"]
    if not path.startswith("/w/"):
        return DEFAULT, scope
    name, _, _ = path.removeprefix("/w/").partition("/")
    prefix = f"/w/{name}"
    inner = {**scope, "path": path.removeprefix(prefix) or "/", "root_path": scope.get("root_path", "") + prefix}
    if scope.get("raw_path"):
        inner["raw_path"] = scope["raw_path"].removeprefix(prefix.encode("latin-1", "replace")) or b"/"
    name_in(inner, name)
    return name, inner
