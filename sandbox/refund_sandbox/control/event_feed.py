"""Events of a workspace (requests, deliveries, changes of the state) for all that listen to them.

Each event is rendered once, whatever the number of listeners. The work takes at most a tenth of the time of the event loop.
With more requests than that, listeners lag behind. They miss what the request log drops meanwhile.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from time import perf_counter
from typing import Any

from msgspec.structs import asdict

from refund_sandbox.core.executor import Executor
from refund_sandbox.core.json_writer import dump
from refund_sandbox.core.redaction import hide_headers, hide_text, hide_url
from refund_sandbox.core.webhooks.outbox import DELIVERIES, Delivery
from refund_sandbox.core.workspaces.workspace import Workspace
from refund_sandbox.core.workspaces.workspace_state import StateReplaced
from refund_sandbox.stores.protocol import PageQuery, StoreError

MAX_LISTENERS = 100
"""Number of listeners of one process."""
_WATCHED = PageQuery(0, 50, downwards=True)
"""The newest deliveries, whose changes are events."""
_INTERVAL_S = 0.02
"""Shortest time between two looks."""
_LONGEST_INTERVAL_S = 1.0
_INTERVAL_OF_LISTENER_S = 0.001
"""Time that each listener adds between two looks, since each costs a write."""
_MAX_SHARE = 10
"""Time between two looks, as a multiple of the time that a look takes."""
_LOOK_S = 0.005
"""Time after which a look ends, though there are more requests."""
_CONNECTED = b": connected\n\n"
"""First line of a stream: events that come after it are sent."""
_MAX_WAITING = 64
"""Number of looks whose events wait for a slow listener. One that is slower is disconnected."""


class Listener:
    """One client that listens. `end` ends its stream."""

    def __init__(self, feed: "EventFeed") -> None:
        self.feed = feed
        self._chunks: asyncio.Queue[bytes] = asyncio.Queue(_MAX_WAITING + 1)

    def offer(self, chunk: bytes) -> None:
        """Add events. A listener that does not read is disconnected, and gets what it missed when it comes back."""
        if self._chunks.qsize() < _MAX_WAITING:
            self._chunks.put_nowait(chunk)
        else:
            self.end()

    def end(self) -> None:
        with suppress(asyncio.QueueFull):  # it ends already
            self._chunks.put_nowait(b"")

    async def stream(self, last_event_id: int | None) -> AsyncIterator[bytes]:
        """Yield the events after the last one that the client has received, then the new ones."""
        first = await self._chunks.get()
        if not first:
            return
        yield first
        if last_event_id is not None:
            async for chunk in self.feed.missed(last_event_id):
                yield chunk
        while chunk := await self._chunks.get():
            yield chunk


class EventFeeds:
    """The listeners of this process, by workspace."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._feeds: dict[tuple[int, int], EventFeed] = {}
        """By the ids of the event loop and of the workspace: one that is deleted and created again is another one."""
        self._count = 0

    def open(self, workspace: Workspace) -> Listener | None:
        """Return a new listener, or None if there are too many. Call `close` at its end."""
        if self._count >= MAX_LISTENERS:
            return None
        self._count += 1
        key = id(asyncio.get_running_loop()), id(workspace)
        feed = self._feeds.get(key)
        if feed is None or feed.is_over():
            feed = self._feeds[key] = EventFeed(workspace, self._executor)
        listener = Listener(feed)
        feed.add(listener)
        return listener

    def close(self, listener: Listener) -> None:
        self._count -= 1
        feed = listener.feed
        if listener in feed.listeners:
            feed.listeners.remove(listener)
        if not feed.listeners:
            feed.stop()
            self._feeds = {key: other for key, other in self._feeds.items() if other is not feed}


class EventFeed:
    """Task that collects the events of one workspace for its listeners."""

    def __init__(self, workspace: Workspace, executor: Executor) -> None:
        self.listeners: list[Listener] = []
        self._is_ready = False
        self._workspace = workspace
        self._executor = executor
        self._last = 0
        self._deliveries: Mapping[int, Delivery] = {}
        self._revision: Any = None
        self._task = asyncio.create_task(self._run())

    def add(self, listener: Listener) -> None:
        self.listeners.append(listener)
        if self._is_ready:
            listener.offer(_CONNECTED)

    def is_over(self) -> bool:
        return self._task.done()

    def stop(self) -> None:
        self._task.cancel()

    async def missed(self, last_event_id: int) -> AsyncIterator[bytes]:
        """Yield the requests after an id, up to those that the listeners have got."""
        journal, until = self._workspace.journal, self._last
        while last_event_id < until:
            last = last_event_id
            entries = await self._executor.run_in_thread_of_control(lambda: journal.after(last, 20))  # noqa: B023
            entries = [entry for entry in entries if entry.id <= until]
            if not entries:
                return
            last_event_id = entries[-1].id
            yield b"".join(_event("request", entry.json, entry.id) for entry in entries)

    async def _run(self) -> None:
        try:
            await self._executor.run_control(self._begin, self._workspace.store)
            self._is_ready = True
            for listener in self.listeners:
                listener.offer(_CONNECTED)
            while not self._workspace.is_closed:
                started = perf_counter()
                chunk = await self._look()
                if chunk:
                    for listener in self.listeners:
                        listener.offer(chunk)
                least_s = max(_INTERVAL_S, len(self.listeners) * _INTERVAL_OF_LISTENER_S)
                await asyncio.sleep(min(max(least_s, _MAX_SHARE * (perf_counter() - started)), _LONGEST_INTERVAL_S))
        finally:
            for listener in self.listeners:
                listener.end()

    async def _look(self) -> bytes:
        """Return the new events. A database that does not answer has none."""
        try:
            return await self._executor.run_control(self._collect, self._workspace.store)
        except (StoreError, StateReplaced):
            return b""

    def _begin(self) -> None:
        self._last = self._workspace.journal.newest_id()
        self._deliveries = self._progress()
        self._revision = self._workspace.revision()

    def _collect(self) -> bytes:
        events: list[bytes] = []
        until = perf_counter() + _LOOK_S
        while perf_counter() < until and (entries := self._workspace.journal.after(self._last, 5)):
            self._last = entries[-1].id
            events += [_event("request", entry.json, entry.id) for entry in entries]
        before, self._deliveries = self._deliveries, self._progress()
        for number, delivery in sorted(self._deliveries.items()):
            if before.get(number) != delivery:
                events.append(_event("delivery", dump(_without_secrets(delivery))))
        known, self._revision = self._revision, self._workspace.revision()
        if known != self._revision:
            events.append(_event("world", dump({"workspace": self._workspace.name})))
        return b"".join(events)

    def _progress(self) -> Mapping[int, Delivery]:
        with self._workspace.store.read_only() as transaction:
            newest, _ = transaction.page(DELIVERIES, _WATCHED)
        return {delivery.id: delivery for delivery in newest}


def _without_secrets(delivery: Delivery) -> dict[str, Any]:
    """Return a delivery as a document, without the secrets in its headers, URL and body."""
    headers, url, body = hide_headers(delivery.headers), hide_url(delivery.url), hide_text(delivery.body)
    return {**asdict(delivery), "headers": headers, "url": url, "body": body}


def _event(name: str, content: bytes, number: int | None = None) -> bytes:
    numbered = b"id: %d\n" % number if number is not None else b""
    return b"%bevent: %b\ndata: %b\n\n" % (numbered, name.encode(), content)
