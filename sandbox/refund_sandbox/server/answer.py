"""The optional methods `answer` and `begin` of an application, which skip ASGI: requests, and the bytes of replies."""

import asyncio
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from starlette.types import Scope

from refund_sandbox.core.asgi import NO_BODY_STATUSES, Fields, content_of, encode_header
from refund_sandbox.core.context import Reply

Answer = Callable[[Scope, bytes], Reply | None]
"""Type of `answer`: it takes a request with its body and returns the reply.

The reply is None if ASGI must answer: the request has to wait, or a fault does something to the connection.
"""
Begin = Callable[[Scope, bytes], "asyncio.Future[Any] | None"]
"""Type of `begin`: it starts a request that has to wait for a database, and returns a future that is done then.

`answer` returns the reply then, or ASGI continues the request. None if ASGI must begin it.
"""
_PHRASES = {status.value: status.phrase for status in HTTPStatus}


def find_direct(app: Any) -> tuple[Answer, Begin]:
    """Return the methods `answer` and `begin` of the application inside uvicorn's wrappers, or `leave_to_asgi`."""
    while not hasattr(app, "answer") and hasattr(app, "app"):
        app = app.app
    return getattr(app, "answer", leave_to_asgi), getattr(app, "begin", leave_to_asgi)


def leave_to_asgi(_scope: Scope, _body: bytes) -> None:
    """Leave every request to ASGI."""


def fill_scope(scope: Scope, method: bytes, url: bytes, root_path: str) -> Scope:
    """Return the ASGI scope of a request, whose headers are set already."""
    path, _, query = url.partition(b"?")
    scope["method"] = method.decode("ascii")
    scope["path"] = root_path + path.decode("ascii")
    scope["raw_path"], scope["query_string"] = root_path.encode("ascii") + path, query
    return scope


def render_reply(scope: Scope, reply: Reply, default_headers: list[tuple[bytes, bytes]]) -> bytes:
    """Return the bytes of a whole reply, with the server's default headers."""
    content = content_of(scope, reply)
    head = _render_head(reply.status, tuple(default_headers), tuple(reply.headers.items()))
    length = b"content-length: %d\r\n" % len(content) if reply.status not in NO_BODY_STATUSES else b""
    return b"%b%b\r\n%b" % (head, length, content)


@lru_cache(256)  # most replies of one second have the same head
def _render_head(status: int, default_headers: Fields, headers: tuple[tuple[str, str], ...]) -> bytes:
    fields = [*default_headers, *(encode_header(name, value) for name, value in headers)]
    status_line = f"HTTP/1.1 {status} {_PHRASES.get(status, '')}\r\n".encode("ascii")
    return b"".join([status_line, *(b"%b: %b\r\n" % field for field in fields)])
