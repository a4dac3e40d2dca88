"""uvicorn's protocol, which answers a plain request as soon as it has been read, where the application can.

A task of its own and the messages of ASGI cost about as much as a refund itself.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.protocols.utils import get_client_addr, get_path_with_query_string

from refund_sandbox.core.asgi import NO_BODY_STATUSES, Fields, content_of, encode_header
from refund_sandbox.core.context import Reply
from refund_sandbox.server.header_cache import PLAIN_URL, Heads

AnswerBatch = Callable[[Sequence[tuple[Scope, bytes]]], Sequence[Reply | None]]
"""What an application may offer beside ASGI, as `at_once`: its answers to requests with their bodies.

None where ASGI must answer, because there is something to wait for, or something happens to the connection.
"""
_PLAIN_URL = re.compile(PLAIN_URL)
_MOST_KEPT = 64 * 1024
"""Bytes of answers that wait for the end of a turn: who asks without reading is not answered on and on."""
_SPECIAL = frozenset((b"expect", b"upgrade", b"x-forwarded-proto"))
"""Headers that ask something of the server, and one that uvicorn reads on behalf of the application."""


class Transport:
    """A connection's transport, which keeps an answer back until the turn of the event loop ends, or until more follows.

    All that is answered in a turn goes out together: a client that waits is woken by each packet, and where it runs on the
    same machine, that takes as long as half an answer. The head of an answer goes together with its body for the same reason.
    What is written once the client has gone is lost; uvloop's transport raises an error then.
    """

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._kept = b""
        self.is_closing = transport.is_closing  # asked too often for `__getattr__`

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Writes data at once, unless they are the head of an answer."""
        if data.startswith(b"HTTP/1.1 ") and data.endswith(b"\r\n\r\n") and not data.startswith(b"HTTP/1.1 100 "):
            self.write_soon(data)
        else:
            self.flush(data)

    def write_soon(self, data: bytes) -> None:
        """Writes data when the turn ends, or with what comes first: something to be written at once, or too much to be kept."""
        if not self._kept:
            self._loop.call_soon(self.flush)
        self._kept += data
        if len(self._kept) > _MOST_KEPT:
            self.flush()

    def flush(self, data: bytes = b"") -> None:
        """Writes what was kept back, and data."""
        data, self._kept = self._kept + data, b""
        if data and not self.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """Writes what was kept back, and ends the connection."""
        self.flush()
        self._transport.close()


class Turn:
    """The requests of a turn of the event loop, each on a connection of its own: when it ends, they are answered together."""

    def __init__(self) -> None:
        self._asking: list[PromptProtocol] = []

    def add(self, protocol: "PromptProtocol") -> None:
        """One more request is there."""
        if not self._asking:
            protocol.loop.call_soon(self.end)
        self._asking.append(protocol)

    def end(self) -> None:
        """Answers all that are there."""
        asking, self._asking = self._asking, []
        if asking:
            replies = asking[0].answer_batch([protocol.asked for protocol in asking])
            for protocol, reply in zip(asking, replies, strict=True):
                protocol.take(reply)


class PromptProtocol(HttpToolsProtocol):
    """Asks the application's `at_once` first; a request that does not come in one piece, or asks for more, goes to ASGI.

    `_pieces` are those of the body of a request that may be answered at once, None where ASGI answers. The connection `_rests`
    while nothing has come since the last answer that was given at once, or nothing at all; since when is `_rested`. `_asking` are
    the bytes of a request that is answered when the turn ends. `_begun` is the state of one that the application has seen, and
    that is parsed because ASGI must answer it after all.
    """

    asked: tuple[Scope, bytes]
    """The request that is answered when the turn ends."""

    def __init__(self, *arguments: Any, heads: Heads, turn: Turn, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.answer_batch: AnswerBatch = getattr(_unwrap(self.app), "answer_batch", _never)
        self._heads = heads
        self._turn = turn
        self._pieces: list[bytes] | None = None
        self._rests = True
        self._rested = self.loop.time()
        self._asking: bytes | None = None
        self._begun: dict[str, Any] | None = None

    def connection_made(self, transport: Any) -> None:
        """A client has connected."""
        self._outlet = Transport(transport, self.loop)
        super().connection_made(self._outlet)  # type: ignore[arg-type]

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self.settle()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """The server begins to stop."""
        self.settle()
        super().shutdown()

    def settle(self) -> None:
        """Has the request answered that waits for the end of the turn, if there is one: something else comes now."""
        if self._asking is not None:
            self._turn.end()

    def asks_again(self, data: bytes) -> bool:
        """Whether data are a request whose head was read before: the end of the turn answers it. If not, they must be parsed."""
        self.settle()
        if not self._rests or self.flow.write_paused or self.transport.is_closing():
            return False
        request = self._heads.recall(data)
        if request is None:
            return False
        super().on_message_begin()
        method, self.url, self.scope["headers"], body = request
        self.asked = self._ask(method), body
        self._asking = data
        self._turn.add(self)
        return True

    def take(self, reply: Reply | None) -> None:
        """The answer to what was asked. With None, ASGI goes on with what the application has begun."""
        data, self._asking = self._asking, None
        assert data is not None
        if reply:
            self._answer(reply, self._outlet.flush)
        else:
            self._begun = self.scope["state"]
            self.parse(data)

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        if not self.asks_again(data):
            self.parse(data)

    def parse(self, data: bytes) -> None:
        """Reads bytes as HTTP, and answers what is in them."""
        rested, self._rests = self._rests, False
        super().data_received(data)
        if rested and self._rests:
            self._heads.learn(data, tuple(self.headers))
        if self._pieces is not None and not self.transport.is_closing():
            self._go_the_long_way()

    def on_message_begin(self) -> None:
        """A request begins; it may stand in one piece with one that has its answer already."""
        super().on_message_begin()
        self._rests = False
        self._unset_keepalive_if_required()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        if self._begun is not None:
            self.scope["state"], self._begun = self._begun, None
            self.go_to_asgi()
        elif self._is_plain():
            self._pieces = []
        else:
            self.go_to_asgi()

    def go_to_asgi(self) -> None:
        """Lets ASGI answer the request whose head was read."""
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of a body."""
        if self._pieces is not None:
            self._pieces.append(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is whole."""
        if self._pieces is not None:
            asked = self._ask(self.parser.get_method().decode("ascii"))
            (reply,) = self.answer_batch([(asked, b"".join(self._pieces))])
            if reply:
                self._pieces = None
                self._answer(reply, self._outlet.write_soon)
                return
            self._go_the_long_way()
        super().on_message_complete()

    def _is_plain(self) -> bool:
        """Whether a request may be answered at once: nothing is before it, nothing is special about it."""
        return (
            self.answer_batch is not _never
            and (self.cycle is None or self.cycle.response_complete)
            and not (self.pipeline or self.flow.write_paused)
            and _PLAIN_URL.fullmatch(self.url) is not None
            and _SPECIAL.isdisjoint(dict(self.headers))
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
        )

    def _ask(self, method: str) -> Scope:
        """The scope of the request, with what ASGI would add."""
        path, _, query = self.url.partition(b"?")
        scope = cast(Scope, self.scope)
        scope["method"], scope["path"] = method, path.decode("ascii")
        scope["raw_path"], scope["query_string"] = path, query
        return scope

    def _answer(self, reply: Reply, write: Callable[[bytes], None]) -> None:
        if self.access_log:
            client, asked = get_client_addr(self.scope), get_path_with_query_string(self.scope)
            self.access_logger.info('%s - "%s %s HTTP/1.1" %d', client, self.scope["method"], asked, reply.status)
        write(_write(cast(Scope, self.scope), reply, self.server_state.default_headers))
        self.server_state.total_requests += 1
        self._rests = True
        self._rested = self.loop.time()
        if self.timeout_keep_alive_task is None and not self.transport.is_closing():
            self._wait(self.timeout_keep_alive)

    def timeout_keep_alive_handler(self) -> None:
        """Hangs up, unless there was an answer since the timer was set: to set one for each takes longer than to look again."""
        self.settle()
        left = self._rested + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._wait(left)
        else:
            super().timeout_keep_alive_handler()

    def _wait(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _go_the_long_way(self) -> None:
        """Lets ASGI answer a request whose head was read, and what has come of its body."""
        body, self._pieces = b"".join(self._pieces or ()), None
        self.go_to_asgi()
        if body:
            super().on_body(body)


def _never(requests: Sequence[tuple[Scope, bytes]]) -> Sequence[Reply | None]:
    """Instead of `at_once` where an application offers nothing."""
    return [None] * len(requests)


def _unwrap(app: Any) -> Any:
    """The application without what uvicorn puts around it."""
    return app if hasattr(app, "answer_batch") or not hasattr(app, "app") else _unwrap(app.app)


def _write(scope: Scope, reply: Reply, default_headers: list[tuple[bytes, bytes]]) -> bytes:
    """A whole answer as it goes over the wire, with the headers that the server gives to each."""
    content = content_of(scope, reply)
    head = _head(reply.status, tuple(default_headers), tuple(reply.headers.items()))
    length = b"content-length: %d\r\n" % len(content) if reply.status not in NO_BODY_STATUSES else b""
    return b"%b%b\r\n%b" % (head, length, content)


@lru_cache(256)  # most are the same in every answer of a second
def _head(status: int, default_headers: Fields, headers: tuple[tuple[str, str], ...]) -> bytes:
    """The first line and the headers of an answer."""
    fields = [*default_headers, *(encode_header(name, value) for name, value in headers)]
    return b"".join([STATUS_LINE[status], *(b"%b: %b\r\n" % field for field in fields)])
