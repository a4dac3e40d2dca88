"""Journal: the request log of a workspace. Its entries, how they are rendered, and the protocol of its two implementations."""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

from msgspec import Struct
from msgspec.structs import replace

from refund_sandbox.core.clock import write_instant
from refund_sandbox.core.context import Reply, Request
from refund_sandbox.core.faults.fault import Fault
from refund_sandbox.core.journal.changes import MAX_TEXT_BYTES, cut_changes, cut_faults, render_change, size_of
from refund_sandbox.core.json_writer import dump_entry
from refund_sandbox.core.redaction import hide_body, hide_headers, hide_url, hide_value
from refund_sandbox.stores.protocol import Change, Transaction

_MAX_CHANGES = 1000
"""Number of changed records of one request that its entry lists."""
_SHORT_BODY_BYTES = 1024
"""Size of a reply up to which its redacted form is remembered."""
_ENTRY_BYTES = 1000
"""Approximate size of an entry without its texts."""


class RequestMetadata(Struct, frozen=True, gc=False):
    """Facts of an entry that are neither in the request nor in the reply. `order` is the id of the order as sent."""

    at: datetime
    api: str
    operation: str | None
    order: str | None
    microseconds: int
    warnings: tuple[str, ...]
    faults: tuple[Fault, ...]
    changes: tuple[Change, ...]


class Exchange(Struct, frozen=True, gc=False):
    """One request, what its reply has consisted of, and their facts. Bodies and changes are cut."""

    request: Request
    reply_headers: Mapping[str, str]
    reply_body: bytes
    connection: str | None
    metadata: RequestMetadata


class JournalEntry(Struct, gc=False):
    """An entry of the journal. Most are never rendered. One that was rendered holds its JSON in place of the exchange."""

    id: int
    api: str
    operation: str | None
    order: str | None
    status: int
    size: int
    """Approximate size in bytes of all that it holds."""
    exchange: Exchange | None
    json: bytes = b""

    def render(self) -> None:
        exchange = self.exchange
        if exchange is not None:  # no other thread has rendered it meanwhile
            self.json = dump_entry(render(self.id, self.status, exchange))
            self.exchange = None

    def matches(self, filters: Mapping[str, Any]) -> bool:
        return all(str(getattr(self, name)) == str(value) for name, value in filters.items())


class EntryJson(Struct, frozen=True, gc=False):
    """Entry as JSON, as the control API returns it."""

    id: int
    json: bytes


def new_entry(entry_id: int, request: Request, reply: Reply, metadata: RequestMetadata) -> JournalEntry:
    """Return the entry of a request. Long bodies are cut."""
    body, reply_body, changes = request.body, reply.to_bytes(), metadata.changes
    if len(body) > MAX_TEXT_BYTES:
        body = body[:MAX_TEXT_BYTES]
        request = replace(request, body=body)
    if len(reply_body) > MAX_TEXT_BYTES:
        reply_body = reply_body[:MAX_TEXT_BYTES]
    size = _ENTRY_BYTES + len(request.path) + len(request.query) + len(body) + len(reply_body)
    size += sum(map(len, request.headers.values()))
    if len(changes) > _MAX_CHANGES:
        warning = f"At most {_MAX_CHANGES} changed records are listed. There are {len(changes) - _MAX_CHANGES} more."
        changes = changes[:_MAX_CHANGES]
        metadata = replace(metadata, changes=changes, warnings=(*metadata.warnings, warning))
    if changes:
        changes_size = size_of(changes)
        if changes_size > MAX_TEXT_BYTES:
            changes = cut_changes(changes)
            metadata, changes_size = replace(metadata, changes=changes), size_of(changes)
        size += changes_size
    if metadata.faults:
        faults, faults_size = cut_faults(metadata.faults)
        metadata, size = replace(metadata, faults=faults), size + faults_size
    if metadata.warnings:
        size += sum(map(len, metadata.warnings))
    exchange = Exchange(request, reply.headers, reply_body, reply.connection, metadata)
    return JournalEntry(entry_id, metadata.api, metadata.operation, metadata.order, reply.status, size, exchange)


class Journal(Protocol):
    """The last requests of one workspace."""

    def record(self, request: Request, reply: Reply, metadata: RequestMetadata) -> None:
        """Add one request and its reply. The oldest entries are removed if the journal is full."""

    def find(self, filters: Mapping[str, Any], *, since: int = 0, before: int | None = None, limit: int = 100) -> list[EntryJson]:
        """Return the newest entries between the ids `since` and `before`, newest first.

        `filters` are api, operation, status and order.
        """

    def after(self, entry_id: int, limit: int) -> list[EntryJson]:
        """Return the first `limit` entries after an id, oldest first."""

    def get(self, entry_id: int) -> bytes | None:
        """Return one entry as JSON."""

    def dropped(self) -> int:
        """Return how many requests the log has lost since it was cleared, as far as this process knows."""

    def newest_id(self) -> int:
        """Return the id of the newest entry; 0 if there is none."""

    def clear(self) -> None:
        """Remove all entries. Ids continue."""

    def clearing(self) -> AbstractContextManager[Callable[[Transaction], object]]:
        """Remove all entries at the end of the block, together with a transaction that is committed in it.

        The value is a function that removes the stored ones in the transaction.
        """

    def close(self) -> None:
        """Write pending entries."""


class BoundedEntries:
    """The newest entries, at most `max_count` of at most `max_bytes` in all."""

    def __init__(self, max_count: int, max_bytes: int) -> None:
        self.entries: deque[JournalEntry] = deque()
        self.dropped = 0
        """Number of entries that were removed to make room."""
        self._max_count = max_count
        self._max_bytes = max_bytes
        self._bytes = 0
        self._lock = threading.Lock()

    def append(self, entry: JournalEntry) -> None:
        with self._lock:
            self.entries.append(entry)
            self._bytes += entry.size
            if len(self.entries) > self._max_count or self._bytes > self._max_bytes:
                self._remove_oldest()

    def to_json(self, entry: JournalEntry) -> EntryJson:
        """Return an entry as JSON. At the first call, render it and count what it takes then."""
        if entry.exchange is not None:
            entry.render()
            with self._lock:
                if self.entries and entry.id >= self.entries[0].id:  # it was not removed meanwhile
                    size = len(entry.json) + _ENTRY_BYTES
                    self._bytes += size - entry.size
                    entry.size = size
                    self._remove_oldest()
        return EntryJson(entry.id, entry.json)

    def take_all(self) -> list[JournalEntry]:
        """Remove all entries and return them, oldest first."""
        with self._lock:
            entries, self.entries, self._bytes = self.entries, deque(), 0
        return list(entries)

    def restore(self, entries: Sequence[JournalEntry]) -> None:
        """Add entries that were taken, before those that came meanwhile."""
        with self._lock:
            self.entries.extendleft(reversed(entries))
            self._bytes += sum(entry.size for entry in entries)
            self._remove_oldest()

    def _remove_oldest(self) -> None:
        while len(self.entries) > self._max_count or self._bytes > self._max_bytes:
            self._bytes -= self.entries.popleft().size
            self.dropped += 1


def render(entry_id: int, status: int, exchange: Exchange) -> dict[str, Any]:
    """Return an entry as a document. Secrets are redacted. A JSON body is a value, any other body is text."""
    request, metadata = exchange.request, exchange.metadata
    return {
        "id": entry_id,
        "at": write_instant(metadata.at),
        "api": metadata.api,
        "operation": metadata.operation,
        "method": request.method,
        "path": hide_url(f"{request.path}?{request.query}" if request.query else request.path),
        "order": metadata.order,
        "status": status,
        "duration_ms": metadata.microseconds / 1000,
        "request": {
            "headers": hide_headers(request.headers),
            "body": hide_body(request.body, request.headers.get("content-type", "")),
        },
        "reply": _render_reply(exchange.reply_headers, exchange.reply_body),
        "warnings": list(metadata.warnings),
        "faults": [hide_value(fault.describe()) for fault in metadata.faults],
        "connection": exchange.connection,
        "changes": [render_change(change) for change in metadata.changes if not change.kind.startswith("sandbox.")],
    }


def _render_reply(headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Render a reply. Refunds have the same few bodies."""
    hide = _hide_short_body if len(body) <= _SHORT_BODY_BYTES else hide_body
    return {"headers": hide_headers(headers), "body": hide(body, headers.get("content-type", ""))}


_hide_short_body = lru_cache(64)(hide_body)
