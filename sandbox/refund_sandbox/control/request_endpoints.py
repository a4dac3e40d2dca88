"""Endpoints for the request log: list, entry, HAR archive, and a stream of events."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from msgspec.structs import asdict
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from refund_sandbox.control.endpoint import ControlError, ControlRequest, check_filters, json_reply, no_content, read_number
from refund_sandbox.core.asgi import when_stopped
from refund_sandbox.core.context import dump
from refund_sandbox.core.executor import Executor
from refund_sandbox.core.journal.har import archive
from refund_sandbox.core.polling import poll
from refund_sandbox.core.redaction import hide_headers, hide_text, hide_url
from refund_sandbox.core.webhooks.outbox import DELIVERIES, Delivery
from refund_sandbox.core.workspaces.workspace import Workspace
from refund_sandbox.stores.protocol import PageQuery

_FILTERS = ("api", "operation", "status", "order")
_RANGE = ("since", "before", "limit")
_WATCHED = PageQuery(0, 50, downwards=True)
"""The newest deliveries, whose changes are events."""
_MAX_EVENTS = 500
"""Maximum number of request events per look."""


class RequestEndpoints:
    """Handlers; each has the name of its operation in specs/sandbox.yaml."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def list_requests(self, request: ControlRequest) -> Response:
        return json_reply({"requests": _find(request)})

    def clear_requests(self, request: ControlRequest) -> Response:
        request.workspace.journal.clear()
        return no_content()

    def get_request(self, request: ControlRequest) -> Response:
        entry = request.workspace.journal.get(read_number(request.param("id"), "id"))
        if entry is None:
            raise ControlError(404, f"Request {request.param('id')} not found.")
        return json_reply(entry)

    def get_archive(self, request: ControlRequest) -> Response:
        """Return the filtered request log as a HAR archive."""
        return json_reply(archive(_find(request), str(request.http.base_url).rstrip("/")))

    def stream_events(self, request: ControlRequest) -> Response:
        """Stream requests, deliveries and changes of the state as server-sent events."""
        feed = self._feed(request.workspace, request.http)
        return StreamingResponse(feed, media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    async def _feed(self, workspace: Workspace, request: Request) -> AsyncIterator[bytes]:
        stopped = asyncio.Event()
        when_stopped(request.scope, stopped.set)
        events = await self._executor.run(lambda: EventStream(workspace, request.headers.get("last-event-id")))
        yield b": connected\n\n"

        async def has_news() -> bool:
            return stopped.is_set() or await self._executor.run(events.collect)

        while not stopped.is_set():
            await poll(has_news)
            for event in events.take():
                yield event


def _find(request: ControlRequest) -> list[dict[str, Any]]:
    query = request.http.query_params
    check_filters(query, (*_FILTERS, *_RANGE))
    filters = {name: query[name] for name in _FILTERS if name in query}
    return request.workspace.journal.find(filters, **{name: read_number(query[name], name) for name in _RANGE if name in query})


class EventStream:
    """Events of a workspace since the last look, or since the event that the client received last."""

    def __init__(self, workspace: Workspace, last_event_id: str | None) -> None:
        self._workspace = workspace
        newest = workspace.journal.find({}, limit=1)
        self._last = newest[0]["id"] if newest else 0
        if last_event_id and last_event_id.isascii() and last_event_id.isdigit():
            self._last = min(self._last, int(last_event_id))
        self._deliveries = self._progress()
        self._revision = workspace.revision()
        self._events: list[bytes] = []

    def take(self) -> list[bytes]:
        """Return the collected events, encoded."""
        events, self._events = self._events, []
        return events

    def collect(self) -> bool:
        """Collect the new events. Return whether there are any."""
        events = self._events
        for entry in reversed(self._workspace.journal.find({}, since=self._last, limit=_MAX_EVENTS)):
            self._last = entry["id"]
            events.append(_event("request", entry, entry["id"]))
        before, self._deliveries = self._deliveries, self._progress()
        for number, delivery in sorted(self._deliveries.items()):
            if before.get(number) != delivery:
                events.append(_event("delivery", _without_secrets(delivery)))
        known, self._revision = self._revision, self._workspace.revision()
        if known != self._revision:
            events.append(_event("world", {"workspace": self._workspace.name}))
        return bool(events)

    def _progress(self) -> dict[int, Delivery]:
        with self._workspace.store.read_only() as transaction:
            newest, _ = transaction.page(DELIVERIES, _WATCHED)
        return {delivery.id: delivery for delivery in newest}


def _without_secrets(delivery: Delivery) -> dict[str, Any]:
    """Return a delivery as a document, without the secrets in its headers, URL and body."""
    headers, url, body = hide_headers(delivery.headers), hide_url(delivery.url), hide_text(delivery.body)
    return {**asdict(delivery), "headers": headers, "url": url, "body": body}


def _event(name: str, document: Mapping[str, Any], number: int | None = None) -> bytes:
    numbered = f"id: {number}\n".encode() if number is not None else b""
    return numbered + f"event: {name}\ndata: ".encode() + dump(document) + b"\n\n"
