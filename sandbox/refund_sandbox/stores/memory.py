"""Store in the memory of this process, with one lock per workspace."""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from refund_sandbox.stores.memory_tables import MemoryTables
from refund_sandbox.stores.memory_transactions import MemoryReadTransaction, MemoryTransaction
from refund_sandbox.stores.protocol import RecordType

R = TypeVar("R")


class MemoryDatabase:
    """Default database: empty at every start."""

    is_shared = False

    def __init__(self) -> None:
        self._workspaces: dict[str, MemoryTables] = {}

    def open(self, workspace: str) -> "MemoryStore":
        return MemoryStore(self._workspaces.setdefault(workspace, MemoryTables()))

    def scan_all(self, kind: RecordType[R]) -> list[tuple[str, R]]:
        tables = [(name, one.tables.get(kind.name)) for name, one in list(self._workspaces.items())]
        return [(name, record) for name, table in tables if table for record in table.records.values()]

    def copy_workspace(
        self,
        source: str,
        target: str,
        record_types: Iterable[RecordType[Any]],
        finish: Callable[["MemoryTransaction"], None] | None = None,
    ) -> None:
        """Copy the tables, under the locks of both workspaces. All threads take them in the same order.

        A source that was deleted has no records.
        """
        there = self._workspaces.get(source) or MemoryTables()
        here = self._workspaces.setdefault(target, MemoryTables())
        first, second = (there, here) if source < target else (here, there)
        with MemoryReadTransaction(first), MemoryReadTransaction(second), MemoryTransaction(here) as transaction:
            for kind in record_types:
                table = there.tables.get(kind.name)
                if table and not table.is_new:
                    transaction.replace(kind, table.copy())
                else:
                    transaction.clear(kind)
            if finish:
                finish(transaction)

    def drop_workspaces(self, workspaces: Collection[str]) -> None:
        """Delete the records too: requests and deliveries in progress may hold the store, and must find it empty."""
        for name in workspaces:
            dropped = self._workspaces.get(name)
            if dropped is None:
                continue
            with MemoryReadTransaction(dropped):
                self._workspaces.pop(name, None)
                tables = list(dropped.tables.values())
                dropped.tables.clear()
            for table in tables:
                table.dispose()

    def close(self) -> None:
        """Do nothing: no connection is open."""


class MemoryStore:
    """Implementation of `Store`. Calls take microseconds, so they run on the event loop, unless a thread has the lock."""

    name = "memory"
    is_shared = False
    is_blocking = False

    def __init__(self, workspace: MemoryTables | None = None) -> None:
        self._workspace = workspace or MemoryTables()
        self._reader = MemoryReadTransaction(self._workspace)

    def transaction(self) -> "MemoryTransaction":
        return MemoryTransaction(self._workspace)

    @contextmanager
    def snapshot(self) -> Iterator["MemoryReadTransaction"]:
        with self._reader:
            tables = self._workspace.copy_records()
        yield MemoryReadTransaction(tables)  # nobody else has the copy, so that no lock is needed

    def copy(self, record_types: Iterable[RecordType[Any]]) -> "MemoryReadTransaction":
        with self.snapshot() as copied:
            return copied

    @contextmanager
    def locked_at_once(self) -> Iterator[None]:
        if not self._workspace.lock.acquire(blocking=False):
            self._workspace.wait_for_lock()
        try:
            yield
        finally:
            self._workspace.lock.release()

    alone = exclusive = transaction
    """The lock excludes other transactions anyway."""

    def read_only(self) -> "MemoryReadTransaction":
        """Return the one transaction for reads, which has no state of its own."""
        return self._reader
