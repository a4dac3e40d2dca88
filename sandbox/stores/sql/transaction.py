"""One transaction on a database: writes are gathered and sent together, reads see them."""

import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection

from sandbox.stores import Change, Key, Kind, Part, codec
from sandbox.stores.sql.dialects import Dialect
from sandbox.stores.sql.statements import KEY, LIMIT, OFFSET, VALUE, WORKSPACE, Statements
from sandbox.stores.sql.tables import Tables

R = TypeVar("R")
_FEW = 4


class SqlTransaction:
    """Follows `sandbox.stores.Transaction`."""

    def __init__(
        self,
        connection: Connection,
        tables: Tables,
        statements: Callable[[Kind[Any]], Statements],
        dialect: Dialect,
        workspace: str,
    ) -> None:
        self._connection = connection
        self._cursor = connection.connection.cursor()
        self._tables = tables
        self._statements = statements
        self._dialect = dialect
        self._workspace = workspace
        self._written: dict[str, dict[Key, Any]] = {}
        self._kinds: dict[str, Kind[Any]] = {}
        self._cleared: set[str] = set()
        self._highest: dict[str, int] = {}
        self._found: dict[tuple[str, Key], Any] = {}
        self._changed: dict[tuple[str, Key], Change] = {}
        self._counted: defaultdict[str, set[Key]] = defaultdict(set)
        """The keys that a sequence is above already: those that were found, and those that it gave out."""

    def get(self, kind: Kind[R], key: Key, *, for_update: bool = False) -> R | None:
        """The record with that key."""
        written = self._written.get(kind.name, {})
        if key in written:
            return written[key]  # type: ignore[no-any-return]  # it was put as a record of this kind
        if not self._fits(kind, key):
            return None
        statements = self._statements(kind)
        found = self._read(kind, statements.lock if for_update else statements.get, {KEY: key})
        return found[0] if found else None

    def where(self, kind: Kind[R], index: str, value: Any) -> list[R]:
        """The records whose indexed field has that value, oldest first."""
        self._flush(kind)
        return self._read(kind, self._statements(kind).where(index, value), {} if value is None else {VALUE: value})

    def first(self, kind: Kind[R], index: str) -> R | None:
        """The record with the lowest value of an indexed field."""
        self._flush(kind)
        found = self._read(kind, self._statements(kind).first[index], {})
        return found[0] if found else None

    def all(self, kind: Kind[R]) -> list[R]:
        """Every record of the kind, oldest first."""
        self._flush(kind)
        return self._read(kind, self._statements(kind).all, {})

    def page(self, kind: Kind[R], part: Part) -> tuple[list[R], int]:
        """A part of the records in the order of their keys, and how many there are in all."""
        self._flush(kind)
        query, count, bound = self._statements(kind).page(part)
        records = self._read(kind, query, {**bound, LIMIT: part.limit, OFFSET: min(part.offset, 2**62)})
        self._cursor.execute(count, {WORKSPACE: self._workspace, **bound})
        ((total,),) = self._cursor.fetchall()
        return records, total

    def put(self, kind: Kind[R], record: R) -> None:
        """Keeps the record; it is sent when the transaction ends or the kind is read."""
        key = getattr(record, kind.key)
        self._kinds[kind.name] = kind
        self._note(kind, key, record)
        self._written.setdefault(kind.name, {})[key] = record
        if isinstance(key, int) and key not in self._counted[kind.name]:
            self._highest[kind.name] = max(key, self._highest.get(kind.name, 0))

    def delete(self, kind: Kind[R], key: Key) -> None:
        """Forgets the record with that key."""
        self._kinds[kind.name] = kind
        self._note(kind, key, None)
        self._written.setdefault(kind.name, {})[key] = None

    def changes(self) -> list[Change]:
        """What became of each record that was put or deleted."""
        return list(self._changed.values())

    def _note(self, kind: Kind[Any], key: Key, record: Any) -> None:
        """What a record was before is known when this transaction has read it; whoever changes one has."""
        place = (kind.name, key)
        known = self._changed.get(place)
        self._changed[place] = Change(kind.name, key, known.before if known else self._found.get(place), record)

    def next_id(self, kind: Kind[Any]) -> int:
        """A number above every key of the kind."""
        self._raise_sequence(kind.name)
        number = self._dialect.next_id(self._cursor, self._workspace, kind.name)
        if kind.name in self._cleared:
            self._highest[kind.name] = number
        self._counted[kind.name].add(number)
        return number

    def clear(self, kind: Kind[Any]) -> None:
        """Forgets every record of the kind."""
        for noted in (self._written, self._highest, self._counted):
            noted.pop(kind.name, None)
        statements = self._statements(kind)
        if statements.counted:
            self._cleared.add(kind.name)
        self._cursor.execute(statements.clear, {WORKSPACE: self._workspace})

    def flush(self) -> None:
        """Sends every write."""
        for kind in self._kinds.values():
            self._flush(kind)
        for name in self._cleared:  # last of all: a sequence of PostgreSQL does not go back when a transaction is undone
            last = self._highest.pop(name, 0)
            self._dialect.set_id(self._connection, self._tables, self._workspace, name, last, lower=True)
        for name in list(self._highest):
            self._raise_sequence(name)

    def _raise_sequence(self, name: str) -> None:
        """Ids that were chosen by the caller must not be given out again."""
        highest = self._highest.pop(name, None)
        if highest is not None:
            self._dialect.set_id(self._connection, self._tables, self._workspace, name, highest, lower=False)

    def _flush(self, kind: Kind[Any]) -> None:
        written = self._written.pop(kind.name, None)
        if not written:
            return
        statements = self._statements(kind)
        gone = [{WORKSPACE: self._workspace, KEY: key} for key, record in written.items() if record is None]
        self._send(statements.delete, gone)
        rows = [self._row(kind, record) for record in written.values() if record is not None]
        self._send(statements.upsert, rows)

    def _send(self, statement: str, rows: list[dict[str, Any]]) -> None:
        """Few rows one by one: the driver's way for many has a start and an end that cost as much as a row."""
        if len(rows) > _FEW:
            self._cursor.executemany(statement, rows)
            return
        for row in rows:
            self._cursor.execute(statement, row)

    def _row(self, kind: Kind[Any], record: Any) -> dict[str, Any]:
        return {
            WORKSPACE: self._workspace,
            KEY: getattr(record, kind.key),
            "document": json.dumps(codec.encode(record), separators=(",", ":")),
            **{f"by_{index}": getattr(record, index) for index in kind.indexes},
        }

    def _read(self, kind: Kind[R], query: str, bound: dict[str, Any]) -> list[R]:
        self._cursor.execute(query, {WORKSPACE: self._workspace, **bound})
        records = [codec.decode(kind.record, json.loads(document)) for (document,) in self._cursor.fetchall()]
        keys = [getattr(record, kind.key) for record in records]
        self._found.update(((kind.name, key), record) for key, record in zip(keys, records, strict=True))
        if self._statements(kind).counted:
            self._counted[kind.name].update(keys)
        return records

    def _fits(self, kind: Kind[Any], key: Key) -> bool:
        """Whether a record can have that key at all: databases refuse numbers beyond 64 bits and NUL in text."""
        if isinstance(key, int):
            return -(2**63) <= key < 2**63
        return "\0" not in key
