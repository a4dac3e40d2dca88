"""Keeps records: the protocol that every store follows."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol, TypeVar

from refund_sandbox.stores.query import PageQuery
from refund_sandbox.stores.record_types import Key, RecordType

__all__ = [
    "Change",
    "Conflict",
    "Database",
    "Key",
    "PageQuery",
    "RecordType",
    "Store",
    "StoreError",
    "Transaction",
    "Unavailable",
]

R = TypeVar("R")


class StoreError(Exception):
    """A store can't be used; the message says why, in one line."""


class Unavailable(StoreError):
    """The database does not answer now; the same call may work in a moment. Nothing was kept."""


class Conflict(StoreError):
    """Two transactions stood in each other's way and this one was undone; running it again is safe."""


class Change(NamedTuple):
    """What a transaction made of one record; None stands for a record that was not there, or is not there any more."""

    kind: str
    key: Key
    before: Any
    after: Any


class Transaction(Protocol):
    """Reads and writes that are kept together or undone together. Records are never changed in place."""

    def get(self, kind: RecordType[R], key: Key, *, for_update: bool = False) -> R | None:
        """The record with that key. With `for_update`, no other transaction can get it so until this one ends."""

    def where(self, kind: RecordType[R], index: str, value: Any) -> list[R]:
        """The records whose indexed field has that value, oldest first."""

    def first(self, kind: RecordType[R], index: str) -> R | None:
        """The record with the lowest value of an indexed field."""

    def last(self, kind: RecordType[R], index: str) -> R | None:
        """The record with the highest value of an indexed field."""

    def all(self, kind: RecordType[R]) -> list[R]:
        """Every record of the kind, oldest first."""

    def page(self, kind: RecordType[R], query: PageQuery) -> tuple[list[R], int]:
        """A page of the records that a part names, and how many it has in all."""

    def put(self, kind: RecordType[R], record: R) -> None:
        """Keeps the record, in place of the one with its key."""

    def delete(self, kind: RecordType[R], key: Key) -> None:
        """Forgets the record with that key, if there is one."""

    def delete_until(self, kind: RecordType[Any], key: Key) -> None:
        """Forgets the records up to that key; ids go on."""

    def next_id(self, kind: RecordType[Any]) -> int:
        """A number above every key of the kind, never given out twice."""

    def next_ids(self, kind: RecordType[Any], count: int) -> Sequence[int]:
        """As many such numbers, upwards."""

    def clear(self, kind: RecordType[Any]) -> None:
        """Forgets every record of the kind; its ids may start again."""

    def changes(self) -> list[Change]:
        """What became of each record that was put or deleted, in the order of the first writes."""


class Store(Protocol):
    """The records of one workspace."""

    name: str
    shared: bool
    """Whether other processes use the same records, or this one finds them again after a restart."""
    is_blocking: bool
    """Whether a call waits for a network, so that it must not run on the event loop."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Opens a transaction: kept when the block ends, undone when it raises."""

    def read_only(self) -> AbstractContextManager[Transaction]:
        """Opens a transaction that only reads."""

    def exclusive(self) -> AbstractContextManager[Transaction]:
        """Opens a transaction beside which nobody writes in this workspace: for replacing its world."""


class Database(Protocol):
    """Where the records of all workspaces live, each workspace under a name of its own."""

    shared: bool
    """Whether other processes use the same records, or this one finds them again after a restart."""

    def scan_all(self, kind: RecordType[R]) -> list[tuple[str, R]]:
        """Every record of a kind, with the workspace that it belongs to."""

    def open(self, workspace: str) -> Store:
        """The records of a workspace; none when it is new."""

    def copy(self, source: str, target: str, record_types: Iterable[RecordType[Any]]) -> None:
        """Gives a workspace another one's records of some kinds, in place of its own; kept whole or not at all."""

    def drop(self, workspace: str) -> None:
        """Forgets everything that a workspace has."""

    def close(self) -> None:
        """Lets go of what is held open."""
