"""Limits of a connection: bytes of a head, time for a request, time for reading a reply, and time without a request."""

import math
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from refund_sandbox.server.direct import DirectConnection


class LimitedConnection(DirectConnection):
    """Connection with limits: `max_header` bytes, and `timeout` seconds for a whole request and for reading a reply.

    `_unparsed`: bytes since the last whole head, piece of a body or end of a request; `_most_bytes`: these with the last read.
    `_since`: begin of what the timer limits.
    """

    def __init__(self, *args: Any, max_header: int, timeout: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._max_header, self._timeout, self._interval = max_header, timeout, min(timeout, self.timeout_keep_alive)
        self._unparsed, self._is_reading, self._since = 0, True, self.loop.time()
        self._timer = self.loop.call_later(self._interval, self._check_time)

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unparsed += len(data)
        self._most_bytes = self._unparsed
        super().data_received(data)
        if self._unparsed > self._max_header:
            self.refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_reading, self._since = True, self.loop.time()

    def on_headers_complete(self) -> None:
        if self._most_bytes > self._max_header and len(self.url) + sum(len(k + v) for k, v in self.headers) > self._max_header:
            self.refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            raise ValueError("the head is too large")
        self._unparsed = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unparsed = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._unparsed, self._is_reading, self._since = 0, False, self.loop.time()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._unset_keepalive_if_required()  # `_check_time` limits that, too
        self._since = self.loop.time()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._since = self.loop.time()

    def _check_time(self) -> None:
        """End what takes too long. To set a timer for each request would cost more."""
        limit, end = self._limit()
        left = self._since + limit - self.loop.time()
        if left <= 0:
            end()
            self._since, left = self.loop.time(), self._interval
        self._timer = self.loop.call_later(min(left, self._interval), self._check_time)

    def _limit(self) -> tuple[float, Callable[[], None]]:
        """Return the seconds that the connection may stay as it is, and the function that ends this."""
        if self.flow.write_paused or self.transport.is_closing():
            return self._timeout, self.transport.abort
        if self.is_answering():
            return math.inf, self.transport.close
        if self._is_reading:
            return self._timeout, lambda: self.refuse(HTTPStatus.REQUEST_TIMEOUT)
        return self.timeout_keep_alive, self.transport.close
