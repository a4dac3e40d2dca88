"""Journal in a store that processes share."""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any

from msgspec import Raw, Struct
from msgspec.json import Decoder

from refund_sandbox.core.context import Reply, Request
from refund_sandbox.core.journal.journal import BoundedEntries, EntryJson, JournalEntry, RequestMetadata, new_entry, render
from refund_sandbox.core.json_writer import dump_entry
from refund_sandbox.stores.protocol import (
    CommitUnknown,
    PageQuery,
    ReadTransaction,
    Record,
    RecordType,
    Store,
    StoreError,
    TotalsQuery,
    Transaction,
)
from refund_sandbox.stores.query import Compare

_BATCH_INTERVAL_S = 0.05
"""Time in which entries are collected before they are written together."""
_PAGE_SIZE = 1000
_log = logging.getLogger(__name__)


class StoredEntry(Record):
    """A journal entry in a store, already rendered."""

    id: int
    document: Raw

    @property
    def size(self) -> int:
        """Size in bytes."""
        return len(bytes(self.document))


ENTRIES = RecordType("sandbox.request", StoredEntry, "id", columns=("size",), is_written_once=True)


class _FilterFields(Struct):
    """Fields of a rendered entry that filters compare."""

    api: str
    operation: str | None
    status: int
    order: str | None

    def match(self, filters: Mapping[str, Any]) -> bool:
        return all(str(getattr(self, name)) == str(value) for name, value in filters.items())


_read_fields = Decoder(_FilterFields).decode


class StoredJournal:
    """The last `size` requests in a store, of at most `max_bytes` bytes in all.

    A thread writes them in batches, so that requests do not wait for it. Entries that are not written yet are lost if the
    process is killed. The ledger is not affected.
    """

    def __init__(self, store: Store, size: int, max_bytes: int, exists: Callable[[ReadTransaction], bool]) -> None:
        """`exists` returns whether the workspace is in the store. Entries of one that was deleted are dropped."""
        self._store = store
        self._exists = exists
        self._size = size
        self._max_bytes = max_bytes
        self._pending = BoundedEntries(size, max_bytes)
        self._writing = threading.Lock()
        self._has_pending = threading.Event()
        self._unknown: list[StoredEntry] = []
        """Entries whose commit is unknown."""
        self._deleted = self._stored = 0
        """Entries that this process has deleted, and stored, since the log was cleared."""
        self._written = self._written_bytes = 0
        self._closed = False
        self._thread: threading.Thread | None = None

    def record(self, request: Request, reply: Reply, metadata: RequestMetadata) -> None:
        self._pending.append(new_entry(0, request, reply, metadata))
        self._has_pending.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
            self._thread.start()

    def find(self, filters: Mapping[str, Any], *, since: int = 0, before: int | None = None, limit: int = 100) -> list[EntryJson]:
        """Return the newest matching entries of all processes."""
        self._write_pending()
        with self._store.read_only() as transaction:
            page_size = _PAGE_SIZE if filters else min(limit, _PAGE_SIZE)
            entries = islice(_newest(transaction, since, before, page_size), self._size)
            matches = (entry for entry in entries if not filters or _read_fields(entry.document).match(filters))
            return [EntryJson(entry.id, bytes(entry.document)) for entry in islice(matches, limit)]

    def after(self, entry_id: int, limit: int) -> list[EntryJson]:
        self._write_pending()
        with self._store.read_only() as transaction:
            page, _ = transaction.page(ENTRIES, PageQuery(0, limit, where=(Compare("id", ">", entry_id),), is_counted=False))
        return [EntryJson(entry.id, bytes(entry.document)) for entry in page]

    def get(self, entry_id: int) -> bytes | None:
        self._write_pending()
        with self._store.read_only() as transaction:
            entry = transaction.get(ENTRIES, entry_id)
        return bytes(entry.document) if entry else None

    def dropped(self) -> int:
        return max(self._deleted, self._stored - self._size) + self._pending.dropped

    def newest_id(self) -> int:
        self._write_pending()
        with self._store.read_only() as transaction:
            newest, _ = transaction.page(ENTRIES, PageQuery(0, 1, downwards=True, is_counted=False))
        return newest[0].id if newest else 0

    def clear(self) -> None:
        with self.clearing() as clear, self._store.transaction() as transaction:
            clear(transaction)

    @contextmanager
    def clearing(self) -> Iterator[Callable[[Transaction], object]]:
        with self._writing:
            yield lambda transaction: _delete_oldest(transaction, 0, self._max_bytes)
            self._pending.take_all()
            self._unknown.clear()
            self._deleted = self._stored = self._pending.dropped = 0

    def close(self) -> None:
        """Write pending entries and stop the thread."""
        self._closed = True
        self._has_pending.set()
        self._try_to_write()

    def _run(self) -> None:
        while not self._closed:
            self._has_pending.wait()
            time.sleep(_BATCH_INTERVAL_S)
            self._has_pending.clear()
            self._try_to_write()

    def _try_to_write(self) -> None:
        """Write the pending entries. A database that does not answer must not keep the sandbox from closing."""
        try:
            self._write_pending()
        except StoreError as error:
            _log.warning("the request log could not be written: %s", error)

    def _write_pending(self) -> None:
        """Write the pending entries in one transaction. If that fails, they stay pending."""
        with self._writing:
            batch = self._pending.take_all()
            if not (batch or self._unknown):
                return
            try:
                self._write(batch)
            except CommitUnknown:
                raise
            except StoreError:
                self._pending.restore(batch)
                raise
            if self._written > self._size // 4 or self._written_bytes > self._max_bytes // 4:
                self._written = self._written_bytes = 0
                with self._store.transaction() as transaction:
                    deleted = _delete_oldest(transaction, self._size, self._max_bytes)
                self._deleted += deleted

    def _write(self, batch: list[JournalEntry]) -> None:
        """Write entries. Those of an unknown commit keep their ids, so that none is written twice."""
        entries: list[StoredEntry] = []
        try:
            with self._store.transaction() as transaction:
                if self._exists(transaction):  # its lock keeps others from deleting it meanwhile
                    ids = transaction.next_ids(ENTRIES, len(batch)) if batch else ()
                    entries = [StoredEntry(number, Raw(_storable(number, one))) for number, one in zip(ids, batch, strict=True)]
                    for entry in (*self._unknown, *entries):
                        transaction.put(ENTRIES, entry)
        except CommitUnknown:
            self._unknown = [*self._unknown, *entries][-self._size :]
            raise
        self._unknown = []
        self._written += len(entries)
        self._stored += len(entries)
        self._written_bytes += sum(entry.size for entry in entries)


def _delete_oldest(transaction: Transaction, remaining: int, max_bytes: int) -> int:
    """Delete all entries but the newest `remaining`, and those beyond `max_bytes` in all. Return their number. Ids continue."""
    [(count, size)] = transaction.totals(ENTRIES, TotalsQuery(sums=("size",)))
    if size > max_bytes:
        remaining = min(remaining, _count_newest(transaction, max_bytes))
    [*oldest], _ = transaction.page(ENTRIES, PageQuery(remaining, 1, downwards=True, is_counted=False))
    if oldest:
        transaction.delete_until(ENTRIES, oldest[0].id)
    return max(0, int(count) - remaining)


def _count_newest(transaction: ReadTransaction, max_bytes: int) -> int:
    """Return the number of the newest entries that have at most `max_bytes` in all."""
    size = 0
    for count, entry in enumerate(_newest(transaction)):
        size += entry.size
        if size > max_bytes:
            return count
    return 0


def _storable(entry_id: int, entry: JournalEntry) -> bytes:
    """Return the JSON of an entry without lone surrogates, which databases do not store."""
    assert entry.exchange is not None, "only entries that are written are rendered"
    document = dump_entry(render(entry_id, entry.status, entry.exchange))
    if b"\\ud" not in document:
        return document
    return json.dumps(json.loads(document), ensure_ascii=False).encode("utf-8", "replace")


def _newest(
    transaction: ReadTransaction, since: int = 0, before: int | None = None, page_size: int = _PAGE_SIZE
) -> Iterator[StoredEntry]:
    """Yield the entries with ids above `since` and below `before`, newest first, read page by page."""
    above = Compare("id", ">", since)
    while True:
        below = (Compare("id", "<", before),) if before is not None else ()
        page, _ = transaction.page(ENTRIES, PageQuery(0, page_size, downwards=True, where=(above, *below), is_counted=False))
        yield from page
        if len(page) < page_size or not page:
            return
        before = page[-1].id
