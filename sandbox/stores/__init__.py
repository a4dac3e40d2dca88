"""Keeps records: the protocol that every store follows."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

R = TypeVar("R")
Key = int | str


@dataclass(frozen=True)
class Kind(Generic[R]):
    """A sort of record: its name, its type, which field is its key, and by which fields it is looked up."""

    name: str
    record: type[R]
    key: str
    indexes: tuple[str, ...] = ()


class Transaction(Protocol):
    """Reads and writes that are kept together or undone together. Records are never changed in place."""

    def get(self, kind: Kind[R], key: Key) -> R | None:
        """The record with that key."""

    def where(self, kind: Kind[R], index: str, value: Any) -> list[R]:
        """The records whose indexed field has that value, oldest first."""

    def all(self, kind: Kind[R]) -> list[R]:
        """Every record of the kind, oldest first."""

    def put(self, kind: Kind[R], record: R) -> None:
        """Keeps the record, in place of the one with its key."""

    def delete(self, kind: Kind[R], key: Key) -> None:
        """Forgets the record with that key, if there is one."""

    def next_id(self, kind: Kind[Any]) -> int:
        """A number above every key of the kind, never given out twice."""

    def clear(self) -> None:
        """Forgets everything."""


class Store(Protocol):
    """Where a workspace's records live."""

    name: str

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Opens a transaction: kept when the block ends, undone when it raises."""


StoreFactory = Callable[[], Store]
