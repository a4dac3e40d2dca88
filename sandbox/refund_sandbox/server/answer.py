"""The optional method `answer` of an application, which skips ASGI: its requests, and the bytes of its replies."""

from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from starlette.types import Scope

from refund_sandbox.core.asgi import Fields, content_of, encode_header
from refund_sandbox.core.context import Reply

Answer = Callable[[Scope, bytes], Reply | None]
"""Type of `answer`: it takes a request with its body and returns the reply.

The reply is None if ASGI must answer: the request has to wait, or a fault does something to the connection.
"""
_PHRASES = {status.value: status.phrase for status in HTTPStatus}


def find_answer(app: Any) -> Answer:
    """Return the method of the application inside uvicorn's wrappers, or `no_answer`."""
    while not hasattr(app, "answer") and hasattr(app, "app"):
        app = app.app
    return getattr(app, "answer", no_answer)


def no_answer(_scope: Scope, _body: bytes) -> None:
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
    content, size = content_of(scope, reply)
    head = _render_head(reply.status, tuple(default_headers), tuple(reply.headers.items()))
    length = b"" if size is None else b"content-length: %d\r\n" % size
    return b"%b%b\r\n%b" % (head, length, content)


@lru_cache(256)  # most replies of one second have the same head
def _render_head(status: int, default_headers: Fields, headers: tuple[tuple[str, str], ...]) -> bytes:
    fields = [*default_headers, *(encode_header(name, value) for name, value in headers)]
    status_line = f"HTTP/1.1 {status} {_PHRASES.get(status, '')}\r\n".encode("ascii")
    return b"".join([status_line, *(b"%b: %b\r\n" % field for field in fields)])
