"""Keeps records in this process. Calls run one after the other on the event loop, so no locks are needed."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from operator import attrgetter
from typing import Any, TypeVar

from sandbox.stores import Key, Kind, Part
from sandbox.stores.conditions import OneOf
from sandbox.stores.text import plain

R = TypeVar("R")


class MemoryStore:
    """The default store: empty at every start."""

    name = "memory"
    shared = False
    waits = False

    def __init__(self) -> None:
        self._records: dict[str, dict[Key, Any]] = {}
        self._indexes: dict[tuple[str, str], dict[Any, dict[Key, None]]] = {}
        self._last_ids: dict[str, int] = {}

    @contextmanager
    def transaction(self) -> Iterator["MemoryTransaction"]:
        """Kept when the block ends; undone, newest change first, when it raises."""
        transaction = MemoryTransaction(self._records, self._indexes, self._last_ids)
        try:
            yield transaction
        except BaseException:
            transaction.undo()
            raise

    @contextmanager
    def reading(self) -> Iterator["MemoryTransaction"]:
        """The same: nobody else is there."""
        yield MemoryTransaction(self._records, self._indexes, self._last_ids)

    def alone(self) -> AbstractContextManager["MemoryTransaction"]:
        """Any transaction is alone here."""
        return self.transaction()

    def close(self) -> None:
        """Nothing is held open."""


class MemoryTransaction:
    """Writes at once and remembers how to take each write back."""

    def __init__(
        self,
        records: dict[str, dict[Key, Any]],
        indexes: dict[tuple[str, str], dict[Any, dict[Key, None]]],
        last_ids: dict[str, int],
    ) -> None:
        self._records = records
        self._indexes = indexes
        self._last_ids = last_ids
        self._undo: list[Callable[[], None]] = []

    def get(self, kind: Kind[R], key: Key, *, for_update: bool = False) -> R | None:
        """The record with that key."""
        return self._records.get(kind.name, {}).get(key)

    def where(self, kind: Kind[R], index: str, value: Any) -> list[R]:
        """The records whose indexed field has that value, oldest first."""
        records = self._records.get(kind.name, {})
        return [records[key] for key in self._indexes.get((kind.name, index), {}).get(value, ())]

    def first(self, kind: Kind[R], index: str) -> R | None:
        """The record with the lowest value of an indexed field."""
        entries = self._indexes.get((kind.name, index), {})
        lowest = min((value for value, keys in entries.items() if keys and value is not None), default=None)
        return None if lowest is None else self.where(kind, index, lowest)[0]

    def last(self, kind: Kind[R], index: str) -> R | None:
        """The record with the highest value of an indexed field."""
        entries = self._indexes.get((kind.name, index), {})
        highest = max((value for value, keys in entries.items() if keys and value is not None), default=None)
        return None if highest is None else self.where(kind, index, highest)[0]

    def all(self, kind: Kind[R]) -> list[R]:
        """Every record of the kind, oldest first."""
        return list(self._records.get(kind.name, {}).values())

    def page(self, kind: Kind[R], part: Part) -> tuple[list[R], int]:
        """A page of the records that a part names, and how many it has in all."""
        records = self._candidates(kind, part)
        for condition in part.where:
            records = list(filter(condition.test(self.all), records))
        records.sort(key=attrgetter(kind.key), reverse=part.downwards and part.order is None)
        if part.order is not None:
            records.sort(key=_order_by(kind, part.order), reverse=part.downwards)  # it leaves equals as they were
        return records[part.offset : part.offset + part.limit], len(records)

    def _candidates(self, kind: Kind[R], part: Part) -> list[R]:
        """The records among which those of a part are: of an index, if its first condition names one, or else all."""
        first = part.where[0] if part.where else None
        if isinstance(first, OneOf) and first.field in kind.indexes:
            return [record for value in set(first.values) for record in self.where(kind, first.field, value)]
        return self.all(kind)

    def put(self, kind: Kind[R], record: R) -> None:
        """Keeps the record, in place of the one with its key."""
        key = getattr(record, kind.key)
        self._remember(kind, key, record)
        self._write(kind, key, record)
        if isinstance(key, int):
            self._last_ids[kind.name] = max(key, self._last_ids.get(kind.name, 0))

    def delete(self, kind: Kind[R], key: Key) -> None:
        """Forgets the record with that key, if there is one."""
        self._remember(kind, key, None)
        self._write(kind, key, None)

    def delete_until(self, kind: Kind[Any], key: Key) -> None:
        """Forgets the records up to that key; ids go on."""
        for one in [one for one in self._records.get(kind.name, {}) if one <= key]:  # type: ignore[operator]  # of one type
            self.delete(kind, one)

    def next_id(self, kind: Kind[Any]) -> int:
        """A number above every key of the kind, never given out twice."""
        return self.next_ids(kind, 1)[0]

    def next_ids(self, kind: Kind[Any], count: int) -> Sequence[int]:
        """As many such numbers, upwards."""
        last = self._last_ids.get(kind.name, 0)
        self._last_ids[kind.name] = last + count
        return range(last + 1, last + count + 1)

    def clear(self, kind: Kind[Any]) -> None:
        """Forgets every record of the kind; its ids start again."""
        kept = [(store, name, store.pop(name)) for store, name in self._parts(kind) if name in store]

        def take_back() -> None:
            for store, name in self._parts(kind):
                store.pop(name, None)
            for store, name, entries in kept:
                store[name] = entries

        self._undo.append(take_back)

    def _parts(self, kind: Kind[Any]) -> "list[tuple[dict[Any, Any], Any]]":
        """Where a kind is kept: its records, its indexes, its last id."""
        indexes = [(self._indexes, (kind.name, index)) for index in kind.indexes]
        return [(self._records, kind.name), (self._last_ids, kind.name), *indexes]

    def undo(self) -> None:
        """Takes every write back."""
        for step in reversed(self._undo):
            step()

    def _remember(self, kind: Kind[Any], key: Key, record: Any) -> None:
        """How to take the next write back: a record that leaves a place gets that place again, not the last one."""
        old = self.get(kind, key)
        places: list[dict[Any, Any]] = []
        if old is not None:
            left = [index for index in kind.indexes if record is None or getattr(old, index) != getattr(record, index)]
            places = [self._indexes[kind.name, index][getattr(old, index)] for index in left]
        if old is not None and record is None:
            places.append(self._records[kind.name])
        kept = [dict(place) for place in places]

        def take_back() -> None:
            self._write(kind, key, old)
            for place, entries in zip(places, kept, strict=True):
                place.clear()
                place.update(entries)

        self._undo.append(take_back)

    def _write(self, kind: Kind[Any], key: Key, record: Any) -> None:
        records = self._records.setdefault(kind.name, {})
        old = records.get(key)
        if record is None:
            records.pop(key, None)
        else:
            records[key] = record
        for index in kind.indexes:
            entries = self._indexes.setdefault((kind.name, index), {})
            before, after = getattr(old, index, None), getattr(record, index, None)
            if old is not None and (record is None or before != after):
                entries[before].pop(key)
            if record is not None and (old is None or before != after):
                entries.setdefault(after, {})[key] = None


def _order_by(kind: Kind[Any], field: str) -> Callable[[Any], tuple[int, Any]]:
    """What records are sorted by: null first, numbers by size, text without regard to case."""
    read = (lambda value: value) if kind.is_number(field) else plain

    def key(record: Any) -> tuple[int, Any]:
        value = getattr(record, field)
        return (0, 0) if value is None else (1, read(value))

    return key
