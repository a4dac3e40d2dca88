"""Tables of the memory store: records by key, and indexes that are built at their first use."""

import threading
from bisect import bisect_left, insort
from dataclasses import dataclass, field
from typing import Any

from refund_sandbox.stores.protocol import WouldWait, is_on_event_loop
from refund_sandbox.stores.record_types import Key, RecordType


class Table:
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

    def copy_records(self) -> "Table":
        """Return a copy that shares the records, which are immutable, with indexes to be built."""
        copy = Table(self._kind)
        copy.records, copy.ages, copy.age, copy.last_id = self.records.copy(), self.ages.copy(), self.age, self.last_id
        return copy

    def copy(self) -> "Table":
        """Return a copy that shares the records, with its indexes."""
        copy = self.copy_records()
        copy._indexes = {name: {value: keys.copy() for value, keys in index.items()} for name, index in self._indexes.items()}
        copy._values = {name: values.copy() for name, values in self._values.items()}
        return copy

    def dispose(self) -> None:
        """Free the records one by one: freed together, many of them would keep other threads waiting."""
        while self.records:
            self.records.popitem()

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

    tables: dict[str, Table] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def copy_records(self) -> "MemoryTables":
        """Return a copy that shares the records, with indexes to be built."""
        return MemoryTables({name: table.copy_records() for name, table in self.tables.items()})

    def wait_for_lock(self) -> None:
        """Take the lock when another thread releases it. An event loop must not wait: raise WouldWait there."""
        if is_on_event_loop():
            raise WouldWait
        self.lock.acquire()

    def table(self, kind: RecordType[Any]) -> Table:
        """Return the table of a record type."""
        table = self.tables.get(kind.name)
        if table is None:
            table = self.tables[kind.name] = Table(kind)
        return table
