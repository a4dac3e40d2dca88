"""Transaction on a SQL database. It collects writes and sends them together, at the latest before a read needs them."""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from msgspec import to_builtins

from refund_sandbox.stores.collation import fold_value
from refund_sandbox.stores.protocol import Change, Key, NextIds, Read, Record, RecordType
from refund_sandbox.stores.reads import Get, Where
from refund_sandbox.stores.sql.dialects import Row, Rows, Statement
from refund_sandbox.stores.sql.read_transaction import ReadId, SqlContext, SqlReadTransaction, id_of, is_valid_key
from refund_sandbox.stores.sql.record_json import write_record
from refund_sandbox.stores.sql.session import Session
from refund_sandbox.stores.sql.statements import KEY
from refund_sandbox.stores.table import Table

R = TypeVar("R")
_MAX_INT = 2**63 - 1
_FEW_RECORDS = 100
"""Records of one type up to which a replacement needs no round trip of its own."""


class SqlTransaction(SqlReadTransaction):
    """Implementation of `Transaction`."""

    def __init__(self, session: Session, context: SqlContext, workspace: str) -> None:
        super().__init__(session, context, workspace)
        self._kinds: dict[str, RecordType[Any]] = {}
        """Written record types."""
        self._queued: dict[str, list[Statement]] = {}
        """Statements that come before the pending records of a type."""
        self._pending: dict[str, dict[Key, Any]] = {}
        """Records that were not sent yet; None for a deleted one."""
        self._deleted: defaultdict[str, dict[Key, None]] = defaultdict(dict)
        """Keys that were deleted and not sent yet, even if there is a new record of them."""
        self._cleared: set[str] = set()
        self._highest: dict[str, int] = {}
        """Highest key that the caller chose, for each sequence that must be raised above it."""
        self._reserved: dict[str, list[int]] = {}
        """Prefetched ids."""
        self._counted: defaultdict[str, set[Key]] = defaultdict(set)
        """Keys that a sequence has passed already: keys of read records, and numbers that it returned."""
        self._originals: dict[tuple[str, Key], Any] = {}
        self._changed: dict[tuple[str, Key], Change] = {}

    def get(self, kind: RecordType[R], key: Key, *, for_update: bool = False) -> R | None:
        """Return the record. One that is locked is not read again, because nobody else can change it."""
        pending = self._pending.get(kind.name)
        if pending is not None and key in pending:
            return pending[key]  # type: ignore[no-any-return]  # it was put as a record of this kind
        if not is_valid_key(key):
            return None
        read = Get(kind, key, for_update)
        records = self._find(read)
        if for_update and records:
            self._known.setdefault(kind.name, {})[id_of(read)] = records
        return records[0] if records else None

    def put(self, kind: RecordType[R], record: R) -> None:
        """Save the record; it is sent at the end of the transaction, or when its type is read."""
        key = getattr(record, kind.key)
        if key in self._deleted[kind.name]:
            self._pending[kind.name].pop(key)  # it comes last
        self._record_change(kind, key, record)
        if isinstance(key, int) and key not in self._counted[kind.name]:
            self._highest[kind.name] = max(key, self._highest.get(kind.name, 0))
            self._reserved.pop(kind.name, None)  # they may be below the key

    def delete(self, kind: RecordType[R], key: Key) -> None:
        self._record_change(kind, key, None)
        self._deleted[kind.name][key] = None

    def _record_change(self, kind: RecordType[Any], key: Key, record: Any) -> None:
        """Record a change. `before` is what this transaction has read: callers read a record before they change it."""
        name = kind.name
        self._kinds[name] = kind
        self._pending.setdefault(name, {})[key] = record
        self._drop_known(name, lambda read: read[0] is not Where and (read[0] is not Get or read[1] == key))
        earlier = self._changed.get((name, key))
        self._changed[name, key] = Change(name, key, earlier.before if earlier else self._originals.get((name, key)), record)

    def changes(self) -> list[Change]:
        return list(self._changed.values())

    def delete_until(self, kind: RecordType[Any], key: Key) -> None:
        self._kinds[kind.name] = kind
        statement = self._bind(self._statements(kind).delete_until, {KEY: key})
        self._queued[kind.name] = [*self._writes_of(kind), statement]
        self._known.pop(kind.name, None)

    def clear(self, kind: RecordType[Any]) -> None:
        self._kinds[kind.name] = kind
        for cache in (self._pending, self._deleted, self._highest, self._counted, self._reserved, self._known):
            cache.pop(kind.name, None)
        statements = self._statements(kind)
        if statements.counted:
            self._cleared.add(kind.name)
        self._queued[kind.name] = [self._bind(statements.clear)]

    def replace(self, kind: RecordType[Any], table: Table) -> None:
        """Replace the records: few with the other writes, many at once in the way of the database for that."""
        self.clear(kind)
        statements, records = self._statements(kind), table.records.values()
        if len(records) <= _FEW_RECORDS:
            self._queued[kind.name] += [(statements.upsert, self._values(kind, record)) for record in records]
        else:
            self._session.run(self._writes_of(kind))
            self._session.insert(statements.insert, (self._values(kind, record) for record in records))
        if table.last_id and kind.name in self._cleared:
            self._highest[kind.name] = table.last_id

    def next_id(self, kind: RecordType[Any]) -> int:
        return self.next_ids(kind, 1)[0]

    def next_ids(self, kind: RecordType[Any], count: int) -> Sequence[int]:
        name = kind.name
        if name in self._cleared:  # the ids start again; `unsent` sets the sequence
            last = self._highest.get(name, 0)
            self._highest[name] = last + count
            return range(last + 1, last + count + 1)
        reserved = self._reserved.get(name, [])
        if len(reserved) < count:
            read = NextIds(kind, count - len(reserved))
            [rows] = self._session.run(self._writes_before(read), [self._statement(read)])
            reserved = [*reserved, *_ids(rows)]
        numbers, self._reserved[name] = reserved[:count], reserved[count:]
        self._counted[name].update(numbers)
        return numbers

    def unsent(self) -> list[Statement]:
        """Return all writes for the end of the transaction.

        Sequences are set last, because a rollback does not reset a sequence of PostgreSQL.
        """
        statements = self._all_writes()
        for name in self._cleared:
            last = self._highest.pop(name, 0)
            statements.append(self._dialect.set_id(self._workspace, name, last, lower=True))
        return [*statements, *[one for name in list(self._highest) for one in self._raise_sequence(name)]]

    def _is_wanted(self, read: Read | NextIds) -> bool:
        if isinstance(read, NextIds):
            return read.kind.name not in self._cleared and len(self._reserved.get(read.kind.name, ())) < read.number
        return super()._is_wanted(read)

    def _save(self, read: Read | NextIds, rows: Rows) -> None:
        if isinstance(read, NextIds):
            self._reserved[read.kind.name] = [*self._reserved.get(read.kind.name, ()), *_ids(rows)]
        else:
            super()._save(read, rows)

    def _find_known(self, read: Read) -> list[Any] | None:
        records = super()._find_known(read)
        if records is None or type(read) is not Where:
            return records
        pending = self._pending.get(read.kind.name)
        return self._merge(read, records, pending) if pending else records

    def _merge(self, read: Where, records: list[Any], pending: dict[Key, Any]) -> list[Any] | None:
        """Return the records with pending changes, or None if their order is not known.

        A record that this transaction did not read, or that it deleted, is new, so it comes last.
        """
        kind, deleted = read.kind, self._deleted[read.kind.name]
        by_key = {key: record for record in records if (key := getattr(record, kind.key)) not in deleted}
        moved = [key for key, record in pending.items() if key not in by_key and _has(record, read)]
        if any((kind.name, key) in self._originals and key not in deleted for key in moved):
            return None
        merged = {**by_key, **{key: record for key, record in pending.items() if key in by_key or key in moved}}
        return [record for record in merged.values() if _has(record, read)]

    def _drop_known(self, name: str, is_stale: Callable[[ReadId], bool]) -> None:
        """Delete the results of prefetched reads that are stale after a write."""
        known = self._known.get(name)
        if known:
            self._known[name] = {read: records for read, records in known.items() if not is_stale(read)}

    def _writes_before(self, read: Read | NextIds) -> list[Statement]:
        return self._raise_sequence(read.kind.name) if isinstance(read, NextIds) else self._writes_of(read.kind)

    def _all_writes(self) -> list[Statement]:
        return [statement for kind in self._kinds.values() for statement in self._writes_of(kind)]

    def _writes_of(self, kind: RecordType[Any]) -> list[Statement]:
        """Return the writes of a type that were not sent yet. Reads of the type then find its written records here."""
        queued, pending = self._queued.pop(kind.name, []), self._pending.pop(kind.name, None)
        if not pending:
            return queued
        self._drop_known(kind.name, lambda read: read[0] is not Get)
        written = {id_of(Get(kind, key, True)): [] if record is None else [record] for key, record in pending.items()}
        self._known.setdefault(kind.name, {}).update(written)
        statements = self._statements(kind)
        deletes = [self._bind(statements.delete, {KEY: key}) for key in self._deleted.pop(kind.name, ())]
        upserts = [(statements.upsert, self._values(kind, record)) for record in pending.values() if record is not None]
        return [*queued, *deletes, *upserts]

    def _raise_sequence(self, name: str) -> list[Statement]:
        """Raise the sequence above keys that the caller chose."""
        highest = self._highest.pop(name, None)
        return [] if highest is None else [self._dialect.set_id(self._workspace, name, highest, lower=False)]

    def _values(self, kind: RecordType[Any], record: Any) -> Row:
        """Return the values of a row, in the order of the table's columns."""
        statements, document = self._statements(kind), write_record(record)
        key, *indexes = statements.keys(record)
        values = [self._workspace, key, document, *indexes]
        if kind.texts:
            values += [fold_value(value) for value in statements.texts(record)]
        values += [_storable(value) for value in statements.columns(record)]
        if kind.texts:
            values.append(_folded(record, document))
        return values

    def _decode(self, kind: RecordType[R], rows: Rows) -> list[R]:
        if not rows:
            return []
        name, records = kind.name, super()._decode(kind, rows)
        keys = [getattr(record, kind.key) for record in records]
        for key, record in zip(keys, records, strict=True):
            self._originals[name, key] = record
        if self._statements(kind).counted:
            self._counted[name].update(keys)
        return records


def _has(record: Any, read: Where) -> bool:
    """Whether a record, which is None if it was deleted, has the value of a read."""
    return record is not None and getattr(record, read.field) == read.value


def _ids(rows: Rows) -> list[int]:
    """Return the ids of rows that hold one id, or the first and the last one of a range."""
    return [number for row in rows for number in range(int(row[0]), int(row[-1]) + 1)]


def _storable(value: int | str | None) -> int | str | None:
    """Return a value that every database can store: 64 bits, no NUL, no lone surrogates."""
    if isinstance(value, int):
        return value if -_MAX_INT <= value <= _MAX_INT else max(-_MAX_INT, min(value, _MAX_INT))
    if value is None or (value.isascii() and "\0" not in value):
        return value
    return value.replace("\0", "").encode("utf-8", "replace").decode()


def _folded(record: Record, document: str) -> str | None:
    """Return the folded fields as JSON if the document has other characters than plain ASCII; else lower() is enough."""
    if document.isascii() and "\\u" not in document:
        return None
    values: dict[str, Any] = to_builtins(record)
    fields = {name: fold_value(value) if isinstance(value, str | list | dict) else value for name, value in values.items()}
    return json.dumps(fields, ensure_ascii=False)
