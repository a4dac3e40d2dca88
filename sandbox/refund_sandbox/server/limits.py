"""Limits on the size of a request's head and on the time that a request may take.

uvicorn reads headers of any size, and waits for the rest of a request without a time-out.
"""

from http import HTTPStatus
from typing import Any

from msgspec import Struct
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from refund_sandbox.core.asgi import stop
from refund_sandbox.server.direct import DirectProtocol


class Limits(Struct, frozen=True):
    """`max_header`: bytes of the request line and the headers. `seconds`: time for a whole request with its body."""

    max_header: int
    seconds: float


class _PipelineFlowControl(FlowControl):
    """Flow control that reads more only if the pipeline is empty: it holds at most the requests of one read."""

    def __init__(self, protocol: "LimitedProtocol") -> None:
        super().__init__(protocol.transport)
        self._protocol = protocol

    def resume_reading(self) -> None:
        if not self._protocol.pipeline and not self._protocol.is_closing_after_replies:
            super().resume_reading()


class LimitedProtocol(DirectProtocol):
    """uvicorn's protocol with limits on the head and the time of a request.

    `_request_began`: time of the first byte of the request that is being read; None between requests.
    `_head_bytes`: bytes since the last whole head, piece of a body or end of a request; `_chunk_bytes`: those of the last read.
    `_current_cycle`: request that ASGI answers or answered last. `cycle`, the last one that was read, may wait behind it.
    `is_closing_after_replies`: nothing more is read.
    """

    def __init__(self, *args: Any, limits: Limits, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._limits = limits
        self._head_bytes = self._chunk_bytes = 0
        self._request_began: float | None = self.loop.time()
        self._current_cycle: RequestResponseCycle | None = None
        self.is_closing_after_replies = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.flow = _PipelineFlowControl(self)
        self._timer = self.loop.call_later(self._limits.seconds, self._check_time)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the current request, and break the reference cycles of the connection, so that it is freed at once.

        uvicorn notifies the request that was read last. With pipelining, that is not the current one.
        """
        self._timer.cancel()
        self.is_closing_after_replies = True
        self.pipeline.clear()
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        if self._current_cycle and not self._current_cycle.response_complete:
            self._current_cycle.disconnected = True
            self._current_cycle.message_event.set()
        vars(self).update(cycle=None, flow=None, _current_cycle=None)

    def shutdown(self) -> None:
        """Begin to stop. uvicorn waits for open requests; a request without an end, such as an event stream, is stopped here."""
        super().shutdown()
        if self._current_cycle and not self._current_cycle.response_complete:
            stop(self._current_cycle.scope)

    def go_to_asgi(self) -> None:
        super().go_to_asgi()
        if not self.pipeline:
            self._current_cycle = self.cycle

    def on_response_complete(self) -> None:
        if self.pipeline:
            self._current_cycle, _ = self.pipeline[-1]
        super().on_response_complete()

    def data_received(self, data: bytes) -> None:
        if len(data) <= self._limits.max_header and self.try_cached(data):
            self._request_began = None
        else:
            self.parse(data)

    def parse(self, data: bytes) -> None:
        self._chunk_bytes = len(data)
        self._head_bytes += self._chunk_bytes
        if self._request_began is None:
            self._request_began = self.loop.time()
        super().parse(data)
        if self._head_bytes > self._limits.max_header and not self.transport.is_closing():
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._request_began is None:
            self._request_began = self.loop.time()

    def on_headers_complete(self) -> None:
        """Refuse a head that is too large. Its own bytes are counted only if all bytes so far exceed the limit."""
        if self._head_bytes + self._chunk_bytes > self._limits.max_header and self._is_too_large():
            raise ValueError("the head is too large")
        self._head_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._head_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._head_bytes = 0
        self._request_began = None
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse a request that the parser or `on_headers_complete` rejected."""
        self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE if self._is_too_large() else HTTPStatus.BAD_REQUEST)

    def _is_too_large(self) -> bool:
        names = sum(len(name) + len(value) for name, value in self.headers or ())
        return names + len(self.url if self.headers is not None else b"") > self._limits.max_header

    def _check_time(self) -> None:
        """Refuse a request that takes too long; else set the timer for the next check."""
        now = self.loop.time()
        since = now if self._request_began is None or self._is_answering() else self._request_began
        left = since + self._limits.seconds - now
        if left > 0:
            self._timer = self.loop.call_later(left, self._check_time)
        else:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _is_answering(self) -> bool:
        """Whether an earlier request of this connection has no complete reply yet."""
        return bool(self.pipeline) or (self.cycle is not None and not self.cycle.more_body and not self.cycle.response_complete)

    def _refuse(self, status: HTTPStatus) -> None:
        """Reply with an error, unless a reply has started, and close the connection. Earlier requests get their replies first."""
        if self._is_answering():
            self.is_closing_after_replies = True
            self.flow.pause_reading()
            self.cycle.keep_alive = False
            return
        if self.cycle is None or not (self.cycle.more_body and self.cycle.response_started):
            text = f"{status.phrase}\n"
            head = f"HTTP/1.1 {status} {status.phrase}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {len(text)}"
            self.transport.write(f"{head}\r\nconnection: close\r\n\r\n{text}".encode("ascii"))
        self.transport.close()
