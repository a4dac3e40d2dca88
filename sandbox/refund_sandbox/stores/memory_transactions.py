"""Transactions of the store in memory. They hold the lock of the workspace."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from types import TracebackType
from typing import Any, Self, TypeVar

from refund_sandbox.stores.collation import fold_value
from refund_sandbox.stores.memory_tables import MemoryTables
from refund_sandbox.stores.protocol import Change, Key, NextIds, PageQuery, Read, RecordType, TotalsQuery
from refund_sandbox.stores.query import In, Of
from refund_sandbox.stores.table import Table

R = TypeVar("R")
_MISSING = object()
_RecordId = tuple[str, Key]
"""Name of the record type, and key."""


class MemoryReadTransaction:
    """Implementation of `ReadTransaction`; it holds the lock of the workspace."""

    __slots__ = ("_tables", "_workspace")
    is_remote = False

    def __init__(self, workspace: MemoryTables) -> None:
        self._workspace = workspace
        self._tables = workspace.tables

    def __enter__(self) -> Self:
        if not self._workspace.lock.acquire(blocking=False):
            self._workspace.wait_for_lock()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._workspace.lock.release()

    def prefetch(self, *reads: Read | NextIds) -> None:
        """Do nothing: a read takes less than a microsecond."""

    def get(self, kind: RecordType[R], key: Key, *, for_update: bool = False) -> R | None:
        table = self._tables.get(kind.name)
        return table.records.get(key) if table else None

    def where(self, kind: RecordType[R], index: str, value: Any) -> list[R]:
        table = self._tables.get(kind.name)
        return table.where(index, value) if table else []

    def first(self, kind: RecordType[R], index: str) -> R | None:
        table = self._workspace.table(kind)
        values = table.values(index)
        return table.where(index, values[0])[0] if values else None

    def last(self, kind: RecordType[R], index: str) -> R | None:
        table = self._workspace.table(kind)
        values = table.values(index)
        return table.where(index, values[-1])[0] if values else None

    def all(self, kind: RecordType[R]) -> list[R]:
        table = self._tables.get(kind.name)
        return list(table.records.values()) if table else []

    def page(self, kind: RecordType[R], query: PageQuery) -> tuple[list[R], int]:
        records = self._matches(kind, query)
        records.sort(key=attrgetter(kind.key), reverse=query.downwards and query.order is None)
        if query.order is not None:
            records.sort(key=_sort_key(kind, query.order), reverse=query.downwards)  # a stable sort
        return records[query.offset : query.offset + query.limit], len(records) if query.is_counted else 0

    def totals(self, kind: RecordType[Any], query: TotalsQuery) -> list[tuple[Any, ...]]:
        values = [self._reader(field) for field in query.by]
        groups: dict[tuple[Any, ...], list[Any]] = {}
        for record in self._matches(kind, query):
            group = tuple([read(record) for read in values])
            if _MISSING not in group:
                groups.setdefault(group, []).append(record)
        names = (query.sums, query.lowest, query.distinct)
        sums, lowest, distinct = ([attrgetter(field) for field in fields] for fields in names)
        if not groups and not query.by:
            return [(0, *[0 for _ in sums], *[None for _ in lowest], *[0 for _ in distinct])]
        return [
            (
                *group,
                len(records),
                *[sum(map(read, records)) for read in sums],
                *[min(map(read, records)) for read in lowest],
                *[len({*map(read, records)} - {None}) for read in distinct],
            )
            for group, records in groups.items()
        ]

    def _reader(self, field: str | Of) -> Callable[[Any], Any]:
        """Return a function that reads the value of a group, or `_MISSING`."""
        if isinstance(field, str):
            return attrgetter(field)
        of_record, read, table = attrgetter(field.field), attrgetter(field.by), self._tables.get(field.kind.name)
        records: dict[Key, Any] = table.records if table else {}

        def read_other(record: Any) -> Any:
            other = records.get(of_record(record))
            return _MISSING if other is None else read(other)

        return read_other

    def _matches(self, kind: RecordType[R], query: PageQuery | TotalsQuery) -> list[R]:
        records = self._candidates(kind, query)
        for condition in query.where:
            records = list(filter(condition.test(self.all), records))
        return records

    def _candidates(self, kind: RecordType[R], query: PageQuery | TotalsQuery) -> list[R]:
        """Return a superset of the result: from an index if the first condition uses one, else all records."""
        first = query.where[0] if query.where else None
        if isinstance(first, In) and first.field in kind.indexes:
            return [record for value in set(first.values) for record in self.where(kind, first.field, value)]
        return self.all(kind)


class MemoryTransaction(MemoryReadTransaction):
    """Transaction that writes at once, and restores the earlier records on rollback."""

    __slots__ = ("_ages", "_cleared", "_touched")

    def __init__(self, workspace: MemoryTables) -> None:
        self._workspace = workspace
        self._tables = workspace.tables
        self._touched: dict[_RecordId, tuple[Table, Any]] = {}
        """Table of each written record, and its value before the first write."""
        self._ages: dict[_RecordId, int] | None = None
        """Insertion numbers of deleted records."""
        self._cleared: list[tuple[str, Table | None]] = []
        """Tables that others have replaced, None for one that was not there."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if kind is not None:
                self._undo()
        finally:
            self._workspace.lock.release()
        if self._cleared and kind is None:
            for _, table in self._cleared:
                if table:
                    table.dispose()

    def put(self, kind: RecordType[R], record: R) -> None:
        name, key = kind.name, getattr(record, kind.key)
        table = self._tables.get(name) or self._workspace.table(kind)
        self._touched.setdefault((name, key), (table, table.put(key, record)))

    def delete(self, kind: RecordType[R], key: Key) -> None:
        table, identity = self._workspace.table(kind), (kind.name, key)
        if self._ages is None:
            self._ages = {}
        self._ages.setdefault(identity, table.age_of(key))
        self._touched.setdefault(identity, (table, table.records.get(key)))
        table.delete(key)

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
            self.replace(kind, Table(kind))

    def replace(self, kind: RecordType[Any], table: Table) -> None:
        self._cleared.append((kind.name, self._tables.get(kind.name)))
        self._tables[kind.name] = table

    def changes(self) -> list[Change]:
        return [
            Change(name, key, before, self._tables[name].records.get(key)) for (name, key), (_, before) in self._touched.items()
        ]

    def _undo(self) -> None:
        """Undo every write. Writes after a `clear` or `replace` are in a new table, which is dropped."""
        for name, table in reversed(self._cleared):
            if table is None:
                del self._tables[name]
            else:
                self._tables[name] = table
        ages = self._ages or {}
        for identity, (table, before) in reversed(self._touched.items()):
            table.restore(identity[1], before, ages.get(identity))


class TableBuilder(MemoryTransaction):
    """Transaction on new tables that nobody else has. There is nothing to undo."""

    __slots__ = ()

    def __init__(self, tables: MemoryTables | None = None) -> None:
        super().__init__(tables or MemoryTables())

    def table(self, kind: RecordType[Any]) -> Table:
        """Return the table of a record type."""
        return self._workspace.table(kind)

    def put(self, kind: RecordType[R], record: R) -> None:
        table = self._tables.get(kind.name) or self._workspace.table(kind)
        table.put(getattr(record, kind.key), record)

    def delete(self, kind: RecordType[R], key: Key) -> None:
        self._workspace.table(kind).delete(key)


def _sort_key(kind: RecordType[Any], field: str) -> Callable[[Any], tuple[int, Any]]:
    """Return a sort key: null first, numbers by value, text without case."""
    read = (lambda value: value) if kind.is_number(field) else fold_value

    def key(record: Any) -> tuple[int, Any]:
        value = getattr(record, field)
        return (0, 0) if value is None else (1, read(value))

    return key
