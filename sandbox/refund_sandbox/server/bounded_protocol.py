"""uvicorn's protocol with bounds on what a client may send and on how long it may take."""

from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from refund_sandbox.core.asgi import stop
from refund_sandbox.frozen import frozen
from refund_sandbox.server.direct import PromptProtocol


@frozen
class Limits:
    """`max_header` bytes of a request line and its headers, `seconds` for a whole request with its body."""

    max_header: int
    seconds: float


class _OneAtATime(FlowControl):
    """Reads on only when no pipelined request waits for its turn: no more of them can wait than one read brings."""

    def __init__(self, protocol: "BoundedProtocol") -> None:
        super().__init__(protocol.transport)
        self._protocol = protocol

    def resume_reading(self) -> None:
        """Called for each request that is answered, and for each that reads its body."""
        if not self._protocol.pipeline and not self._protocol.ends:
            super().resume_reading()


class BoundedProtocol(PromptProtocol):
    """uvicorn's protocol, which by itself reads headers without end and waits for ever for the rest of a request.

    `_since` is when the request that is being read began, None while nothing of one is there. `_head` counts the bytes that
    brought neither a whole head nor a piece of a body nor the end of a request. Once it `ends`, nothing more is read. `_answered`
    is the request that ASGI answers or has answered last; `cycle`, the last that was read, may wait behind it.
    """

    def __init__(self, *arguments: Any, limits: Limits, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._limits = limits
        self._head = self._piece = 0
        self._since: float | None = self.loop.time()
        self._answered: RequestResponseCycle | None = None
        self.ends = False

    def connection_made(self, transport: Any) -> None:
        """A client has connected; from now on it has so much time to send a request."""
        super().connection_made(transport)
        self.flow = _OneAtATime(self)
        self._timer = self.loop.call_later(self._limits.seconds, self._check_time)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended. What belonged to it held each other; now it goes at once, and not with the garbage.

        uvicorn tells the request that was read last. That is not the one that is being answered where others wait behind it.
        """
        self._timer.cancel()
        self.ends = True
        self.pipeline.clear()
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        if self._answered and not self._answered.response_complete:
            self._answered.disconnected = True
            self._answered.message_event.set()
        vars(self).update(cycle=None, flow=None, _answered=None)

    def shutdown(self) -> None:
        """The server begins to stop. uvicorn waits for requests under way; those that never end by themselves are told to."""
        super().shutdown()
        if self._answered and not self._answered.response_complete:
            stop(self._answered.scope)

    def go_to_asgi(self) -> None:
        """Lets ASGI answer a request, at once where none is before it."""
        super().go_to_asgi()
        if not self.pipeline:
            self._answered = self.cycle

    def on_response_complete(self) -> None:
        """Lets ASGI answer the next request that waits."""
        if self.pipeline:
            self._answered, _ = self.pipeline[-1]
        super().on_response_complete()

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        if len(data) <= self._limits.max_header and self.asks_again(data):
            self._since = None
        else:
            self.parse(data)

    def parse(self, data: bytes) -> None:
        """Reads bytes as HTTP, and counts them."""
        self.settle()
        self._piece = len(data)
        self._head += self._piece
        if self._since is None:
            self._since = self.loop.time()
        super().parse(data)
        if self._head > self._limits.max_header and not self.transport.is_closing():
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        if self._since is None:
            self._since = self.loop.time()

    def on_headers_complete(self) -> None:
        """The head is whole. Its own bytes are only counted where there were enough of all."""
        if self._head + self._piece > self._limits.max_header and self._is_too_large():
            raise ValueError("the head is too large")
        self._head = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of a body."""
        self._head = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is whole."""
        self._head = 0
        self._since = None
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """The answer to what the parser, or `on_headers_complete`, refuses."""
        self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE if self._is_too_large() else HTTPStatus.BAD_REQUEST)

    def _is_too_large(self) -> bool:
        names = sum(len(name) + len(value) for name, value in self.headers or ())
        return names + len(self.url if self.headers is not None else b"") > self._limits.max_header

    def _check_time(self) -> None:
        """Refuses a request that takes too long, and looks again when the next one would."""
        now = self.loop.time()
        since = now if self._since is None or self._answers_another() else self._since
        left = since + self._limits.seconds - now
        if left > 0:
            self._timer = self.loop.call_later(left, self._check_time)
        else:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _answers_another(self) -> bool:
        """Whether an earlier request of this connection is still being answered; what comes after it must wait."""
        return bool(self.pipeline) or (self.cycle is not None and not self.cycle.more_body and not self.cycle.response_complete)

    def _refuse(self, status: HTTPStatus) -> None:
        """Hangs up, with a word of HTTP's own unless the request has its answer already. Earlier requests are answered first."""
        if self._answers_another():
            self.ends = True
            self.flow.pause_reading()
            self.cycle.keep_alive = False
            return
        if self.cycle is None or not (self.cycle.more_body and self.cycle.response_started):
            text = f"{status.phrase}\n"
            head = f"HTTP/1.1 {status} {status.phrase}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {len(text)}"
            self.transport.write(f"{head}\r\nconnection: close\r\n\r\n{text}".encode("ascii"))
        self.transport.close()
