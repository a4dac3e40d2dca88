"""Endpoints for the request log: list, entry, HAR archive, and a stream of events."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from refund_sandbox.control.endpoint import ControlError, ControlRequest, check_filters, no_content, read_number
from refund_sandbox.control.event_feed import MAX_LISTENERS, EventFeeds, Listener
from refund_sandbox.control.streaming import json_stream
from refund_sandbox.core.asgi import when_stopped
from refund_sandbox.core.executor import Executor
from refund_sandbox.core.journal.har import archive
from refund_sandbox.core.journal.journal import EntryJson
from refund_sandbox.core.json_writer import dump_pieces

_FILTERS = ("api", "operation", "status", "order")
_RANGE = ("since", "before", "limit")


class RequestEndpoints:
    """Handlers; each has the name of its operation in specs/sandbox.yaml."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._feeds = EventFeeds(executor)

    def list_requests(self, request: ControlRequest) -> Response:
        return json_stream(self._executor, _list(_find(request), request.workspace.journal.dropped()))

    def clear_requests(self, request: ControlRequest) -> Response:
        request.workspace.journal.clear()
        return no_content()

    def get_request(self, request: ControlRequest) -> Response:
        content = request.workspace.journal.get(read_number(request.param("id"), "id"))
        if content is None:
            raise ControlError(404, f"Request {request.param('id')} not found.")
        return Response(content, media_type="application/json")

    def get_archive(self, request: ControlRequest) -> Response:
        """Return the filtered request log as a HAR archive."""
        oldest_first = reversed(_find(request))
        entries = (_read(entry.json) for entry in oldest_first)
        return json_stream(self._executor, dump_pieces(archive(entries, str(request.http.base_url).rstrip("/"))))

    async def stream_events(self, request: ControlRequest) -> Response:
        """Stream requests, deliveries and changes of the state as server-sent events."""
        listener = self._feeds.open(request.workspace)
        if listener is None:
            raise ControlError(503, f"{MAX_LISTENERS} clients listen to events already. Close one of them.")
        return EventResponse(listener, self._feeds, request.http.headers.get("last-event-id", ""))


class EventResponse(StreamingResponse):
    """Stream of the events of one listener, until the client or the server closes it."""

    def __init__(self, listener: Listener, feeds: EventFeeds, last_event_id: str) -> None:
        is_number = last_event_id.isascii() and last_event_id.isdigit()
        stream = listener.stream(int(last_event_id[:15]) if is_number else None)
        super().__init__(stream, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
        self._listener = listener
        self._feeds = feeds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        when_stopped(scope, self._listener.end)
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._feeds.close(self._listener)


def _read(entry: bytes) -> Any:
    """Return a rendered entry as a document. The faster reader refuses lone surrogates."""
    try:
        return msgspec.json.decode(entry)
    except msgspec.DecodeError:
        return json.loads(entry)


def _list(entries: Iterable[EntryJson], dropped: int) -> Iterator[bytes]:
    """Yield the list of requests in pieces."""
    yield b'{"requests":['
    start = b""
    for entry in entries:
        yield start + entry.json
        start = b","
    yield b'],"dropped":%d}' % dropped


def _find(request: ControlRequest) -> list[EntryJson]:
    query = request.http.query_params
    check_filters(query, (*_FILTERS, *_RANGE))
    filters = {name: query[name] for name in _FILTERS if name in query}
    return request.workspace.journal.find(filters, **{name: read_number(query[name], name) for name in _RANGE if name in query})
