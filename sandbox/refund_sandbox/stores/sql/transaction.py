"""Transaction on a SQL database. It collects writes and sends them together, at the latest before a read needs them."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from msgspec import Struct
from sqlalchemy import Connection

from refund_sandbox.stores import codec
from refund_sandbox.stores.collation import fold_value
from refund_sandbox.stores.protocol import Change, Key, NextIds, PageQuery, Read, RecordType
from refund_sandbox.stores.sql.dialects import Dialect
from refund_sandbox.stores.sql.queries import QueryBuilder
from refund_sandbox.stores.sql.statements import KEY, VALUE, WORKSPACE, Statements
from refund_sandbox.stores.sql.tables import Tables

R = TypeVar("R")
_BATCH_THRESHOLD = 4


class SqlContext(Struct, frozen=True):
    """Parts that all transactions of a database share: dialect, tables, statements by record type, query builder."""

    dialect: Dialect
    tables: Tables
    statements: Callable[[RecordType[Any]], Statements]
    query_builder: QueryBuilder


class SqlReadTransaction:
    """Implementation of `ReadTransaction`."""

    def __init__(self, connection: Connection, context: SqlContext, workspace: str) -> None:
        self._connection = connection
        self._cursor = connection.connection.cursor()
        self._tables = context.tables
        self._statements = context.statements
        self._dialect = context.dialect
        self._query_builder = context.query_builder
        self._workspace = workspace

    def prefetch(self, *reads: Read | NextIds) -> None:
        """Do nothing yet."""

    def get(self, kind: RecordType[R], key: Key, *, for_update: bool = False) -> R | None:
        if not self._is_valid_key(key):
            return None
        statements = self._statements(kind)
        records = self._read(kind, statements.lock if for_update else statements.get, {KEY: key})
        return records[0] if records else None

    def where(self, kind: RecordType[R], index: str, value: Any) -> list[R]:
        return self._read(kind, self._statements(kind).where(index, value), {} if value is None else {VALUE: value})

    def first(self, kind: RecordType[R], index: str) -> R | None:
        records = self._read(kind, self._statements(kind).first[index], {})
        return records[0] if records else None

    def last(self, kind: RecordType[R], index: str) -> R | None:
        records = self._read(kind, self._statements(kind).last[index], {})
        return records[0] if records else None

    def all(self, kind: RecordType[R]) -> list[R]:
        return self._read(kind, self._statements(kind).all, {})

    def page(self, kind: RecordType[R], query: PageQuery) -> tuple[list[R], int]:
        records = self._read(kind, *self._query_builder.documents(kind, query))
        if len(records) < query.limit and (records or not query.offset):
            return records, query.offset + len(records)  # the last page shows the total
        ((total,),) = self._execute(*self._query_builder.count(kind, query))
        return records, total

    def _read(self, kind: RecordType[R], query: str, bound: dict[str, Any]) -> list[R]:
        return [codec.decode(kind.record, json.loads(document)) for (document,) in self._execute(query, bound)]

    def _execute(self, query: str, bound: dict[str, Any]) -> Sequence[Any]:
        self._cursor.execute(query, {**bound, WORKSPACE: self._workspace})
        return self._cursor.fetchall()

    def _is_valid_key(self, key: Key) -> bool:
        """Whether a record can have that key: databases refuse numbers beyond 64 bits, and NUL in text."""
        if isinstance(key, int):
            return -(2**63) <= key < 2**63
        return "\0" not in key


class SqlTransaction(SqlReadTransaction):
    """Implementation of `Transaction`."""

    def __init__(self, connection: Connection, context: SqlContext, workspace: str) -> None:
        super().__init__(connection, context, workspace)
        self._pending: dict[str, dict[Key, Any]] = {}
        self._kinds: dict[str, RecordType[Any]] = {}
        self._cleared: set[str] = set()
        self._highest: dict[str, int] = {}
        self._originals: dict[tuple[str, Key], Any] = {}
        self._changed: dict[tuple[str, Key], Change] = {}
        self._counted: defaultdict[str, set[Key]] = defaultdict(set)
        """Keys that a sequence has passed already: keys of read records, and numbers that it returned."""

    def get(self, kind: RecordType[R], key: Key, *, for_update: bool = False) -> R | None:
        pending = self._pending.get(kind.name, {})
        if key in pending:
            return pending[key]  # type: ignore[no-any-return]  # it was put as a record of this kind
        return super().get(kind, key, for_update=for_update)

    def where(self, kind: RecordType[R], index: str, value: Any) -> list[R]:
        self._flush(kind)
        return super().where(kind, index, value)

    def first(self, kind: RecordType[R], index: str) -> R | None:
        self._flush(kind)
        return super().first(kind, index)

    def last(self, kind: RecordType[R], index: str) -> R | None:
        self._flush(kind)
        return super().last(kind, index)

    def all(self, kind: RecordType[R]) -> list[R]:
        self._flush(kind)
        return super().all(kind)

    def page(self, kind: RecordType[R], query: PageQuery) -> tuple[list[R], int]:
        self._flush_all()
        return super().page(kind, query)

    def _read(self, kind: RecordType[R], query: str, bound: dict[str, Any]) -> list[R]:
        records = super()._read(kind, query, bound)
        keys = [getattr(record, kind.key) for record in records]
        self._originals.update(((kind.name, key), record) for key, record in zip(keys, records, strict=True))
        if self._statements(kind).counted:
            self._counted[kind.name].update(keys)
        return records

    def put(self, kind: RecordType[R], record: R) -> None:
        """Save the record; it is sent at the end of the transaction, or when its type is read."""
        key = getattr(record, kind.key)
        self._kinds[kind.name] = kind
        self._record_change(kind, key, record)
        self._pending.setdefault(kind.name, {})[key] = record
        if isinstance(key, int) and key not in self._counted[kind.name]:
            self._highest[kind.name] = max(key, self._highest.get(kind.name, 0))

    def delete(self, kind: RecordType[R], key: Key) -> None:
        self._kinds[kind.name] = kind
        self._record_change(kind, key, None)
        self._pending.setdefault(kind.name, {})[key] = None

    def changes(self) -> list[Change]:
        return list(self._changed.values())

    def _record_change(self, kind: RecordType[Any], key: Key, record: Any) -> None:
        """Record a change. `before` is what this transaction has read: callers read a record before they change it."""
        identity = (kind.name, key)
        earlier = self._changed.get(identity)
        self._changed[identity] = Change(kind.name, key, earlier.before if earlier else self._originals.get(identity), record)

    def delete_until(self, kind: RecordType[Any], key: Key) -> None:
        self._flush(kind)
        self._cursor.execute(self._statements(kind).delete_until, {WORKSPACE: self._workspace, KEY: key})

    def next_id(self, kind: RecordType[Any]) -> int:
        return self.next_ids(kind, 1)[0]

    def next_ids(self, kind: RecordType[Any], count: int) -> Sequence[int]:
        if kind.name in self._cleared:  # the ids start again; `flush` sets the sequence
            last = self._highest.get(kind.name, 0)
            self._highest[kind.name] = last + count
            return range(last + 1, last + count + 1)
        self._raise_sequence(kind.name)
        numbers = self._dialect.next_ids(self._cursor, self._workspace, kind.name, count)
        self._counted[kind.name].update(numbers)
        return numbers

    def clear(self, kind: RecordType[Any]) -> None:
        for cache in (self._pending, self._highest, self._counted):
            cache.pop(kind.name, None)
        statements = self._statements(kind)
        if statements.counted:
            self._cleared.add(kind.name)
        self._cursor.execute(statements.clear, {WORKSPACE: self._workspace})

    def flush(self) -> None:
        """Send all writes."""
        self._flush_all()
        for name in self._cleared:  # last, because a rollback does not reset a sequence of PostgreSQL
            last = self._highest.pop(name, 0)
            self._dialect.set_id(self._connection, self._tables, self._workspace, name, last, lower=True)
        for name in list(self._highest):
            self._raise_sequence(name)

    def _raise_sequence(self, name: str) -> None:
        """Raise the sequence above ids that the caller chose."""
        highest = self._highest.pop(name, None)
        if highest is not None:
            self._dialect.set_id(self._connection, self._tables, self._workspace, name, highest, lower=False)

    def _flush_all(self) -> None:
        for kind in self._kinds.values():
            self._flush(kind)

    def _flush(self, kind: RecordType[Any]) -> None:
        pending = self._pending.pop(kind.name, None)
        if not pending:
            return
        statements = self._statements(kind)
        gone = [{WORKSPACE: self._workspace, KEY: key} for key, record in pending.items() if record is None]
        self._send(statements.delete, gone)
        rows = [self._row(kind, record) for record in pending.values() if record is not None]
        self._send(statements.upsert, rows)

    def _send(self, statement: str, rows: list[dict[str, Any]]) -> None:
        """Send a few rows one by one: executemany has an overhead of about two rows."""
        if len(rows) > _BATCH_THRESHOLD:
            self._cursor.executemany(statement, rows)
            return
        for row in rows:
            self._cursor.execute(statement, row)

    def _row(self, kind: RecordType[Any], record: Any) -> dict[str, Any]:
        encoded = codec.encode(record)
        document = json.dumps(encoded, separators=(",", ":"))
        return {
            WORKSPACE: self._workspace,
            KEY: getattr(record, kind.key),
            "document": document,
            **{f"by_{index}": getattr(record, index) for index in kind.indexes},
            **{f"text_{text}": fold_value(getattr(record, text)) for text in kind.texts},
            **({"folded": _folded(encoded, document)} if kind.texts else {}),
        }


def _folded(encoded: Mapping[str, Any], document: str) -> str | None:
    """Return the folded fields as JSON if the document is not ASCII, so that lower() is not enough; else None."""
    if "\\u" not in document:
        return None
    fields = {name: fold_value(value) if isinstance(value, str | list | dict) else value for name, value in encoded.items()}
    return json.dumps(fields, ensure_ascii=False)
