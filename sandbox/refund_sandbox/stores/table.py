"""Records of one type in memory, by key and by index."""

from bisect import bisect_left, insort
from typing import Any

from refund_sandbox.stores.record_types import Key, RecordType

_Bucket = Key | dict[Key, None]
"""Keys of the records with one value of an index. A single key stands alone, because a dict takes 200 bytes."""

_FEW_RECORDS = 1000
"""Number of records that are freed together, in less than 0.1 ms."""


class Table:
    """Records of one type by key, in the order of their insertion, with indexes that are built on first use."""

    __slots__ = ("_age", "_ages", "_indexes", "_kind", "_unordered", "_values", "last_id", "records")

    def __init__(self, kind: RecordType[Any]) -> None:
        self._kind = kind
        self.records: dict[Key, Any] = {}
        self.last_id = 0
        self._ages: dict[Key, int] | None = None
        """Insertion number of each record. Few tables need it, so that it is made at its first use."""
        self._age = 0
        self._indexes: dict[str, dict[Any, _Bucket]] = {}
        """Keys by indexed field and value. An index is built at its first use."""
        self._unordered: set[tuple[str, Any]] = set()
        """Indexed fields and values whose keys may not be in the order of insertion."""
        self._values: dict[str, list[Any]] = {}
        """Sorted values of an index, without null. Built at the first `first` or `last`."""

    @property
    def is_new(self) -> bool:
        """Whether a new table would be the same."""
        return not self.last_id and not self.records

    def copy_records(self) -> "Table":
        """Return a copy that shares the records, which are immutable, with indexes to be built."""
        copy = Table(self._kind)
        copy.records, copy.last_id = self.records.copy(), self.last_id
        return copy

    def copy(self) -> "Table":
        """Return a copy that shares the records, with its indexes."""
        copy = self.copy_records()
        if self._indexes:
            copy._indexes = {
                name: {value: keys.copy() if isinstance(keys, dict) else keys for value, keys in index.items()}
                for name, index in self._indexes.items()
            }
            copy._unordered = self._unordered.copy()
            copy._values = {name: values.copy() for name, values in self._values.items()}
        return copy

    def dispose(self) -> None:
        """Free the records one by one if there are many: freed together, they would keep other threads waiting."""
        while len(self.records) > _FEW_RECORDS:
            self.records.popitem()
        self.records.clear()

    def age_of(self, key: Key) -> int:
        """Return the insertion number of a record, 0 if there is none."""
        return self._all_ages().get(key, 0)

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
            if self._ages is not None:
                del self._ages[key]
            for name in self._indexes:
                self._unindex_key(name, getattr(old, name), key)

    def restore(self, key: Key, record: Any, age: int | None) -> None:
        """Restore the earlier record, or delete the key if it was None. `age` is given if the record was deleted meanwhile."""
        if record is None:
            self.delete(key)
            return
        self.put(key, record)
        if age is not None:
            ages = self._all_ages()
            ages[key] = age
            self.records = dict(sorted(self.records.items(), key=lambda entry: ages[entry[0]]))
            self._unordered.update((name, getattr(record, name)) for name in self._indexes)

    def where(self, index: str, value: Any) -> list[Any]:
        """Return the records with that value, oldest first."""
        keys = (self._indexes.get(index) or self._index(index)).get(value)
        if keys is None:
            return []
        if not isinstance(keys, dict):
            return [self.records[keys]]
        if (index, value) in self._unordered:
            keys = self._indexes[index][value] = dict.fromkeys(sorted(keys, key=self._all_ages().__getitem__))
            self._unordered.discard((index, value))
        return [self.records[key] for key in keys]

    def values(self, index: str) -> list[Any]:
        """Return the sorted values of an index."""
        if index not in self._values:
            self._values[index] = sorted(value for value in self._index(index) if value is not None)
        return self._values[index]

    def _all_ages(self) -> dict[Key, int]:
        """Return the insertion numbers. The records are always in their order, but for one that `restore` has just put."""
        if self._ages is None:
            self._age = len(self.records)
            self._ages = dict(zip(self.records, range(1, self._age + 1), strict=True))
        return self._ages

    def _index(self, name: str) -> dict[Any, _Bucket]:
        """Return an index, built at its first use. Raises KeyError for a field without an index."""
        if name not in self._indexes:
            if name not in self._kind.indexes:
                raise KeyError(name)
            self._indexes[name] = {}
            for key, record in self.records.items():
                self._index_key(name, getattr(record, name), key)
        return self._indexes[name]

    def _add(self, key: Key, record: Any) -> None:
        if self._ages is not None:
            self._age += 1
            self._ages[key] = self._age
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
                self._unordered.add((name, after))

    def _index_key(self, name: str, value: Any, key: Key) -> None:
        index = self._indexes[name]
        keys = index.setdefault(value, key)
        if isinstance(keys, dict):
            keys[key] = None
        elif keys != key:
            index[value] = {keys: None, key: None}
        elif name in self._values and value is not None:
            insort(self._values[name], value)

    def _unindex_key(self, name: str, value: Any, key: Key) -> None:
        index = self._indexes[name]
        keys = index[value]
        if isinstance(keys, dict):
            del keys[key]
            if keys:
                return
        del index[value]
        self._unordered.discard((name, value))
        if name in self._values and value is not None:
            del self._values[name][bisect_left(self._values[name], value)]
