"""Remembers the last requests and what was answered, bounded, without secrets."""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import count, islice
from typing import Any, NamedTuple, Protocol

from refund_sandbox.core import record_schema
from refund_sandbox.core.clock import write_instant
from refund_sandbox.core.context import Context, Reply
from refund_sandbox.core.documents import readable
from refund_sandbox.core.faults.fault import Fault
from refund_sandbox.core.redaction import hide_fields, hide_headers, hide_members
from refund_sandbox.frozen import frozen
from refund_sandbox.stores.protocol import Change, PageQuery, RecordType, Store, StoreError, Transaction
from refund_sandbox.stores.query import Compare

_MAX_BODY = 16 * 1024
_PAUSE = 0.05
"""Seconds in which entries gather before they are written together."""
_PAGE = 100
_log = logging.getLogger(__name__)


class JournalEntry(NamedTuple):
    """One request with its answer. A tuple of plain values: cheap to keep, rendered only when it is read."""

    id: int
    at: datetime
    api: str
    operation: str | None
    method: str
    target: str
    order: str | None
    status: int
    microseconds: int
    request_headers: Mapping[str, str]
    request_body: bytes
    reply_headers: Mapping[str, str]
    reply_body: bytes
    warnings: tuple[str, ...]
    faults: tuple[Fault, ...]
    changes: tuple[Change, ...]
    connection: str | None
    size: int
    """About how many bytes it takes, changes aside: they share their records with the ledger."""


class RequestMetadata(NamedTuple):
    """What a request and its answer don't say themselves."""

    at: datetime
    api: str
    order: str | None
    microseconds: int
    warnings: tuple[str, ...]


def _journal_entry(entry_id: int, context: Context, reply: Reply, metadata: RequestMetadata) -> JournalEntry:
    at, api, order, microseconds, warnings = metadata
    target = context.path + (f"?{context.query}" if context.query else "")
    request_body, reply_body = context.body[:_MAX_BODY], reply.to_bytes()[:_MAX_BODY]
    size = 1000 + len(target) + sum(map(len, context.headers.values())) + len(request_body) + len(reply_body)
    return JournalEntry(
        entry_id, at, api, context.operation.operation_id if context.operation else None, context.method, target,
        order, reply.status, microseconds, context.headers, request_body, reply.headers, reply_body,
        warnings, context.hits, context.changes, reply.connection, size,
    )  # fmt: skip


class Journal(Protocol):
    """The last requests of one workspace, newest first when read."""

    def record(self, context: Context, reply: Reply, metadata: RequestMetadata) -> None:
        """Keeps one request and its answer; the oldest one goes when there is no room."""

    def find(
        self, wanted: Mapping[str, Any], *, since: int = 0, before: int | None = None, limit: int = 100
    ) -> list[dict[str, Any]]:
        """The newest entries whose api, operation, status and order are the wanted ones, between the ids `since` and `before`."""

    def get(self, entry_id: int) -> dict[str, Any] | None:
        """One entry by its id."""

    def clear(self) -> None:
        """Forgets all; ids go on."""

    def close(self) -> None:
        """Writes what is not written yet."""


class MemoryJournal:
    """Keeps the last `size` requests in this process, and no more than so many bytes of them."""

    def __init__(self, size: int, most_bytes: int) -> None:
        self._entries: deque[JournalEntry] = deque()
        self._size = size
        self._most_bytes = most_bytes
        self._bytes = 0
        self._ids = count(1)

    def record(self, context: Context, reply: Reply, metadata: RequestMetadata) -> None:
        """Keeps one request and its answer."""
        entry = _journal_entry(next(self._ids), context, reply, metadata)
        self._entries.append(entry)
        self._bytes += entry.size
        while len(self._entries) > self._size or self._bytes > self._most_bytes:
            self._bytes -= self._entries.popleft().size

    def find(
        self, wanted: Mapping[str, Any], *, since: int = 0, before: int | None = None, limit: int = 100
    ) -> list[dict[str, Any]]:
        """The newest entries that are wanted."""
        found: list[dict[str, Any]] = []
        for entry in reversed(self._entries):
            if entry.id <= since or len(found) == limit:
                break
            if before is not None and entry.id >= before:
                continue
            if all(str(getattr(entry, name)) == str(value) for name, value in wanted.items()):
                found.append(render(entry))
        return found

    def get(self, entry_id: int) -> dict[str, Any] | None:
        """One entry by its id."""
        return next((render(entry) for entry in self._entries if entry.id == entry_id), None)

    def clear(self) -> None:
        """Forgets all."""
        self._entries.clear()
        self._bytes = 0

    def close(self) -> None:
        """Nothing is left to write."""


@frozen
class StoredEntry:
    """An entry as a store keeps it: rendered."""

    id: int
    document: dict[str, Any]


ENTRIES = RecordType("sandbox.request", StoredEntry, "id")


class StoredJournal:
    """Keeps the last `size` requests in a store, written in batches by a thread of its own, off the way of the calls.

    What was recorded in the last moment before a process is killed is lost; the ledger never is.
    """

    def __init__(self, store: Store, size: int) -> None:
        self._store = store
        self._size = size
        self._pending: deque[JournalEntry] = deque(maxlen=size)
        self._writing = threading.Lock()
        self._something = threading.Event()
        self._written = 0
        self._closed = False
        self._thread: threading.Thread | None = None

    def record(self, context: Context, reply: Reply, metadata: RequestMetadata) -> None:
        """Keeps one request and its answer, to be written in a moment."""
        self._pending.append(_journal_entry(0, context, reply, metadata))
        self._something.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._write_always, name="journal", daemon=True)
            self._thread.start()

    def find(
        self, wanted: Mapping[str, Any], *, since: int = 0, before: int | None = None, limit: int = 100
    ) -> list[dict[str, Any]]:
        """The newest entries that are wanted, of every process."""
        self._write()
        with self._store.read_only() as transaction:
            entries = (kept.document for kept in islice(_newest(transaction, since, before), self._size))
            found = (entry for entry in entries if all(str(entry[name]) == str(value) for name, value in wanted.items()))
            return list(islice(found, limit))

    def get(self, entry_id: int) -> dict[str, Any] | None:
        """One entry by its id."""
        self._write()
        with self._store.read_only() as transaction:
            kept = transaction.get(ENTRIES, entry_id)
        return kept.document if kept else None

    def clear(self) -> None:
        """Forgets all."""
        with self._writing:
            self._pending.clear()
            self._forget(0)

    def close(self) -> None:
        """Writes what is not written yet, and no more from then on."""
        self._closed = True
        self._something.set()
        self._write()

    def _write_always(self) -> None:
        while not self._closed:
            self._something.wait()
            time.sleep(_PAUSE)
            self._something.clear()
            try:
                self._write()
            except StoreError as error:
                _log.warning("the journal could not be written: %s", error)

    def _write(self) -> None:
        """Writes what is pending, in one transaction; what can't be written stays pending."""
        with self._writing:
            batch = [self._pending.popleft() for _ in range(len(self._pending))]
            if not batch:
                return
            try:
                self._keep(batch)
            except StoreError:
                self._pending.extendleft(reversed(batch))
                raise
            self._written += len(batch)
            if self._written > self._size // 4:
                self._prune()

    def _keep(self, batch: list[JournalEntry]) -> None:
        with self._store.transaction() as transaction:
            for entry_id, entry in zip(transaction.next_ids(ENTRIES, len(batch)), batch, strict=True):
                transaction.put(ENTRIES, StoredEntry(entry_id, render(entry._replace(id=entry_id))))

    def _prune(self) -> None:
        """Deletes the oldest entries, many at a time."""
        self._written = 0
        self._forget(self._size)

    def _forget(self, spared: int) -> None:
        """Deletes all but so many of the newest entries; ids go on."""
        with self._store.transaction() as transaction:
            newest, _ = transaction.page(ENTRIES, PageQuery(spared, 1, downwards=True))
            for kept in newest:
                transaction.delete_until(ENTRIES, kept.id)


def _newest(transaction: Transaction, since: int, before: int | None) -> Iterator[StoredEntry]:
    """The entries with an id above `since`, below `before`, newest first. They are read by pages; most questions need one."""
    above = Compare("id", ">", since)
    while True:
        below = (Compare("id", "<", before),) if before is not None else ()
        page, _ = transaction.page(ENTRIES, PageQuery(0, _PAGE, downwards=True, where=(above, *below)))
        if not page:
            return
        yield from page
        before = page[-1].id


def render(entry: JournalEntry) -> dict[str, Any]:
    """An entry as a document. Secrets are replaced; a body that is JSON is shown as such, another as text."""
    return {
        "id": entry.id,
        "at": write_instant(entry.at),
        "api": entry.api,
        "operation": entry.operation,
        "method": entry.method,
        "path": hide_fields(entry.target),
        "order": entry.order,
        "status": entry.status,
        "duration_ms": entry.microseconds / 1000,
        "request": {"headers": hide_headers(entry.request_headers), "body": _shown(entry.request_body)},
        "reply": {"headers": hide_headers(entry.reply_headers), "body": _shown(entry.reply_body)},
        "warnings": list(entry.warnings),
        "faults": [fault.describe() for fault in entry.faults],
        "connection": entry.connection,
        "changes": [_describe_change(change) for change in entry.changes if not change.kind.startswith("sandbox.")],
    }


def _describe_change(change: Change) -> dict[str, Any]:
    """What a call did to one record of the ledger: the fields that are different now, before and after."""
    before = record_schema.write(change.before) if change.before is not None else {}
    after = record_schema.write(change.after) if change.after is not None else {}
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {
        "record": change.kind,
        "key": change.key,
        "before": {name: before[name] for name in names if name in before} if before else None,
        "after": {name: after[name] for name in names if name in after} if after else None,
    }


def _shown(body: bytes) -> Any:
    return readable(hide_members(body.decode("utf-8", "replace")))
