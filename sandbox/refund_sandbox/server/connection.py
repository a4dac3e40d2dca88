"""One connection: uvicorn's protocol, with a body after `Upgrade`, and pipelined requests that learn of a disconnect."""

from http import HTTPStatus
from typing import Any, cast
from weakref import WeakKeyDictionary, WeakSet

import httptools
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from refund_sandbox.core.asgi import stop

_abandoned: WeakKeyDictionary[ServerState, WeakSet[RequestResponseCycle]] = WeakKeyDictionary()
"""Requests that go on although their clients have disconnected, by server."""


def stop_abandoned(server: ServerState) -> None:
    """Begin to stop requests without a connection, of which uvicorn knows only that they run."""
    for cycle in list(_abandoned.get(server, ())):
        stop(cycle.scope)


class Flow(FlowControl):
    """Flow control that reads more only if no request waits in the pipeline: it holds at most the requests of one read."""

    def __init__(self, transport: Any, pipeline: Any) -> None:
        super().__init__(transport)
        self._pipeline = pipeline
        self.is_ended = False

    def resume_reading(self) -> None:
        if not (self._pipeline or self.is_ended):
            super().resume_reading()


class Connection(HttpToolsProtocol):
    """uvicorn's protocol of one connection.

    `_current`: request that ASGI answers or answered last. `cycle`, the last one that was read, may wait behind it.
    """

    flow: Flow

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._current: RequestResponseCycle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.flow = Flow(transport, self.pipeline)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the current request, and break the reference cycles of the connection, so that it is freed at once.

        uvicorn notifies the request that was read last. With pipelining, that is not the current one.
        """
        self.flow.is_ended = True
        self.pipeline.clear()
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        if self._current and not self._current.response_complete:
            self._current.disconnected = True
            self._current.message_event.set()
            _abandoned.setdefault(self.server_state, WeakSet()).add(self._current)
        vars(self).update(cycle=None, flow=None, _current=None)

    def shutdown(self) -> None:
        """Begin to stop. uvicorn waits for open requests, but not for one without an end, or whose body is not complete."""
        super().shutdown()
        if self._current and not self._current.response_complete:
            for cycle in (self._current, *(waiting for waiting, _ in self.pipeline)):
                stop(cycle.scope)
            if self._current.more_body:
                self.transport.close()

    def data_received(self, data: bytes) -> None:
        try:
            self._parse(data)
        except httptools.HttpParserCallbackError:
            self.refuse(HTTPStatus.BAD_REQUEST)
        except httptools.HttpParserError as error:
            self.refuse(HTTPStatus.BAD_REQUEST, f": {error}")

    def _parse(self, data: bytes | memoryview) -> None:
        """Parse bytes. The parser stops after a head with `Upgrade`, so a new one gets this head without the header."""
        while data:
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as stopped:
                data = memoryview(data)[stopped.args[0] :]
                head = self._head_without_upgrade()
                self.parser = httptools.HttpRequestParser(self)
                self.parser.feed_data(head)

    def _head_without_upgrade(self) -> bytes:
        fields = [b"%b: %b\r\n" % field for field in self.headers if field[0] != b"upgrade"]
        version = self.parser.get_http_version().encode("ascii")
        return b"%b %b HTTP/%b\r\n%b\r\n" % (self.parser.get_method(), self.url, version, b"".join(fields))

    def on_headers_complete(self) -> None:
        if not self.parser.should_upgrade():
            super().on_headers_complete()
            self.cycle.keep_alive &= self.parser.should_keep_alive()  # earlier versions read only "close" alone
            if not self.pipeline:
                self._current = self.cycle
        elif self.parser.get_method() == b"CONNECT":
            raise ValueError("this server is no proxy")

    def on_message_complete(self) -> None:
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def on_response_complete(self) -> None:
        if self.pipeline:
            self._current, _ = self.pipeline[-1]
        super().on_response_complete()

    def is_answering(self) -> bool:
        """Whether a request that was read has no complete reply yet."""
        return bool(self.pipeline) or (self.cycle is not None and not (self.cycle.more_body or self.cycle.response_complete))

    def refuse(self, status: HTTPStatus, reason: str = "") -> None:
        """Reply with an error, unless a reply has started, and close the connection. Earlier requests get their replies first."""
        if self.flow.is_ended:
            return
        self.flow.is_ended = True
        if self.is_answering():
            if self.cycle.more_body:  # it waits in the pipeline for a body that does not come
                self.pipeline.popleft()
                self.cycle = self.pipeline[0][0] if self.pipeline else cast(RequestResponseCycle, self._current)
            self.cycle.keep_alive = False
            self.flow.pause_reading()
            return
        if self.cycle is None or not (self.cycle.more_body and self.cycle.response_started):
            text = f"{status.phrase}{reason}\n"
            head = f"HTTP/1.1 {status} {status.phrase}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {len(text)}"
            self.transport.write(f"{head}\r\nconnection: close\r\n\r\n{text}".encode("ascii"))
        self.transport.close()
