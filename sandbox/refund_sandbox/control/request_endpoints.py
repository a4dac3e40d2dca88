"""Control calls about what was asked and answered: the journal, as a list, one by one, as an archive, and as it happens."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from refund_sandbox.control.endpoint import ControlError, ControlRequest, json_reply, no_content, read_number
from refund_sandbox.core.asgi import when_stopped
from refund_sandbox.core.context import dump
from refund_sandbox.core.executor import Executor
from refund_sandbox.core.journal.har import archive
from refund_sandbox.core.webhooks.outbox import DELIVERIES, Delivery
from refund_sandbox.core.workspaces.workspace import Workspace
from refund_sandbox.stores.protocol import PageQuery

_FILTERS = ("api", "operation", "status", "order")
_RANGE = ("since", "before", "limit")
_POLL_INTERVAL_S, _LOOK_FAR = 0.025, 0.05
"""Seconds between two looks at what is new; more where a look waits for a network."""
_WATCHED = PageQuery(0, 50, downwards=True)
"""The deliveries whose progress is told."""
_MOST = 500


class RequestEndpoints:
    """Each method answers the operation of specs/sandbox.yaml that is called like it."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def list_requests(self, request: ControlRequest) -> Response:
        """The journal, filtered."""
        return json_reply({"requests": _find(request)})

    def clear_requests(self, request: ControlRequest) -> Response:
        """Empties the journal."""
        request.workspace.journal.clear()
        return no_content()

    def get_request(self, request: ControlRequest) -> Response:
        """One entry of the journal."""
        entry = request.workspace.journal.get(read_number(request.param("id"), "id"))
        if entry is None:
            raise ControlError(404, f"No request {request.param('id')} is remembered.")
        return json_reply(entry)

    def get_archive(self, request: ControlRequest) -> Response:
        """The journal, filtered, as a HAR."""
        return json_reply(archive(_find(request), str(request.http.base_url).rstrip("/")))

    def stream_events(self, request: ControlRequest) -> Response:
        """Server-sent events: each request, delivery and change of the world as it happens."""
        feed = self._feed(request.workspace, request.http)
        return StreamingResponse(feed, media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    async def _feed(self, workspace: Workspace, request: Request) -> AsyncIterator[bytes]:
        stopped = asyncio.Event()
        when_stopped(request.scope, stopped.set)
        news = await self._executor.run(lambda: EventStream(workspace, request.headers.get("last-event-id")))
        yield b": the sandbox tells what happens\n\n"
        while not stopped.is_set():
            for event in await self._executor.run(news.gather):
                yield event
            await asyncio.sleep(_LOOK_FAR if workspace.services.store.is_blocking else _POLL_INTERVAL_S)


def _find(request: ControlRequest) -> list[dict[str, Any]]:
    query = request.http.query_params
    unknown = sorted(set(query) - {*_FILTERS, *_RANGE})
    if unknown:
        raise ControlError(400, f"There is no filter {unknown[0]}; there are {', '.join((*_FILTERS, *_RANGE))}.")
    wanted = {name: query[name] for name in _FILTERS if name in query}
    return request.workspace.journal.find(wanted, **{name: read_number(query[name], name) for name in _RANGE if name in query})


class EventStream:
    """What of a workspace was not told yet."""

    def __init__(self, workspace: Workspace, last_event_id: str | None) -> None:
        self._workspace = workspace
        newest = workspace.journal.find({}, limit=1)
        self._last = newest[0]["id"] if newest else 0
        if last_event_id and last_event_id.isascii() and last_event_id.isdigit():
            self._last = min(self._last, int(last_event_id))
        self._deliveries = self._progress()
        self._world = workspace.revision()

    def gather(self) -> list[bytes]:
        """The events since the last time, as they are sent."""
        events = []
        for entry in reversed(self._workspace.journal.find({}, since=self._last, limit=_MOST)):
            self._last = entry["id"]
            events.append(_event("request", entry, entry["id"]))
        before, self._deliveries = self._deliveries, self._progress()
        for number, delivery in sorted(self._deliveries.items()):
            if before.get(number) != delivery:
                events.append(_event("delivery", vars(delivery)))
        known, self._world = self._world, self._workspace.revision()
        if known != self._world:
            events.append(_event("world", {"workspace": self._workspace.name}))
        return events

    def _progress(self) -> dict[int, Delivery]:
        with self._workspace.services.store.read_only() as transaction:
            newest, _ = transaction.page(DELIVERIES, _WATCHED)
        return {delivery.id: delivery for delivery in newest}


def _event(name: str, document: Mapping[str, Any], number: int | None = None) -> bytes:
    numbered = f"id: {number}\n".encode() if number is not None else b""
    return numbered + f"event: {name}\ndata: ".encode() + dump(document) + b"\n\n"
