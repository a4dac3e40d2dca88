"""Journal in a store that processes share."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any

from msgspec.structs import replace

from refund_sandbox.core.context import Reply, Request
from refund_sandbox.core.journal.journal import JournalEntry, RequestMetadata, new_entry, render
from refund_sandbox.stores.protocol import (
    CommitUnknown,
    PageQuery,
    ReadTransaction,
    Record,
    RecordType,
    Store,
    StoreError,
    Transaction,
)
from refund_sandbox.stores.query import Compare

_BATCH_INTERVAL_S = 0.05
"""Time in which entries are collected before they are written together."""
_PAGE_SIZE = 100
_log = logging.getLogger(__name__)


class StoredEntry(Record):
    """A journal entry in a store, already rendered."""

    id: int
    document: dict[str, Any]


ENTRIES = RecordType("sandbox.request", StoredEntry, "id")


class StoredJournal:
    """The last `size` requests in a store. A thread writes them in batches, so that requests do not wait for it.

    Entries that are not written yet are lost if the process is killed. The ledger is not affected.
    """

    def __init__(self, store: Store, size: int) -> None:
        self._store = store
        self._size = size
        self._pending: deque[JournalEntry] = deque(maxlen=size)
        self._writing = threading.Lock()
        self._has_pending = threading.Event()
        self._unknown: list[StoredEntry] = []
        """Entries whose commit is unknown."""
        self._written = 0
        self._closed = False
        self._thread: threading.Thread | None = None

    def record(self, request: Request, reply: Reply, metadata: RequestMetadata) -> None:
        self._pending.append(new_entry(0, request, reply, metadata))
        self._has_pending.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
            self._thread.start()

    def find(
        self, filters: Mapping[str, Any], *, since: int = 0, before: int | None = None, limit: int = 100
    ) -> list[dict[str, Any]]:
        """Return the newest matching entries of all processes."""
        self._write_pending()
        with self._store.read_only() as transaction:
            documents = (entry.document for entry in islice(_newest(transaction, since, before), self._size))
            matches = (entry for entry in documents if all(str(entry[name]) == str(value) for name, value in filters.items()))
            return list(islice(matches, limit))

    def get(self, entry_id: int) -> dict[str, Any] | None:
        self._write_pending()
        with self._store.read_only() as transaction:
            entry = transaction.get(ENTRIES, entry_id)
        return entry.document if entry else None

    def clear(self) -> None:
        with self.clearing() as clear, self._store.transaction() as transaction:
            clear(transaction)

    @contextmanager
    def clearing(self) -> Iterator[Callable[[Transaction], None]]:
        with self._writing:
            yield lambda transaction: _delete_oldest(transaction, remaining=0)
            self._pending.clear()
            self._unknown.clear()

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
            batch = [self._pending.popleft() for _ in range(len(self._pending))]
            if not (batch or self._unknown):
                return
            try:
                self._write(batch)
            except CommitUnknown:
                raise
            except StoreError:
                self._pending.extendleft(reversed(batch))
                raise
            self._written += len(batch)
            if self._written > self._size // 4:
                self._written = 0
                with self._store.transaction() as transaction:
                    _delete_oldest(transaction, remaining=self._size)

    def _write(self, batch: list[JournalEntry]) -> None:
        """Write entries. Those of an unknown commit keep their ids, so that none is written twice."""
        entries: list[StoredEntry] = []
        try:
            with self._store.transaction() as transaction:
                ids = transaction.next_ids(ENTRIES, len(batch)) if batch else ()
                entries = [StoredEntry(number, render(replace(one, id=number))) for number, one in zip(ids, batch, strict=True)]
                for entry in (*self._unknown, *entries):
                    transaction.put(ENTRIES, entry)
        except CommitUnknown:
            self._unknown = [*self._unknown, *entries][-self._size :]
            raise
        self._unknown = []


def _delete_oldest(transaction: Transaction, *, remaining: int) -> None:
    """Delete all entries but the newest `remaining`. Ids continue."""
    newest_deleted, _ = transaction.page(ENTRIES, PageQuery(remaining, 1, downwards=True))
    for entry in newest_deleted:
        transaction.delete_until(ENTRIES, entry.id)


def _newest(transaction: ReadTransaction, since: int, before: int | None) -> Iterator[StoredEntry]:
    """Yield the entries with ids above `since` and below `before`, newest first, read page by page."""
    above = Compare("id", ">", since)
    while True:
        below = (Compare("id", "<", before),) if before is not None else ()
        page, _ = transaction.page(ENTRIES, PageQuery(0, _PAGE_SIZE, downwards=True, where=(above, *below)))
        if not page:
            return
        yield from page
        before = page[-1].id
