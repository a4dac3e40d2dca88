"""Keeps records in this process, a workspace at a time under its own lock."""

import threading
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from types import TracebackType
from typing import Any, Self, TypeVar

from refund_sandbox.stores.collation import fold_value
from refund_sandbox.stores.protocol import Change, Key, PageQuery, RecordType
from refund_sandbox.stores.query import In

R = TypeVar("R")
_RecordId = tuple[str, Key]
"""A kind's name, and a key."""


class _Table:
    """The records of one kind, by key."""

    def __init__(self, kind: RecordType[Any]) -> None:
        self._kind = kind
        self.records: dict[Key, Any] = {}
        self.ages: dict[Key, int] = {}
        """When each record came, as a number that counts up."""
        self.age = 0
        self.last_id = 0
        self._indexes: dict[str, dict[Any, dict[Key, None]]] = {}
        """The keys of the records that have a value in an indexed field; kept from the first time that somebody looks there."""
        self._values: dict[str, list[Any]] = {}
        """The values of an index in order, null aside; kept from the first time that somebody asks for the lowest or highest."""

    def copy(self) -> "_Table":
        """Another one with the same records, which are never changed in place."""
        copy = _Table(self._kind)
        copy.records, copy.ages, copy.age, copy.last_id = self.records.copy(), self.ages.copy(), self.age, self.last_id
        copy._indexes = {name: {value: keys.copy() for value, keys in index.items()} for name, index in self._indexes.items()}
        copy._values = {name: values.copy() for name, values in self._values.items()}
        return copy

    def put(self, key: Key, record: Any) -> Any:
        """Keeps a record in its place, which is the last one for a new key. Gives back what was there before."""
        old = self.records.get(key)
        self.records[key] = record
        if old is None:
            self._add(key, record)
        elif self._indexes:
            self._reindex(key, old, record)
        return old

    def delete(self, key: Key) -> None:
        """Forgets a record, if there is one."""
        old = self.records.pop(key, None)
        if old is not None:
            del self.ages[key]
            for name in self._indexes:
                self._unindex_key(name, getattr(old, name), key)

    def restore(self, key: Key, record: Any, age: int | None) -> None:
        """Puts back what was there before, in the place that its age gives it if it had left it; None was nothing."""
        if record is None:
            self.delete(key)
            return
        self.put(key, record)
        if age is not None:
            self.ages[key] = age
            self.records = dict(sorted(self.records.items(), key=lambda entry: self.ages[entry[0]]))

    def where(self, index: str, value: Any) -> list[Any]:
        """The records with that value, oldest first."""
        keys = self._index(index).get(value, ())
        return [self.records[key] for key in (keys if len(keys) < 2 else sorted(keys, key=self.ages.__getitem__))]

    def values(self, index: str) -> list[Any]:
        """The values of an index in order."""
        if index not in self._values:
            self._values[index] = sorted(value for value in self._index(index) if value is not None)
        return self._values[index]

    def _index(self, name: str) -> dict[Any, dict[Key, None]]:
        """An index, made of all records when it is first asked for. Raises KeyError for one that the kind does not have."""
        if name not in self._indexes:
            if name not in self._kind.indexes:
                raise KeyError(name)
            index = self._indexes[name] = {}
            for key, record in self.records.items():
                index.setdefault(getattr(record, name), {})[key] = None
        return self._indexes[name]

    def _add(self, key: Key, record: Any) -> None:
        self.age += 1
        self.ages[key] = self.age
        if type(key) is int and key > self.last_id:
            self.last_id = key
        for name in self._indexes:
            self._index_key(name, getattr(record, name), key)

    def _reindex(self, key: Key, old: Any, record: Any) -> None:
        for name in self._indexes:
            before, after = getattr(old, name), getattr(record, name)
            if before != after:
                self._unindex_key(name, before, key)
                self._index_key(name, after, key)

    def _index_key(self, name: str, value: Any, key: Key) -> None:
        index = self._indexes[name]
        if value not in index:
            index[value] = {}
            if name in self._values and value is not None:
                insort(self._values[name], value)
        index[value][key] = None

    def _unindex_key(self, name: str, value: Any, key: Key) -> None:
        index = self._indexes[name]
        del index[value][key]
        if not index[value]:
            del index[value]
            if name in self._values and value is not None:
                del self._values[name][bisect_left(self._values[name], value)]


@dataclass
class MemoryTables:
    """What one workspace holds, by kind."""

    tables: dict[str, _Table] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def table(self, kind: RecordType[Any]) -> _Table:
        """Where a kind is kept."""
        found = self.tables.get(kind.name)
        if found is None:
            found = self.tables[kind.name] = _Table(kind)
        return found


class MemoryDatabase:
    """The default database: empty at every start."""

    shared = False

    def __init__(self) -> None:
        self._workspaces: dict[str, MemoryTables] = {}

    def open(self, workspace: str) -> "MemoryStore":
        """The records of a workspace."""
        return MemoryStore(self._workspaces.setdefault(workspace, MemoryTables()))

    def scan_all(self, kind: RecordType[R]) -> list[tuple[str, R]]:
        """Every record of a kind, with its workspace."""
        tables = [(name, one.tables.get(kind.name)) for name, one in list(self._workspaces.items())]
        return [(name, record) for name, table in tables if table for record in table.records.values()]

    def copy(self, source: str, target: str, record_types: Iterable[RecordType[Any]]) -> None:
        """Gives a workspace another one's records."""
        there, here = self._workspaces[source], self._workspaces.setdefault(target, MemoryTables())
        with there.lock, here.lock:
            here.tables.update({kind.name: there.table(kind).copy() for kind in record_types})

    def drop(self, workspace: str) -> None:
        """Forgets everything that a workspace has."""
        self._workspaces.pop(workspace, None)

    def close(self) -> None:
        """Nothing is held open."""


class MemoryStore:
    """Follows `refund_sandbox.stores.Store`. Calls take microseconds, so that waiting for the lock costs nothing."""

    name = "memory"
    shared = False
    is_blocking = False

    def __init__(self, workspace: MemoryTables | None = None) -> None:
        self._workspace = workspace or MemoryTables()
        self._reader = MemoryTransaction(self._workspace)

    def transaction(self) -> "MemoryTransaction":
        """Kept when the block ends; undone when it raises."""
        return MemoryTransaction(self._workspace)

    exclusive = transaction
    """The same: nobody else is there."""

    def read_only(self) -> "MemoryTransaction":
        """One for all who only read: it has nothing to undo."""
        return self._reader


class MemoryTransaction:
    """Writes at once and remembers what was there before."""

    def __init__(self, workspace: MemoryTables) -> None:
        self._workspace = workspace
        self._tables = workspace.tables
        self._touched: dict[_RecordId, tuple[_Table, Change]] = {}
        """Where each record is kept that was written, and what became of it."""
        self._ages: dict[_RecordId, int] = {}
        """How old those were that left their place."""
        self._cleared: list[tuple[str, _Table]] = []

    def __enter__(self) -> Self:
        self._workspace.lock.acquire()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if kind is not None:
                self._undo()
        finally:
            self._workspace.lock.release()

    def get(self, kind: RecordType[R], key: Key, *, for_update: bool = False) -> R | None:
        """The record with that key."""
        table = self._tables.get(kind.name)
        return table.records.get(key) if table else None

    def where(self, kind: RecordType[R], index: str, value: Any) -> list[R]:
        """The records whose indexed field has that value, oldest first."""
        return self._workspace.table(kind).where(index, value)

    def first(self, kind: RecordType[R], index: str) -> R | None:
        """The record with the lowest value of an indexed field."""
        values = self._workspace.table(kind).values(index)
        return self.where(kind, index, values[0])[0] if values else None

    def last(self, kind: RecordType[R], index: str) -> R | None:
        """The record with the highest value of an indexed field."""
        values = self._workspace.table(kind).values(index)
        return self.where(kind, index, values[-1])[0] if values else None

    def all(self, kind: RecordType[R]) -> list[R]:
        """Every record of the kind, oldest first."""
        table = self._tables.get(kind.name)
        return list(table.records.values()) if table else []

    def page(self, kind: RecordType[R], query: PageQuery) -> tuple[list[R], int]:
        """A page of the records that a part names, and how many it has in all."""
        records = self._candidates(kind, query)
        for condition in query.where:
            records = list(filter(condition.test(self.all), records))
        records.sort(key=attrgetter(kind.key), reverse=query.downwards and query.order is None)
        if query.order is not None:
            records.sort(key=_sort_key(kind, query.order), reverse=query.downwards)  # it leaves equals as they were
        return records[query.offset : query.offset + query.limit], len(records)

    def _candidates(self, kind: RecordType[R], query: PageQuery) -> list[R]:
        """The records among which those of a part are: of an index, if its first condition names one, or else all."""
        first = query.where[0] if query.where else None
        if isinstance(first, In) and first.field in kind.indexes:
            return [record for value in set(first.values) for record in self.where(kind, first.field, value)]
        return self.all(kind)

    def put(self, kind: RecordType[R], record: R) -> None:
        """Keeps the record, in place of the one with its key."""
        name, key = kind.name, getattr(record, kind.key)
        table = self._tables.get(name) or self._workspace.table(kind)
        before = table.put(key, record)
        self._record_change(table, name, key, before, record)

    def delete(self, kind: RecordType[R], key: Key) -> None:
        """Forgets the record with that key, if there is one."""
        table, name = self._workspace.table(kind), kind.name
        self._ages.setdefault((name, key), table.ages.get(key, 0))
        self._record_change(table, name, key, table.records.get(key), None)
        table.delete(key)

    def _record_change(self, table: _Table, name: str, key: Key, before: Any, after: Any) -> None:
        """What became of a record, in the place and from the value that it had when it was written first."""
        known = self._touched.get((name, key))
        if known:
            table, (_, _, before, _) = known
        self._touched[name, key] = table, Change(name, key, before, after)

    def delete_until(self, kind: RecordType[Any], key: Key) -> None:
        """Forgets the records up to that key; ids go on."""
        for one in [one for one in self._workspace.table(kind).records if one <= key]:  # type: ignore[operator]  # of one type
            self.delete(kind, one)

    def next_id(self, kind: RecordType[Any]) -> int:
        """A number above every key of the kind, never given out twice."""
        table = self._workspace.table(kind)
        table.last_id += 1
        return table.last_id

    def next_ids(self, kind: RecordType[Any], count: int) -> Sequence[int]:
        """As many such numbers, upwards."""
        table = self._workspace.table(kind)
        table.last_id += count
        return range(table.last_id - count + 1, table.last_id + 1)

    def clear(self, kind: RecordType[Any]) -> None:
        """Forgets every record of the kind; its ids start again."""
        table = self._tables.get(kind.name)
        if table:
            self._cleared.append((kind.name, table))
            self._tables[kind.name] = _Table(kind)
            for there, change in [one for one in self._touched.values() if one[1].kind == kind.name]:
                self._record_change(there, change.kind, change.key, change.before, None)

    def changes(self) -> list[Change]:
        """What became of each record that was put or deleted."""
        return [change for _, change in self._touched.values()]

    def _undo(self) -> None:
        """Takes every write back: those into a table that has come since a clear go with it."""
        for name, table in reversed(self._cleared):
            self._tables[name] = table
        for place, (table, change) in reversed(self._touched.items()):
            table.restore(change.key, change.before, self._ages.get(place))


def _sort_key(kind: RecordType[Any], field: str) -> Callable[[Any], tuple[int, Any]]:
    """What records are sorted by: null first, numbers by size, text without regard to case."""
    read = (lambda value: value) if kind.is_number(field) else fold_value

    def key(record: Any) -> tuple[int, Any]:
        value = getattr(record, field)
        return (0, 0) if value is None else (1, read(value))

    return key
