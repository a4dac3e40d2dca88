"""Queries of `stores.query` compiled to SQL."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from msgspec.structs import replace
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
    union,
)
from sqlalchemy.engine.interfaces import Dialect as Compiler

from refund_sandbox.stores.collation import fold_case, like_pattern
from refund_sandbox.stores.protocol import PageQuery, RecordType, TotalsQuery
from refund_sandbox.stores.query import (
    SIGNS,
    AllOf,
    AnyOf,
    Between,
    Compare,
    Condition,
    Contains,
    EqualsText,
    Exists,
    In,
    Not,
    Of,
)
from refund_sandbox.stores.sql.dialects import Dialect
from refund_sandbox.stores.sql.statements import LIMIT, OFFSET, WORKSPACE
from refund_sandbox.stores.sql.tables import Tables

_Query = tuple[str, dict[str, Any]]
"""Text of a statement, and its parameters without the workspace."""
_CACHED_STATEMENTS = 128
_MAX_INT = 2**63 - 1


class QueryBuilder:
    """Compiler and cache of statements; lists repeat the same few queries."""

    def __init__(self, tables: Tables, dialect: Dialect, compiler: Compiler) -> None:
        self._tables = tables
        self._dialect = dialect
        self._compiler = compiler
        self._documents = lru_cache(_CACHED_STATEMENTS)(self._write_documents)
        self._count = lru_cache(_CACHED_STATEMENTS)(self._write_count)
        self._totals = lru_cache(_CACHED_STATEMENTS)(self._write_totals)
        self._compile: Mapping[type[Any], Callable[[RecordType[Any], Any], ColumnElement[bool]]] = {
            In: self._in,
            Compare: self._compare,
            Between: self._between,
            EqualsText: self._equals_text,
            Contains: self._contains,
            Not: self._not,
            AnyOf: self._any_of,
            AllOf: self._all_of,
            Exists: self._exists,
        }

    def documents(self, kind: RecordType[Any], query: PageQuery) -> _Query:
        """Return a statement for the column `document` of a page. The caller binds the workspace."""
        statement, bound = self._documents(kind, replace(query, offset=min(query.offset, 1), limit=0))
        return statement, {**bound, LIMIT: query.limit, OFFSET: min(query.offset, _MAX_INT)}

    def count(self, kind: RecordType[Any], query: PageQuery) -> _Query:
        """Return a statement that counts the matches. The caller binds the workspace."""
        return self._count(kind, query.where)

    def totals(self, kind: RecordType[Any], query: TotalsQuery) -> tuple[_Query, list[bool]]:
        """Return a statement for the rows of a query, and whether each of their values is a number."""
        return self._totals(kind, query)

    def _write_documents(self, kind: RecordType[Any], query: PageQuery) -> _Query:
        """Compile a page: skip over keys only, which are small and indexed, then read the documents.

        The first page in the order of keys has nothing to skip or to sort.
        """
        table, order = self._tables[kind], self._order(kind, query)
        limit, offset = bindparam(LIMIT, type_=BigInteger), bindparam(OFFSET, type_=BigInteger)
        page = self._keys(kind, *query.where).order_by(*order).limit(limit)
        if query.order is None and not query.offset:
            return self._text_of(page.with_only_columns(table.c.document, maintain_column_froms=True))
        keys = page.offset(offset).subquery()
        documents = select(table.c.document).join(keys, table.c.key == keys.c.key)
        return self._text_of(documents.where(table.c.workspace == bindparam(WORKSPACE)).order_by(*order))

    def _write_count(self, kind: RecordType[Any], where: tuple[Condition, ...]) -> _Query:
        return self._text_of(self._keys(kind, *where).with_only_columns(func.count(), maintain_column_froms=True))

    def _write_totals(self, kind: RecordType[Any], query: TotalsQuery) -> tuple[_Query, list[bool]]:
        """Compile totals. Groups by the key are single records, so that nothing has to be added up."""
        statement, names = self._keys(kind, *query.where), (query.sums, query.lowest, query.distinct)
        sums, lowest, distinct = ([self._column(kind, field) for field in fields] for fields in names)
        by = [self._column(field.kind, field.by) if isinstance(field, Of) else self._column(kind, field) for field in query.by]
        are_numbers = [_is_number(column) for column in by]
        are_numbers += [True] * (1 + len(sums)) + [_is_number(column) for column in lowest] + [True] * len(distinct)
        if kind.key in query.by and not distinct:
            columns: list[ColumnElement[Any]] = [*by, literal_column("1"), *sums, *lowest]
            return self._text_of(statement.with_only_columns(*columns, maintain_column_froms=True)), are_numbers
        totals = [func.coalesce(func.sum(column), literal_column("0")) for column in sums]
        columns = [*by, func.count(), *totals, *map(func.min, lowest), *[func.count(column.distinct()) for column in distinct]]
        statement = statement.with_only_columns(*columns, maintain_column_froms=True)
        for field, other in {(field.field, field.kind) for field in query.by if isinstance(field, Of)}:
            table = self._tables[other]
            statement = statement.join(
                table, and_(table.c.workspace == bindparam(WORKSPACE), table.c.key == self._column(kind, field))
            )
        return self._text_of(statement.group_by(*by)), are_numbers

    def _text_of(self, statement: Select[Any]) -> _Query:
        compiled = statement.compile(dialect=self._compiler)
        return str(compiled), dict(compiled.params)

    def _keys(self, kind: RecordType[Any], *conditions: Condition) -> Select[Any]:
        """Select the keys of the records that match every condition."""
        return self._select(kind, kind.key, *conditions)

    def _select(self, kind: RecordType[Any], field: str, *conditions: Condition) -> Select[Any]:
        table = self._tables[kind]
        where = [self._condition(kind, condition) for condition in conditions]
        return select(self._column(kind, field)).where(table.c.workspace == bindparam(WORKSPACE), *where)

    def _order(self, kind: RecordType[Any], query: PageQuery) -> list[ColumnElement[Any]]:
        key = self._tables[kind].c.key
        if query.order is None:
            return [key.desc() if query.downwards else key.asc()]
        field = self._number(kind, query.order) if kind.is_number(query.order) else self._text(kind, query.order)
        return [field.desc().nulls_last() if query.downwards else field.asc().nulls_first(), key.asc()]

    def _condition(self, kind: RecordType[Any], condition: Condition) -> ColumnElement[bool]:
        return self._compile[type(condition)](kind, condition)

    def _in(self, kind: RecordType[Any], condition: In) -> ColumnElement[bool]:
        values = [value for value in condition.values if not isinstance(value, str) or _is_storable(value)]
        bound: list[ColumnElement[Any]] = [bindparam(None, value) for value in values]
        return self._column(kind, condition.field).in_(bound) if bound else false()

    def _compare(self, kind: RecordType[Any], condition: Compare) -> ColumnElement[bool]:
        value = max(-_MAX_INT, min(condition.value, _MAX_INT))
        compared: ColumnElement[bool] = SIGNS[condition.sign](self._column(kind, condition.field), value)
        return compared

    def _between(self, kind: RecordType[Any], condition: Between) -> ColumnElement[bool]:
        column = self._column(kind, condition.field)
        return and_(column >= condition.first, column <= condition.last)

    def _equals_text(self, kind: RecordType[Any], condition: EqualsText) -> ColumnElement[bool]:
        return self._text(kind, condition.field) == fold_case(condition.text)

    def _contains(self, kind: RecordType[Any], condition: Contains) -> ColumnElement[bool]:
        pattern = like_pattern(condition.text)
        text = self._tables.text(kind, condition.field)
        return false() if pattern is None else text.like(pattern.replace("\\", "\\\\"), escape="\\")

    def _not(self, kind: RecordType[Any], condition: Not) -> ColumnElement[bool]:
        return self._condition(kind, condition.condition).is_not(true())

    def _any_of(self, kind: RecordType[Any], condition: AnyOf) -> ColumnElement[bool]:
        """Compile OR. With `Exists`, use a UNION: for an OR, the database would run each subquery for every row."""
        links = [one for one in condition.conditions if isinstance(one, Exists)]
        others = or_(false(), *[self._condition(kind, one) for one in condition.conditions if one not in links])
        if not links:
            return others
        branches = [self._keys(kind).where(others), *[self._keys(kind, link) for link in links]]
        return self._tables[kind].c.key.in_(union(*branches))

    def _all_of(self, kind: RecordType[Any], condition: AllOf) -> ColumnElement[bool]:
        return and_(true(), *[self._condition(kind, one) for one in condition.conditions])

    def _exists(self, kind: RecordType[Any], condition: Exists) -> ColumnElement[bool]:
        keys = self._select(condition.kind, condition.by, condition.condition)
        return self._column(kind, condition.field).in_(keys)

    def _column(self, kind: RecordType[Any], field: str) -> ColumnElement[Any]:
        """Return the column of the key, of an indexed field or of one of `columns`."""
        table = self._tables[kind]
        if field == kind.key:
            return table.c.key
        return table.c[f"field_{field}" if field in kind.columns else f"by_{field}"]

    def _has_column(self, kind: RecordType[Any], field: str) -> bool:
        return field == kind.key or field in kind.indexes or field in kind.columns

    def _number(self, kind: RecordType[Any], field: str) -> ColumnElement[Any]:
        if self._has_column(kind, field):
            return self._column(kind, field)
        table = self._tables[kind]
        return cast(self._dialect.field(func.coalesce(table.c.folded, table.c.document), field), BigInteger)

    def _text(self, kind: RecordType[Any], field: str) -> ColumnElement[Any]:
        """Return a field for comparisons: lower() for ASCII records, the column `folded` for others."""
        if field in kind.texts:
            return self._tables.text(kind, field)
        table = self._tables[kind]
        value = self._column(kind, field) if self._has_column(kind, field) else self._dialect.field(table.c.document, field)
        return case((table.c.folded.is_(None), self._dialect.lower(value)), else_=self._dialect.field(table.c.folded, field))


def _is_number(column: ColumnElement[Any]) -> bool:
    return isinstance(column.type, BigInteger)


def _is_storable(text: str) -> bool:
    """Whether a database can store the text."""
    return "\0" not in text and text.encode("utf-8", "replace").decode() == text
