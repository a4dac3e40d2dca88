"""ASGI application for clients that call the sandbox in process, without a socket."""

import sys
from collections.abc import Mapping
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any

from refund_sandbox.testing.sandbox import Sandbox
from refund_sandbox.testing.workspace_client import WorkspaceClient

if TYPE_CHECKING:
    from refund_sandbox.core.context import Reply

    Message = dict[str, Any]

_LIBRARIES = ("httpx2", "httpx")
_HANGS = "a fault of the sandbox sends no reply"


class InProcess:
    """ASGI application of a running sandbox, under asyncio and trio. Faults of the connection become errors of the HTTP client.

    A connection that a fault resets, closes or truncates raises `ReadError` of httpx2 or httpx, which is a
    ConnectionResetError too. A reply that comes later than the client's read timeout raises their `ReadTimeout`, which is a
    TimeoutError too. So does a connection that hangs, at once.

    `sandbox` is the workspace of paths without `/w/{name}`.
    """

    def __init__(self, server: Sandbox, sandbox: WorkspaceClient | None = None) -> None:
        self.sandbox = sandbox or server
        self._server = server

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await _confirm_lifespan(receive, send)
            return
        timeout = _read_timeout(sys._getframe(1).f_locals.get("request"))
        body = await _read_body(receive)
        scope = self._own_scope(scope)
        reply = self._server.answer(scope, body)
        messages = _messages_of(reply, scope) if reply else await self._wait(scope, body, timeout)
        for message in messages:
            await send(message)

    def _own_scope(self, scope: Any) -> dict[str, Any]:
        """Return the scope with the workspace, and marked as a call in process."""
        from refund_sandbox.core.browser_rules import IN_PROCESS  # imported already: the sandbox runs
        from refund_sandbox.core.workspaces.registry import set_name

        own = {**scope, IN_PROCESS: True, "state": {}}
        own["headers"] = tuple(map(tuple, scope.get("headers", ())))
        set_name(own, self.sandbox.client.workspace)
        return own

    async def _wait(self, scope: Any, body: bytes, timeout: float | None) -> "list[Message]":
        """Answer on an event loop of the sandbox, where the request goes on when its client gives up."""
        from anyio import to_thread

        future = self._server.background_loop.submit(_exchange(self._server.app, scope, body))
        try:
            return await to_thread.run_sync(partial(_result, future, timeout), abandon_on_cancel=True)
        except ConnectionResetError as error:
            raise _transport_error("ReadError", ConnectionResetError, str(error)) from None
        except TimeoutError as error:
            raise _transport_error("ReadTimeout", TimeoutError, str(error)) from None


def _result(future: "Future[list[Message]]", timeout: float | None) -> "list[Message]":
    try:
        return future.result(timeout)
    except TimeoutError as error:
        raise TimeoutError(str(error) or f"no reply within {timeout:g} s") from None


async def _exchange(app: Any, scope: Any, body: bytes) -> "list[Message]":
    """Return the messages of a reply."""
    messages: list[dict[str, Any]] = []
    unread = [{"type": "http.request", "body": body}]

    async def receive() -> "Message":
        if unread:
            return unread.pop()
        if not messages:
            raise TimeoutError(_HANGS)
        return {"type": "http.disconnect"}

    async def send(message: "Message") -> None:
        messages.append(message)

    await app(scope, receive, send)
    return messages


async def _read_body(receive: Any) -> bytes:
    chunks: list[bytes] = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


def _messages_of(reply: "Reply", scope: Any) -> "list[Message]":
    from refund_sandbox.core.asgi import content_of, encode_header

    content, length = content_of(scope, reply)
    headers = [encode_header(name, value) for name, value in reply.headers.items()]
    if length is not None:
        headers.append((b"content-length", b"%d" % length))
    start = {"type": "http.response.start", "status": reply.status, "headers": headers}
    return [start, {"type": "http.response.body", "body": content}]


async def _confirm_lifespan(receive: Any, send: Any) -> None:
    """Confirm start and end. The sandbox goes on: it belongs to the test session."""
    for event in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{event}.complete"})


def _read_timeout(request: Any) -> float | None:
    """Return the read timeout of a request of httpx2 or httpx. Their ASGITransport does not apply it."""
    extensions = getattr(request, "extensions", None)
    timeouts = extensions.get("timeout") if isinstance(extensions, Mapping) else None
    timeout = timeouts.get("read") if isinstance(timeouts, Mapping) else None
    return timeout if isinstance(timeout, int | float) else None


def _transport_error(name: str, built_in: type[OSError], reason: str) -> Exception:
    """Return an error that is the built-in one, and the one of each imported HTTP library."""
    bases: tuple[Any, ...] = tuple(getattr(sys.modules[library], name) for library in _LIBRARIES if library in sys.modules)
    error: Exception = type(name, (*bases, built_in), {})(reason)
    return error
