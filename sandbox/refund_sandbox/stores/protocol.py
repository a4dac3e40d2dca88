"""Protocols of stores: database, store of a workspace, transaction."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from msgspec import Struct

from refund_sandbox.stores.query import PageQuery, TotalsQuery
from refund_sandbox.stores.reads import NextIds, Read
from refund_sandbox.stores.record_types import Key, Record, RecordType
from refund_sandbox.stores.table import Table

__all__ = [
    "Change",
    "CommitUnknown",
    "Conflict",
    "Database",
    "Key",
    "NextIds",
    "PageQuery",
    "Read",
    "ReadTransaction",
    "Record",
    "RecordType",
    "Store",
    "StoreError",
    "TotalsQuery",
    "Transaction",
    "Unavailable",
    "WouldWait",
    "is_on_event_loop",
]

R = TypeVar("R")


class StoreError(Exception):
    """A store can't be used; the message is one line."""


class Unavailable(StoreError):
    """The database is not available now; nothing was changed, and the request may be repeated."""


class Conflict(StoreError):
    """The transaction was rolled back because of another one; it may be run again."""


class CommitUnknown(StoreError):
    """The connection was lost during COMMIT; the transaction may be saved or not."""


class WouldWait(Exception):
    """The event loop would have to wait for a lock. Nothing was done; the same call waits in a thread."""


def is_on_event_loop() -> bool:
    """Whether this thread runs an event loop, which must wait for no lock."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class Change(Struct, frozen=True, gc=False):
    """Change of one record. `before` is None for a new record, `after` for a deleted one."""

    kind: str
    key: Key
    before: Any
    after: Any


class ReadTransaction(Protocol):
    """Reads. Records are immutable."""

    is_remote: bool
    """Whether each read waits for a database, so that `prefetch` saves time."""

    def prefetch(self, *reads: Read) -> None:
        """Announce reads that follow in this transaction. A database answers all of them in one round trip."""

    def get(self, kind: RecordType[R], key: Key, *, for_update: bool = False) -> R | None:
        """Return the record with that key. `for_update` locks it until a transaction that may write ends."""

    def where(self, kind: RecordType[R], index: str, value: Any) -> list[R]:
        """Return the records whose indexed field has that value, oldest first."""

    def first(self, kind: RecordType[R], index: str) -> R | None:
        """Return the record with the lowest value of an indexed field."""

    def last(self, kind: RecordType[R], index: str) -> R | None:
        """Return the record with the highest value of an indexed field."""

    def all(self, kind: RecordType[R]) -> list[R]:
        """Return every record of a type, oldest first."""

    def page(self, kind: RecordType[R], query: PageQuery) -> tuple[list[R], int]:
        """Return a page of the records that match a query, and the number of all matches."""

    def totals(self, kind: RecordType[Any], query: TotalsQuery) -> list[tuple[Any, ...]]:
        """Return a row for each group, in any order: values of `by`, number of records, sums, lowest and distinct values.

        Without `by` there is one row, with null for the lowest of no records.
        """


class Transaction(ReadTransaction, Protocol):
    """Reads and writes that are committed or rolled back together."""

    def prefetch(self, *reads: Read | NextIds) -> None:
        """Announce reads, and reserve ids for `next_id` and `next_ids`."""

    def put(self, kind: RecordType[R], record: R) -> None:
        """Save the record; it replaces the one with the same key."""

    def delete(self, kind: RecordType[R], key: Key) -> None:
        """Delete the record with that key, if there is one."""

    def delete_until(self, kind: RecordType[Any], key: Key) -> None:
        """Delete the records up to that key; ids are not reused."""

    def next_id(self, kind: RecordType[Any]) -> int:
        """Return a number above every key of the type; it is never returned again."""

    def next_ids(self, kind: RecordType[Any], count: int) -> Sequence[int]:
        """Return `count` such numbers in ascending order."""

    def clear(self, kind: RecordType[Any]) -> None:
        """Delete every record of a type; its ids may start again."""

    def replace(self, kind: RecordType[Any], table: Table) -> None:
        """Replace every record of a type, and its last id, by those of a table that nobody else uses."""

    def changes(self) -> list[Change]:
        """Return the changes of all written records, in the order of the first writes."""


class Store(Protocol):
    """Records of one workspace."""

    name: str
    is_shared: bool
    """Whether records are shared with other processes, and survive a restart."""
    is_blocking: bool
    """Whether calls wait for a network, so that they must not run on the event loop."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Open a transaction that commits at the end of the block, or rolls back if it raises."""

    def read_only(self) -> AbstractContextManager[ReadTransaction]:
        """Open a transaction without writes."""

    def locked_at_once(self) -> AbstractContextManager[object]:
        """Hold the lock of the workspace in memory, so that transactions of this thread wait for nobody.

        Raise WouldWait if another thread has it. A database has no such lock, and is used in threads.
        """

    def snapshot(self) -> AbstractContextManager[ReadTransaction]:
        """Open a transaction whose reads all see the state of its begin, and which locks nobody out. For long reads."""

    def copy(self, record_types: Iterable[RecordType[Any]]) -> ReadTransaction:
        """Return reads of a copy in memory of all records of some types, as they are at one moment. It needs no lock."""

    def alone(self) -> AbstractContextManager[Transaction]:
        """Open a transaction that waits for the other writers of the workspace. What it has read stays true until it commits."""

    def exclusive(self) -> AbstractContextManager[Transaction]:
        """Open a transaction that excludes other writers of the workspace: for replacing its state."""


class Database(Protocol):
    """Records of all workspaces, by the name of the workspace."""

    is_shared: bool
    """Whether records are shared with other processes, and survive a restart."""

    def scan_all(self, kind: RecordType[R]) -> list[tuple[str, R]]:
        """Return every record of a type with its workspace."""

    def open(self, workspace: str) -> Store:
        """Return the store of a workspace; it is empty for a new one."""

    def copy_workspace(
        self,
        source: str,
        target: str,
        record_types: Iterable[RecordType[Any]],
        finish: Callable[[Transaction], None] | None = None,
    ) -> None:
        """Replace the target's records of some types by those of the source, in one transaction that `finish` may end."""

    def drop_workspaces(self, workspaces: Collection[str]) -> None:
        """Delete all records of some workspaces, in one transaction."""

    def close(self) -> None:
        """Close all connections."""
