"""ASGI at its edges: reads a call from it, and sends a reply to it, or does to the socket what a fault says."""

import re
import socket
import struct
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from starlette.types import Receive, Scope, Send

from refund_sandbox.core.context import Context, Reply

_DRAIN = 64 * 1024 * 1024
"""Bytes of a body beyond the limit that are read and thrown away."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HOST = re.compile(r"[A-Za-z0-9._~-]+(?::[0-9]+)?|\[[0-9A-Fa-f:.]+\](?::[0-9]+)?")
_TRANSPORT = "refund_sandbox.transport"
_STOP = "refund_sandbox.stop"
BARE = frozenset((204, 304))
"""The statuses whose answers have no body."""
_NO_LINGER = struct.pack("ii", 1, 0)
"""SO_LINGER, switched on with no time to linger: closing such a socket resets the connection."""

Fields = tuple[tuple[bytes, bytes], ...]
"""Headers as ASGI has them, none of which can change."""


class Disconnected(Exception):
    """The client went away before its request was whole; half a request is none."""


def note_transport(scope: Scope, send: Send) -> None:
    """Remembers the socket of a request before anything wraps `send`; there is none where no server is in between."""
    scope[_TRANSPORT] = getattr(getattr(send, "__self__", None), "transport", None)


def when_stopped(scope: Scope, end: Callable[[], object]) -> None:
    """Says how a request ends that has no end of its own, for when the server stops."""
    scope.setdefault("state", {})[_STOP] = end


def stop(scope: Mapping[str, Any]) -> None:
    """The server stops: a request that has no end of its own ends."""
    end = scope["state"].get(_STOP)
    if end:
        end()


def read_context(scope: Scope, body: bytes | None) -> Context:
    """A Call from an ASGI scope; a body of None was larger than what is read."""
    fields = scope["headers"]
    headers, host = _read_headers(fields if isinstance(fields, tuple) else tuple(map(tuple, fields)))
    path = scope.get("raw_path")
    return Context(
        method=scope["method"],
        path=path.partition(b"?")[0].decode("latin-1") if path else quote(scope["path"]),
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        body=body or b"",
        base_url=f"{scope.get('scheme', 'http')}://{host}{scope.get('root_path', '')}",
        oversized=body is None,
    )


@lru_cache(64)  # a client sends the same ones again and again, and the journal keeps them once
def _read_headers(sent: Fields) -> tuple[Mapping[str, str], str]:
    """Headers by their names in lower case, and the host; one that makes no sense is not believed: URLs are made of it."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in sent}
    host = headers.get("host", "")
    return headers, host if _HOST.fullmatch(host) else "127.0.0.1"


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes | None:
    """The request's body, or None when it is larger than the limit. Raises Disconnected when its end never comes.

    A body that is too large is read to its end, up to a point, and thrown away, so that the client can read the answer; one
    that is said to go beyond that point is not waited for.
    """
    most = max(limit, _DRAIN)
    if _announced(scope) > most:
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


def _announced(scope: Scope) -> int:
    """How long the body is by its header; 0 where that says nothing."""
    for name, length in scope["headers"]:
        if name == b"content-length":
            return int(length) if length.isdigit() and len(length) < 20 else 0
    return 0


async def send_reply(scope: Scope, receive: Receive, send: Send, reply: Reply) -> None:
    """Sends a reply, to HEAD only its headers; or loses it, where the reply says what happens to the connection.

    Raises ConnectionResetError for a lost reply where there is no socket, as in process.
    """
    if reply.connection == "hang":
        when_stopped(scope, lambda: _hang_up(scope.get(_TRANSPORT), reset=False))
        await _until_gone(receive)
        return
    content = content_of(scope, reply)
    if reply.connection in (None, "truncate"):
        headers = [encode_header(name, value) for name, value in reply.headers.items()]
        if reply.status not in BARE:
            headers.append((b"content-length", str(len(content)).encode()))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if reply.connection is None:
        await send({"type": "http.response.body", "body": content})
        return
    if reply.connection == "truncate":
        await send({"type": "http.response.body", "body": content[: len(content) // 2], "more_body": True})
    _hang_up(scope.get(_TRANSPORT), reset=reply.connection == "reset")
    await _until_gone(receive)


def content_of(scope: Scope, reply: Reply) -> bytes:
    """The bytes after the head of an answer."""
    return b"" if reply.status in BARE or scope["method"] == "HEAD" else reply.to_bytes()


async def _until_gone(receive: Receive) -> None:
    """Returns when the client, or the server that stops, has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _hang_up(transport: Any, *, reset: bool) -> None:
    if transport is None:
        raise ConnectionResetError("the sandbox was told to lose this reply")
    if reset:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        transport.abort()
    else:
        transport.close()


@lru_cache(128)  # most are the same in every reply
def encode_header(name: str, value: str) -> tuple[bytes, bytes]:
    """A header's name and its value in one line: a line break in it would start another header."""
    return name.lower().encode("latin-1"), _CONTROL.sub(" ", value).encode("latin-1", "replace")
