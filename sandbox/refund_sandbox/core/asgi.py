"""ASGI: reading a Request, sending a Reply, and the connection faults."""

import asyncio
import re
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import quote

from starlette.types import Receive, Scope, Send

from refund_sandbox.core.context import Reply, Request

T = TypeVar("T")
_MAX_DISCARDED_BYTES = 64 * 1024 * 1024
"""Size up to which an oversized body is read and discarded."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HOST = re.compile(r"[A-Za-z0-9._~-]+(?::[0-9]+)?|\[[0-9A-Fa-f:.]+\](?::[0-9]+)?")
_TRANSPORT = "refund_sandbox.transport"
_STOP = "refund_sandbox.stop"
_IS_STOPPED = "refund_sandbox.is_stopped"
NO_BODY_STATUSES = frozenset((204, 304))
"""Statuses without a body and a length. 205 has no body either, but a length of 0."""
_NO_LINGER = struct.pack("ii", 1, 0)
"""Value of SO_LINGER with a time of 0: closing the socket then resets the connection."""

Fields = tuple[tuple[bytes, bytes], ...]
"""Headers as in an ASGI scope, as a hashable tuple."""


class Disconnected(Exception):
    """The client disconnected before its request was complete."""


def note_transport(scope: Scope, send: Send) -> None:
    """Save the transport of a request before middleware wraps `send`. In process there is none."""
    scope.setdefault(_TRANSPORT, getattr(getattr(send, "__self__", None), "transport", None))


def hang_up(scope: Scope) -> None:
    """Close the connection of a request without a reply. In process, there is none."""
    transport = scope.get(_TRANSPORT)
    if transport is not None:
        transport.close()


def is_gone(scope: Scope) -> bool:
    """Whether the client has closed the connection of a request. In process, this is not known."""
    transport = scope.get(_TRANSPORT)
    return transport is not None and transport.is_closing()


def when_stopped(scope: Scope, end: Callable[[], object]) -> None:
    """Register a callback that ends a request without an end of its own when the server stops.

    It is called at once if the server is stopping already.
    """
    state = scope.setdefault("state", {})
    if state.get(_IS_STOPPED):
        end()
    else:
        state[_STOP] = end


def stop(scope: Mapping[str, Any]) -> None:
    """Call the callback of `when_stopped`, now or when it is registered: the server is stopping."""
    scope["state"][_IS_STOPPED] = True
    end = scope["state"].get(_STOP)
    if end:
        end()


def read_request(scope: Scope, body: bytes | None) -> Request:
    """Return the request of an ASGI scope. A body of None was too large to be read."""
    fields = scope["headers"]
    headers, host = _read_headers(fields if isinstance(fields, tuple) else tuple(map(tuple, fields)))
    path = scope.get("raw_path")
    return Request(
        method=scope["method"],
        path=path.partition(b"?")[0].decode("latin-1") if path else quote(scope["path"]),
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        body=body or b"",
        base_url=f"{scope.get('scheme', 'http')}://{host}{quote(scope.get('root_path', ''))}",
        oversized=body is None,
    )


@lru_cache(64)  # a client repeats its headers, and the journal shares them
def _read_headers(sent: Fields) -> tuple[Mapping[str, str], str]:
    """Return the headers with names in lower case, and the host. An invalid host is replaced, since URLs are built from it."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in sent}
    host = headers.get("host", "")
    return headers, host if _HOST.fullmatch(host) else "127.0.0.1"


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes | None:
    """Return the request's body, or None if it is larger than the limit. Raise Disconnected if the client disconnects before.

    An oversized body is read to its end and discarded, so that the client can read the reply.
    A body whose declared length exceeds _MAX_DISCARDED_BYTES is not read at all.
    """
    most = max(limit, _MAX_DISCARDED_BYTES)
    if _declared_length(scope) > most:
        return None
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        if not message.get("more_body", False) or size > most:
            return b"".join(chunks) if size <= limit else None


def _declared_length(scope: Scope) -> int:
    """Return the content length by its header, or 0 if there is none."""
    for name, length in scope["headers"]:
        if name == b"content-length":
            return int(length) if length.isdigit() and len(length) < 20 else 0
    return 0


async def send_reply(scope: Scope, receive: Receive, send: Send, reply: Reply) -> None:
    """Send a reply, or do to the connection what `reply.connection` says. HEAD gets headers only.

    Raise ConnectionResetError for a lost reply if there is no socket, as in process.
    """
    if reply.connection == "hang":
        when_stopped(scope, lambda: _hang_up(scope.get(_TRANSPORT), reset=False))
        await _until_gone(receive)
        return
    content, length = content_of(scope, reply)
    if reply.connection in (None, "truncate"):
        headers = [encode_header(name, value) for name, value in reply.headers.items()]
        if length is not None:
            headers.append((b"content-length", b"%d" % length))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if reply.connection is None:
        await send({"type": "http.response.body", "body": content})
        return
    if reply.connection == "truncate":
        await send({"type": "http.response.body", "body": content[: len(content) // 2], "more_body": True})
    _hang_up(scope.get(_TRANSPORT), reset=reply.connection == "reset")
    await _until_gone(receive)


def content_of(scope: Scope, reply: Reply) -> tuple[bytes, int | None]:
    """Return the body of a reply in bytes, and its Content-Length; None for statuses without a body.

    A reply to HEAD has no body and the length of the body that GET gets.
    """
    if reply.status in NO_BODY_STATUSES:
        return b"", None
    content = b"" if reply.status == HTTPStatus.RESET_CONTENT else reply.to_bytes()
    return b"" if scope["method"] == "HEAD" else content, len(content)


async def wait_unless_stopped(scope: Scope, receive: Receive, waiting: Awaitable[T]) -> T:
    """Wait for something that may take long. If the server stops before, close the connection and raise Disconnected."""
    task = asyncio.ensure_future(waiting)
    is_stopped = False

    def end() -> None:
        nonlocal is_stopped
        is_stopped = task.cancel()

    when_stopped(scope, end)
    try:
        return await task
    except asyncio.CancelledError:
        task.cancel()
        if not is_stopped:
            raise
        _hang_up(scope.get(_TRANSPORT), reset=False)
        await _until_gone(receive)
        raise Disconnected from None
    finally:
        when_stopped(scope, lambda: None)


async def close_cancelled(scope: Scope, receive: Receive) -> bool:
    """Close the connection of a request that the stopping server has cancelled.

    Return False in process, where the client has cancelled it.
    """
    transport = scope.get(_TRANSPORT)
    if transport is None:
        return False
    _hang_up(transport, reset=False)
    try:
        await _until_gone(receive)
    except asyncio.CancelledError:  # the event loop ends, and cancels what has not ended
        transport.abort()
        await _until_gone(receive)
    return True


async def _until_gone(receive: Receive) -> None:
    """Return when the client or the stopping server has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _hang_up(transport: Any, *, reset: bool) -> None:
    if transport is None:
        raise ConnectionResetError("an injected fault lost this reply")
    if reset:
        if not transport.is_closing():  # the client may have gone, and its socket with it
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        transport.abort()
    else:
        transport.close()


@lru_cache(128)  # most headers repeat
def encode_header(name: str, value: str) -> tuple[bytes, bytes]:
    """Return a header in bytes. Control characters become blanks: a line break would start another header."""
    return name.lower().encode("latin-1"), _CONTROL.sub(" ", value).encode("latin-1", "replace")
