"""Root ASGI application: reads the workspace from the path, and routes the paths of the APIs.

Every other path goes to the Starlette application, which is built at the first such request.
"""

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from urllib.parse import quote

from starlette.types import ASGIApp, Receive, Scope, Send

from refund_sandbox.core.api import ApiDescriptor
from refund_sandbox.core.asgi import close_cancelled, note_transport, send_reply
from refund_sandbox.core.context import Reply
from refund_sandbox.core.own_pages import Clicks, close_after_reply, is_from_own_page
from refund_sandbox.core.pipeline import Pipeline
from refund_sandbox.core.workspaces.registry import DEFAULT, NAME, set_name


class RootApp:
    """The application that the server calls, by ASGI or directly with `answer`."""

    def __init__(
        self,
        pipelines: Mapping[str, Pipeline],
        mounts: "Mounts",
        build_other_routes: Callable[[], ASGIApp],
        close: Callable[[], None],
    ) -> None:
        self._pipelines = pipelines
        self._mounts = mounts
        self._build_other_routes = build_other_routes
        self._close = close
        self._clicks = Clicks()

    @cached_property
    def _other_routes(self) -> ASGIApp:
        return self._build_other_routes()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self._run_lifespan(receive, send)
        if scope["type"] != "http":
            return await self._other_routes(scope, receive, send)
        note_transport(scope, send)
        try:
            return await self._answer_http(scope, receive, send)
        except asyncio.CancelledError:
            if not await close_cancelled(scope, receive):
                raise

    async def _answer_http(self, scope: Scope, receive: Receive, send: Send) -> None:
        if is_from_own_page(scope):
            send = close_after_reply(send)
            if self._clicks.is_repeated(scope):
                return await send_reply(scope, receive, send, Reply(None, connection="close"))
        name, scope = enter_workspace(scope)
        if api := self._mounts.find_api(name, scope["path"]):
            return await self._pipelines[api](scope, receive, send)
        return await self._other_routes(for_starlette(scope), receive, send)

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
        api = self._mounts.find_api(name, scope["path"])
        return self._pipelines[api].answer(scope, body) if api else None


class Mounts:
    """Path prefixes of the APIs. A fixed prefix comes before one with a placeholder, which may match the same paths."""

    def __init__(self, apis: Iterable[ApiDescriptor]) -> None:
        fixed_first = sorted(apis, key=lambda api: "{" in api.mounts[0])
        alternatives = [f"(?P<{api.name}>{'|'.join(map(_expression, api.mounts))})" for api in fixed_first]
        self._pattern = re.compile(f"(?:{'|'.join(alternatives)})(?=/|$)")

    def find_api(self, workspace: str, path: str) -> str | None:
        """Return the name of the API that a path belongs to; None if the other routes must answer it."""
        if workspace != DEFAULT and not NAME.fullmatch(workspace):
            return None
        match = self._pattern.match(path)
        return match.lastgroup if match else None


def _expression(mount: str) -> str:
    """Return the regular expression of a path prefix."""
    return "".join("[^/_][^/]*" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{\w+\})", mount))


def enter_workspace(scope: Scope) -> tuple[str, Scope]:
    """Return the workspace that the path names with /w/{name}, and the scope with the path in it.

    The prefix goes from `path` to `root_path`. Under a mount, `path` also begins with `root_path`, as ASGI demands.
    """
    root, path = scope.get("root_path", ""), scope["path"]
    prefix = root if root and f"{path}/".startswith(f"{root}/") else ""
    path = path[len(prefix) :]
    name = DEFAULT
    if path.startswith("/w/"):
        name = path.removeprefix("/w/").partition("/")[0]
        root, prefix, path = f"{root.rstrip('/')}/w/{name}", f"{prefix}/w/{name}", path.removeprefix(f"/w/{name}")
    elif not prefix:
        return name, scope
    raw_path, raw_prefix = scope.get("raw_path") or b"", quote(prefix).encode("ascii")
    raw_path = raw_path.removeprefix(raw_prefix) if raw_path.startswith(raw_prefix) else quote(path).encode("ascii")
    inner = {**scope, "path": path or "/", "raw_path": raw_path or b"/", "root_path": root.rstrip("/")}
    if prefix.endswith(f"/w/{name}"):
        set_name(inner, name)
    return name, inner


def for_starlette(scope: Scope) -> Scope:
    """Return the scope with `root_path` in `path`, and without what an outer application of Starlette has left."""
    root = scope.get("root_path", "")
    return {**scope, "path": root + scope["path"], "app_root_path": quote(root), "path_params": {}} if root else scope
