"""Keeps records in this process, a workspace at a time under its own lock."""

import threading
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, TypeVar

from sandbox.stores import Change, Key, Kind, Part
from sandbox.stores.conditions import OneOf
from sandbox.stores.text import plain

R = TypeVar("R")


@dataclass
class _Records:
    """What one workspace holds: records by kind and key, keys by index and value, and the last id of each kind."""

    records: dict[str, dict[Key, Any]] = field(default_factory=dict)
    ages: dict[str, dict[Key, int]] = field(default_factory=dict)
    """When each record came, as a number that counts up."""
    indexes: dict[tuple[str, str], dict[Any, dict[Key, None]]] = field(default_factory=dict)
    values: dict[tuple[str, str], list[Any]] = field(default_factory=dict)
    """The values of an index in order, null aside; kept from the first time that somebody asks for the lowest or highest."""
    last_ids: dict[str, int] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    age: int = 0
    """The age of the newest record."""

    def parts(self, kind: Kind[Any]) -> "list[tuple[dict[Any, Any], Any]]":
        """Where a kind is kept: its records, when they came, its last id, its indexes."""
        places: list[tuple[dict[Any, Any], Any]] = [(part, kind.name) for part in (self.records, self.ages, self.last_ids)]
        return places + [(part, (kind.name, index)) for part in (self.indexes, self.values) for index in kind.indexes]

    def write(self, kind: Kind[Any], key: Key, record: Any) -> None:
        """Puts a record in its place, or with None takes it away."""
        records, ages = self.records.setdefault(kind.name, {}), self.ages.setdefault(kind.name, {})
        old = records.get(key)
        if record is None:
            records.pop(key, None)
            ages.pop(key, None)
        else:
            records[key] = record
            if old is None:
                self.age += 1
                ages[key] = self.age
        for index in kind.indexes:
            before, after = getattr(old, index, None), getattr(record, index, None)
            if old is not None and (record is None or before != after):
                self._leave((kind.name, index), before, key)
            if record is not None and (old is None or before != after):
                self._join((kind.name, index), after, key)

    def _leave(self, place: tuple[str, str], value: Any, key: Key) -> None:
        keys = self.indexes[place][value]
        del keys[key]
        if keys:
            return
        del self.indexes[place][value]
        if place in self.values and value is not None:
            del self.values[place][bisect_left(self.values[place], value)]

    def _join(self, place: tuple[str, str], value: Any, key: Key) -> None:
        keys = self.indexes.setdefault(place, {}).setdefault(value, {})
        if not keys and place in self.values and value is not None:
            insort(self.values[place], value)
        keys[key] = None

    def bring_back(self, kind: Kind[Any], key: Key, record: Any, age: int) -> None:
        """Puts a record that was taken away where it was before: by its age."""
        self.write(kind, key, record)
        records, ages = self.records[kind.name], self.ages[kind.name]
        ages[key] = age
        ordered = sorted(records.items(), key=lambda entry: ages[entry[0]])
        records.clear()
        records.update(ordered)


class MemoryDatabase:
    """The default database: empty at every start."""

    shared = False

    def __init__(self) -> None:
        self._workspaces: dict[str, _Records] = {}

    def open(self, workspace: str) -> "MemoryStore":
        """The records of a workspace."""
        return MemoryStore(self._workspaces.setdefault(workspace, _Records()))

    def everywhere(self, kind: Kind[R]) -> list[tuple[str, R]]:
        """Every record of a kind, with its workspace."""
        return [
            (name, record) for name, one in list(self._workspaces.items()) for record in one.records.get(kind.name, {}).values()
        ]

    def copy(self, source: str, target: str, kinds: Iterable[Kind[Any]]) -> None:
        """Gives a workspace another one's records. Records are never changed in place, so that only what holds them is copied."""
        there, here = self._workspaces[source], self._workspaces.setdefault(target, _Records())
        with there.lock, here.lock:
            here.age = max(here.age, there.age)
            for kind in kinds:
                for (found, name), (place, _) in zip(there.parts(kind), here.parts(kind), strict=True):
                    place.pop(name, None)
                    if name in found:
                        place[name] = _copy(found[name])

    def drop(self, workspace: str) -> None:
        """Forgets everything that a workspace has."""
        self._workspaces.pop(workspace, None)

    def close(self) -> None:
        """Nothing is held open."""


def _copy(part: Any) -> Any:
    """A copy of what holds records: an id as it is, records in a new dictionary, of an index also the keys under each value."""
    if not isinstance(part, dict):
        return list(part) if isinstance(part, list) else part
    return {value: dict(keys) for value, keys in part.items()} if _is_index(part) else dict(part)


def _is_index(part: dict[Any, Any]) -> bool:
    return isinstance(next(iter(part.values()), None), dict)


class MemoryStore:
    """Follows `sandbox.stores.Store`. Calls take microseconds, so that waiting for the lock costs nothing."""

    name = "memory"
    shared = False
    waits = False

    def __init__(self, records: _Records | None = None) -> None:
        self._records = records or _Records()

    @contextmanager
    def transaction(self) -> Iterator["MemoryTransaction"]:
        """Kept when the block ends; undone, newest change first, when it raises."""
        with self._records.lock:
            transaction = MemoryTransaction(self._records)
            try:
                yield transaction
            except BaseException:
                transaction.undo()
                raise

    @contextmanager
    def reading(self) -> Iterator["MemoryTransaction"]:
        """The same: nobody else is there."""
        with self._records.lock:
            yield MemoryTransaction(self._records)

    def alone(self) -> AbstractContextManager["MemoryTransaction"]:
        """Any transaction is alone here."""
        return self.transaction()


class MemoryTransaction:
    """Writes at once and remembers how to take each write back."""

    def __init__(self, workspace: _Records) -> None:
        self._workspace = workspace
        self._records = workspace.records
        self._indexes = workspace.indexes
        self._last_ids = workspace.last_ids
        self._undo: list[Callable[[], None]] = []
        self._before: dict[tuple[str, Key], Any] = {}

    def get(self, kind: Kind[R], key: Key, *, for_update: bool = False) -> R | None:
        """The record with that key."""
        return self._records.get(kind.name, {}).get(key)

    def where(self, kind: Kind[R], index: str, value: Any) -> list[R]:
        """The records whose indexed field has that value, oldest first."""
        keys = self._indexes.get((kind.name, index), {}).get(value, ())
        if not keys:
            return []
        records, age = self._records[kind.name], self._workspace.ages[kind.name].__getitem__
        return [records[key] for key in (keys if len(keys) == 1 else sorted(keys, key=age))]

    def _values(self, kind: Kind[Any], index: str) -> list[Any]:
        place = (kind.name, index)
        if place not in self._workspace.values:
            self._workspace.values[place] = sorted(value for value in self._indexes.get(place, ()) if value is not None)
        return self._workspace.values[place]

    def first(self, kind: Kind[R], index: str) -> R | None:
        """The record with the lowest value of an indexed field."""
        values = self._values(kind, index)
        return self.where(kind, index, values[0])[0] if values else None

    def last(self, kind: Kind[R], index: str) -> R | None:
        """The record with the highest value of an indexed field."""
        values = self._values(kind, index)
        return self.where(kind, index, values[-1])[0] if values else None

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
        self._change(kind, key, record)
        if isinstance(key, int):
            self._last_ids[kind.name] = max(key, self._last_ids.get(kind.name, 0))

    def delete(self, kind: Kind[R], key: Key) -> None:
        """Forgets the record with that key, if there is one."""
        self._change(kind, key, None)

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
        kept = [(store, name, store.pop(name)) for store, name in self._workspace.parts(kind) if name in store]

        def take_back() -> None:
            for store, name in self._workspace.parts(kind):
                store.pop(name, None)
            for store, name, entries in kept:
                store[name] = entries

        self._undo.append(take_back)

    def changes(self) -> list[Change]:
        """What became of each record that was put or deleted."""
        return [Change(kind, key, before, self._records.get(kind, {}).get(key)) for (kind, key), before in self._before.items()]

    def undo(self) -> None:
        """Takes every write back."""
        for step in reversed(self._undo):
            step()

    def _change(self, kind: Kind[Any], key: Key, record: Any) -> None:
        """Writes, and remembers how to take it back: a record that leaves its place gets that place again, not the last one."""
        workspace, old = self._workspace, self.get(kind, key)
        self._before.setdefault((kind.name, key), old)
        if old is not None and record is None:
            age = workspace.ages[kind.name][key]
            self._undo.append(lambda: workspace.bring_back(kind, key, old, age))
        else:
            self._undo.append(lambda: workspace.write(kind, key, old))
        workspace.write(kind, key, record)


def _order_by(kind: Kind[Any], field: str) -> Callable[[Any], tuple[int, Any]]:
    """What records are sorted by: null first, numbers by size, text without regard to case."""
    read = (lambda value: value) if kind.is_number(field) else plain

    def key(record: Any) -> tuple[int, Any]:
        value = getattr(record, field)
        return (0, 0) if value is None else (1, read(value))

    return key
