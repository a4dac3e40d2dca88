"""Reads from a SQL database. Reads that are prefetched take one round trip together."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar

from refund_sandbox.stores.protocol import Key, NextIds, PageQuery, Read, RecordType, TotalsQuery
from refund_sandbox.stores.reads import All, First, Get, Last, Where
from refund_sandbox.stores.sql.dialects import Dialect, Rows, Statement
from refund_sandbox.stores.sql.queries import QueryBuilder
from refund_sandbox.stores.sql.record_json import read_record
from refund_sandbox.stores.sql.session import Session
from refund_sandbox.stores.sql.statements import KEY, VALUE, WORKSPACE, Statements

R = TypeVar("R")
ReadId = tuple[Any, ...]
"""Class and arguments of a read."""


class SqlContext(NamedTuple):
    """Parts that all transactions of a database share: dialect, statements by record type, query builder."""

    dialect: Dialect
    statements: Callable[[RecordType[Any]], Statements]
    query_builder: QueryBuilder


class SqlReadTransaction:
    """Implementation of `ReadTransaction`."""

    is_remote = True

    def __init__(self, session: Session, context: SqlContext, workspace: str) -> None:
        self._session = session
        self._dialect, self._statements, self._query_builder = context
        self._workspace = workspace
        self._known: dict[str, dict[ReadId, list[Any]]] = {}
        """Records of prefetched reads, by record type."""

    def prefetch(self, *reads: Read | NextIds) -> None:
        """Run reads in one round trip; later reads of the same find their records here."""
        wanted = [read for read in reads if self._is_wanted(read)]
        if not wanted:
            return
        writes = [statement for read in wanted for statement in self._writes_before(read)]
        results = self._session.run(writes, [self._statement(read) for read in wanted])
        for read, rows in zip(wanted, results, strict=True):
            self._save(read, rows)

    def get(self, kind: RecordType[R], key: Key, *, for_update: bool = False) -> R | None:
        """Return the record. `for_update` has no effect, because a lock would end with the statement."""
        records = self._find(Get(kind, key)) if is_valid_key(key) else None
        return records[0] if records else None

    def where(self, kind: RecordType[R], index: str, value: Any) -> list[R]:
        return self._find(Where(kind, index, value))

    def first(self, kind: RecordType[R], index: str) -> R | None:
        records = self._find(First(kind, index))
        return records[0] if records else None

    def last(self, kind: RecordType[R], index: str) -> R | None:
        records = self._find(Last(kind, index))
        return records[0] if records else None

    def all(self, kind: RecordType[R]) -> list[R]:
        return self._find(All(kind))

    def page(self, kind: RecordType[R], query: PageQuery) -> tuple[list[R], int]:
        [rows] = self._session.run(self._all_writes(), [self._bind(*self._query_builder.documents(kind, query))])
        records = self._decode(kind, rows)
        if not query.is_counted:
            return records, 0
        if len(records) < query.limit and (records or not query.offset):
            return records, query.offset + len(records)  # the last page shows the total
        [[(total,)]] = self._session.run((), [self._bind(*self._query_builder.count(kind, query))])
        return records, int(total)

    def totals(self, kind: RecordType[Any], query: TotalsQuery) -> list[tuple[Any, ...]]:
        statement, are_numbers = self._query_builder.totals(kind, query)
        [rows] = self._session.run(self._all_writes(), [self._bind(*statement)])
        readers = [_numbers if is_number else _texts for is_number in are_numbers]
        columns = [read(values) for read, values in zip(readers, zip(*rows, strict=True), strict=False)]
        return list(zip(*columns, strict=True))

    def _find(self, read: Read) -> list[Any]:
        known = self._find_known(read)
        if known is not None:
            return known.copy()
        [rows] = self._session.run(self._writes_before(read), [self._statement(read)])
        return self._decode(read.kind, rows)

    def _find_known(self, read: Read) -> list[Any] | None:
        """Return the records of a prefetched read, else None. A record that was locked serves other reads too."""
        known = self._known.get(read.kind.name)
        if not known:
            return None
        locked = known.get((Get, read.key, True)) if isinstance(read, Get) else None
        return locked if locked is not None else known.get(id_of(read))

    def _is_wanted(self, read: Read | NextIds) -> bool:
        """Whether a prefetch of the read is possible, and was not made before."""
        if isinstance(read, NextIds) or (isinstance(read, Get) and not is_valid_key(read.key)):
            return False
        return self._find_known(read) is None

    def _writes_before(self, _read: Read | NextIds) -> list[Statement]:
        """Return the writes that must be sent before a read: none."""
        return []

    def _all_writes(self) -> list[Statement]:
        """Return all writes that were not sent yet: none."""
        return []

    def _save(self, read: Read | NextIds, rows: Rows) -> None:
        """Save the result of a prefetched read."""
        self._known.setdefault(read.kind.name, {})[id_of(read)] = self._decode(read.kind, rows)

    def _statement(self, read: Read | NextIds) -> Statement:
        statements = self._statements(read.kind)
        match read:
            case Get(_, key, for_update):
                return self._bind(statements.lock if for_update else statements.get, {KEY: key})
            case Where(_, field, value):
                return self._bind(statements.where(field, value), {} if value is None else {VALUE: value})
            case First(_, field):
                return self._bind(statements.first[field])
            case Last(_, field):
                return self._bind(statements.last[field])
            case All():
                return self._bind(statements.all)
            case NextIds(kind, number):
                return self._dialect.next_ids(self._workspace, kind.name, number)

    def _bind(self, text: str, bound: dict[str, Any] | None = None) -> Statement:
        return text, {**(bound or {}), WORKSPACE: self._workspace}

    def _decode(self, kind: RecordType[R], rows: Rows) -> list[R]:
        return [read_record(kind.record, document) for (document,) in rows]


def id_of(read: Read | NextIds) -> ReadId:
    """Return a key for a read, without its record type, whose hash would take long."""
    return (type(read), *read[1:])


def is_valid_key(key: Key) -> bool:
    """Whether a record can have that key: databases refuse numbers beyond 64 bits, and NUL in text."""
    if isinstance(key, int):
        return -(2**63) <= key < 2**63
    return "\0" not in key


def _numbers(values: Iterable[Any]) -> list[int | None]:
    """Return numbers, which PostgreSQL writes as text."""
    return [None if value is None else int(value) for value in values]


def _texts(values: Iterable[Any]) -> list[str | None]:
    return [value.decode() if isinstance(value, bytes) else value for value in values]
