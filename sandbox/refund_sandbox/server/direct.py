"""Direct replies: a plain request gets its reply without an ASGI task or ASGI messages.

The task and the messages take about as long as a refund itself. Requests that need more than that go through ASGI.
"""

import asyncio
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.protocols.utils import get_client_addr, get_path_with_query_string

from refund_sandbox.core.asgi import NO_BODY_STATUSES, Fields, content_of, encode_header
from refund_sandbox.core.context import Reply
from refund_sandbox.server.header_cache import PLAIN_URL, HeaderCache

Answer = Callable[[Scope, bytes], Reply | None]
"""Type of the application's optional method `answer`: it takes a request with its body and returns the reply.

The reply is None if ASGI must answer: the request has to wait, or a fault does something to the connection.
"""
_PLAIN_URL = re.compile(PLAIN_URL)
_MAX_BUFFER_BYTES = 64 * 1024
"""Maximum bytes of buffered replies per connection: a limit for clients that send requests without reading."""
_SPECIAL_HEADERS = frozenset((b"expect", b"upgrade", b"x-forwarded-proto"))
"""Headers that only uvicorn's own path handles."""


class BufferedTransport:
    """Wrapper of a transport that buffers writes until the end of the event loop iteration.

    Head and body of a reply leave in one packet, and so do replies to pipelined requests. Each packet wakes the waiting
    client. If the client runs on the same machine, that takes half as long as a reply.
    Writes after a disconnect are dropped, because uvloop's transport raises an error for them.
    """

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._buffer = b""
        self.is_closing = transport.is_closing  # called too often for `__getattr__`

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write data at once, but buffer the head of a reply."""
        if data.startswith(b"HTTP/1.1 ") and data.endswith(b"\r\n\r\n") and not data.startswith(b"HTTP/1.1 100 "):
            self.write_later(data)
        else:
            self.flush(data)

    def write_later(self, data: bytes) -> None:
        """Write data with the next `flush`: at the end of the iteration, or earlier if the buffer is full."""
        if not self._buffer:
            self._loop.call_soon(self.flush)
        self._buffer += data
        if len(self._buffer) > _MAX_BUFFER_BYTES:
            self.flush()

    def flush(self, data: bytes = b"") -> None:
        """Write the buffer and data."""
        data, self._buffer = self._buffer + data, b""
        if data and not self.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        self.flush()
        self._transport.close()


class DirectProtocol(HttpToolsProtocol):
    """uvicorn's protocol that calls the application's `answer` first, and ASGI otherwise.

    A request is answered directly if it arrives in one read and needs no special handling.

    `_body_parts`: body of a request that may be answered directly; None if ASGI answers it.
    `_is_idle`: no bytes came since the last direct reply, or since the connection was made; `_idle_since` is that time.
    `_started_state`: `scope["state"]` of a request that the application has begun and ASGI must finish.
    """

    def __init__(self, *args: Any, header_cache: HeaderCache, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.answer: Answer = getattr(_unwrap(self.app), "answer", _no_reply)
        self._header_cache = header_cache
        self._body_parts: list[bytes] | None = None
        self._is_idle = True
        self._idle_since = self.loop.time()
        self._started_state: dict[str, Any] | None = None

    def connection_made(self, transport: Any) -> None:
        self._buffered = BufferedTransport(transport, self.loop)
        super().connection_made(self._buffered)  # type: ignore[arg-type]

    def try_cached(self, data: bytes) -> bool:
        """Whether data is one request whose head is in the cache, and got its reply. If not, it must be parsed."""
        if not self._is_idle or self.flow.write_paused or self.transport.is_closing():
            return False
        request = self._header_cache.get(data)
        if request is None:
            return False
        super().on_message_begin()
        method, self.url, self.scope["headers"], body = request
        reply = self.answer(self._fill_scope(method), body)
        if reply:
            self._send_reply(reply, self._buffered.flush)
        else:
            self._started_state = self.scope["state"]
        return reply is not None

    def data_received(self, data: bytes) -> None:
        if not self.try_cached(data):
            self.parse(data)

    def parse(self, data: bytes) -> None:
        was_idle, self._is_idle = self._is_idle, False
        super().data_received(data)
        if was_idle and self._is_idle:
            self._header_cache.add(data, tuple(self.headers))
        if self._body_parts is not None and not self.transport.is_closing():
            self._continue_with_asgi()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_idle = False
        self._unset_keepalive_if_required()

    def on_headers_complete(self) -> None:
        if self._started_state is not None:
            self.scope["state"], self._started_state = self._started_state, None
            self.go_to_asgi()
        elif self._is_plain():
            self._body_parts = []
        else:
            self.go_to_asgi()

    def go_to_asgi(self) -> None:
        """Let ASGI answer the request whose head was read."""
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self._body_parts is not None:
            self._body_parts.append(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._body_parts is not None:
            scope = self._fill_scope(self.parser.get_method().decode("ascii"))
            reply = self.answer(scope, b"".join(self._body_parts))
            if reply:
                self._body_parts = None
                self._send_reply(reply, self._buffered.write_later)
                return
            self._continue_with_asgi()
        super().on_message_complete()

    def _is_plain(self) -> bool:
        """Whether the request can be answered directly: no earlier request is open, and it needs no special handling."""
        return (
            self.answer is not _no_reply
            and (self.cycle is None or self.cycle.response_complete)
            and not (self.pipeline or self.flow.write_paused)
            and _PLAIN_URL.fullmatch(self.url) is not None
            and _SPECIAL_HEADERS.isdisjoint(dict(self.headers))
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
        )

    def _fill_scope(self, method: str) -> Scope:
        """Return the ASGI scope of the request."""
        path, _, query = self.url.partition(b"?")
        scope = cast(Scope, self.scope)
        scope["method"], scope["path"] = method, path.decode("ascii")
        scope["raw_path"], scope["query_string"] = path, query
        return scope

    def _send_reply(self, reply: Reply, write: Callable[[bytes], None]) -> None:
        if self.access_log:
            client, path = get_client_addr(self.scope), get_path_with_query_string(self.scope)
            self.access_logger.info('%s - "%s %s HTTP/1.1" %d', client, self.scope["method"], path, reply.status)
        write(_render_reply(cast(Scope, self.scope), reply, self.server_state.default_headers))
        self.server_state.total_requests += 1
        self._is_idle = True
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None and not self.transport.is_closing():
            self._start_timer(self.timeout_keep_alive)

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection, or set the timer again if a reply was sent since.

        To check here is faster than to set a timer after each reply.
        """
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._start_timer(left)
        else:
            super().timeout_keep_alive_handler()

    def _start_timer(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _continue_with_asgi(self) -> None:
        """Hand over to ASGI a request whose head, and maybe a part of the body, was read."""
        body, self._body_parts = b"".join(self._body_parts or ()), None
        self.go_to_asgi()
        if body:
            super().on_body(body)


def _no_reply(scope: Scope, body: bytes) -> Reply | None:
    """Stand in for `answer` if the application has no such method."""
    return None


def _unwrap(app: Any) -> Any:
    """Return the application inside uvicorn's wrappers."""
    return app if hasattr(app, "answer") or not hasattr(app, "app") else _unwrap(app.app)


def _render_reply(scope: Scope, reply: Reply, default_headers: list[tuple[bytes, bytes]]) -> bytes:
    """Return the bytes of a whole reply, with the server's default headers."""
    content = content_of(scope, reply)
    head = _render_head(reply.status, tuple(default_headers), tuple(reply.headers.items()))
    length = b"content-length: %d\r\n" % len(content) if reply.status not in NO_BODY_STATUSES else b""
    return b"%b%b\r\n%b" % (head, length, content)


@lru_cache(256)  # most replies of one second have the same head
def _render_head(status: int, default_headers: Fields, headers: tuple[tuple[str, str], ...]) -> bytes:
    fields = [*default_headers, *(encode_header(name, value) for name, value in headers)]
    return b"".join([STATUS_LINE[status], *(b"%b: %b\r\n" % field for field in fields)])
