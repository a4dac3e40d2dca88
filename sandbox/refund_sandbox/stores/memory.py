"""Store in the memory of this process, with one lock per workspace."""

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
"""Name of the record type, and key."""


class _Table:
    """Records of one type by key, with indexes that are built on first use."""

    def __init__(self, kind: RecordType[Any]) -> None:
        self._kind = kind
        self.records: dict[Key, Any] = {}
        self.ages: dict[Key, int] = {}
        """Insertion number of each record."""
        self.age = 0
        self.last_id = 0
        self._indexes: dict[str, dict[Any, dict[Key, None]]] = {}
        """Keys by indexed field and value. An index is built at its first use."""
        self._values: dict[str, list[Any]] = {}
        """Sorted values of an index, without null. Built at the first `first` or `last`."""

    def copy(self) -> "_Table":
        """Return a copy that shares the records, which are immutable."""
        copy = _Table(self._kind)
        copy.records, copy.ages, copy.age, copy.last_id = self.records.copy(), self.ages.copy(), self.age, self.last_id
        copy._indexes = {name: {value: keys.copy() for value, keys in index.items()} for name, index in self._indexes.items()}
        copy._values = {name: values.copy() for name, values in self._values.items()}
        return copy

    def put(self, key: Key, record: Any) -> Any:
        """Save a record, and return the one that it replaces. A new key is appended."""
        old = self.records.get(key)
        self.records[key] = record
        if old is None:
            self._add(key, record)
        elif self._indexes:
            self._reindex(key, old, record)
        return old

    def delete(self, key: Key) -> None:
        """Delete a record, if there is one."""
        old = self.records.pop(key, None)
        if old is not None:
            del self.ages[key]
            for name in self._indexes:
                self._unindex_key(name, getattr(old, name), key)

    def restore(self, key: Key, record: Any, age: int | None) -> None:
        """Restore the earlier record, or delete the key if it was None. `age` is given if the record was deleted meanwhile."""
        if record is None:
            self.delete(key)
            return
        self.put(key, record)
        if age is not None:
            self.ages[key] = age
            self.records = dict(sorted(self.records.items(), key=lambda entry: self.ages[entry[0]]))

    def where(self, index: str, value: Any) -> list[Any]:
        """Return the records with that value, oldest first."""
        keys = self._index(index).get(value, ())
        return [self.records[key] for key in (keys if len(keys) < 2 else sorted(keys, key=self.ages.__getitem__))]

    def values(self, index: str) -> list[Any]:
        """Return the sorted values of an index."""
        if index not in self._values:
            self._values[index] = sorted(value for value in self._index(index) if value is not None)
        return self._values[index]

    def _index(self, name: str) -> dict[Any, dict[Key, None]]:
        """Return an index, built at its first use. Raises KeyError for a field without an index."""
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
    """Tables of one workspace, by record type."""

    tables: dict[str, _Table] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def table(self, kind: RecordType[Any]) -> _Table:
        """Return the table of a record type."""
        table = self.tables.get(kind.name)
        if table is None:
            table = self.tables[kind.name] = _Table(kind)
        return table


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

    def copy_workspace(self, source: str, target: str, record_types: Iterable[RecordType[Any]]) -> None:
        there, here = self._workspaces[source], self._workspaces.setdefault(target, MemoryTables())
        with there.lock, here.lock:
            here.tables.update({kind.name: there.table(kind).copy() for kind in record_types})

    def drop_workspace(self, workspace: str) -> None:
        self._workspaces.pop(workspace, None)

    def close(self) -> None:
        """Do nothing: no connection is open."""


class MemoryStore:
    """Implementation of `Store`. Calls take microseconds, so they wait for the lock on the event loop."""

    name = "memory"
    is_shared = False
    is_blocking = False

    def __init__(self, workspace: MemoryTables | None = None) -> None:
        self._workspace = workspace or MemoryTables()
        self._reader = MemoryTransaction(self._workspace)

    def transaction(self) -> "MemoryTransaction":
        return MemoryTransaction(self._workspace)

    exclusive = transaction
    """The lock excludes other transactions anyway."""

    def read_only(self) -> "MemoryTransaction":
        """Return the shared transaction for reads, which has nothing to roll back."""
        return self._reader


class MemoryTransaction:
    """Transaction that writes at once, and restores the earlier records on rollback."""

    def __init__(self, workspace: MemoryTables) -> None:
        self._workspace = workspace
        self._tables = workspace.tables
        self._touched: dict[_RecordId, tuple[_Table, Change]] = {}
        """Table and change of each written record."""
        self._ages: dict[_RecordId, int] = {}
        """Insertion numbers of deleted records."""
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
        table = self._tables.get(kind.name)
        return table.records.get(key) if table else None

    def where(self, kind: RecordType[R], index: str, value: Any) -> list[R]:
        return self._workspace.table(kind).where(index, value)

    def first(self, kind: RecordType[R], index: str) -> R | None:
        values = self._workspace.table(kind).values(index)
        return self.where(kind, index, values[0])[0] if values else None

    def last(self, kind: RecordType[R], index: str) -> R | None:
        values = self._workspace.table(kind).values(index)
        return self.where(kind, index, values[-1])[0] if values else None

    def all(self, kind: RecordType[R]) -> list[R]:
        table = self._tables.get(kind.name)
        return list(table.records.values()) if table else []

    def page(self, kind: RecordType[R], query: PageQuery) -> tuple[list[R], int]:
        records = self._candidates(kind, query)
        for condition in query.where:
            records = list(filter(condition.test(self.all), records))
        records.sort(key=attrgetter(kind.key), reverse=query.downwards and query.order is None)
        if query.order is not None:
            records.sort(key=_sort_key(kind, query.order), reverse=query.downwards)  # a stable sort
        return records[query.offset : query.offset + query.limit], len(records)

    def _candidates(self, kind: RecordType[R], query: PageQuery) -> list[R]:
        """Return a superset of the result: from an index if the first condition uses one, else all records."""
        first = query.where[0] if query.where else None
        if isinstance(first, In) and first.field in kind.indexes:
            return [record for value in set(first.values) for record in self.where(kind, first.field, value)]
        return self.all(kind)

    def put(self, kind: RecordType[R], record: R) -> None:
        name, key = kind.name, getattr(record, kind.key)
        table = self._tables.get(name) or self._workspace.table(kind)
        before = table.put(key, record)
        self._record_change(table, name, key, before, record)

    def delete(self, kind: RecordType[R], key: Key) -> None:
        table, name = self._workspace.table(kind), kind.name
        self._ages.setdefault((name, key), table.ages.get(key, 0))
        self._record_change(table, name, key, table.records.get(key), None)
        table.delete(key)

    def _record_change(self, table: _Table, name: str, key: Key, before: Any, after: Any) -> None:
        """Record a change, from the value and the table that the record had before its first write."""
        earlier = self._touched.get((name, key))
        if earlier:
            table, (_, _, before, _) = earlier
        self._touched[name, key] = table, Change(name, key, before, after)

    def delete_until(self, kind: RecordType[Any], key: Key) -> None:
        for one in [one for one in self._workspace.table(kind).records if one <= key]:  # type: ignore[operator]  # keys have one type
            self.delete(kind, one)

    def next_id(self, kind: RecordType[Any]) -> int:
        table = self._workspace.table(kind)
        table.last_id += 1
        return table.last_id

    def next_ids(self, kind: RecordType[Any], count: int) -> Sequence[int]:
        table = self._workspace.table(kind)
        table.last_id += count
        return range(table.last_id - count + 1, table.last_id + 1)

    def clear(self, kind: RecordType[Any]) -> None:
        table = self._tables.get(kind.name)
        if table:
            self._cleared.append((kind.name, table))
            self._tables[kind.name] = _Table(kind)
            for there, change in [one for one in self._touched.values() if one[1].kind == kind.name]:
                self._record_change(there, change.kind, change.key, change.before, None)

    def changes(self) -> list[Change]:
        return [change for _, change in self._touched.values()]

    def _undo(self) -> None:
        """Undo every write. Writes after a `clear` are in a new table, which is dropped."""
        for name, table in reversed(self._cleared):
            self._tables[name] = table
        for identity, (table, change) in reversed(self._touched.items()):
            table.restore(change.key, change.before, self._ages.get(identity))


def _sort_key(kind: RecordType[Any], field: str) -> Callable[[Any], tuple[int, Any]]:
    """Return a sort key: null first, numbers by value, text without case."""
    read = (lambda value: value) if kind.is_number(field) else fold_value

    def key(record: Any) -> tuple[int, Any]:
        value = getattr(record, field)
        return (0, 0) if value is None else (1, read(value))

    return key
