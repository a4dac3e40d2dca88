"""Statements of one record type, compiled once: to compile one takes longer than to execute it."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Executable, Text, bindparam, delete, literal_column, select
from sqlalchemy.engine.interfaces import Dialect as Compiler

from refund_sandbox.stores.protocol import RecordType
from refund_sandbox.stores.sql.dialects import Dialect, InsertTarget
from refund_sandbox.stores.sql.tables import Tables

KEY, VALUE, WORKSPACE, LIMIT, OFFSET, SOURCE, TARGET = "key", "value", "workspace", "limit", "offset", "source", "target"
"""Names of parameters."""
_NONE: ColumnElement[int] = literal_column("0")
_ONE: ColumnElement[int] = literal_column("1")
"""Literals, so that the database plans for a single row."""


class Statements:
    """Reads and writes of one record type. Reads return the column `document`; `where` and `all` in insertion order."""

    def __init__(self, tables: Tables, kind: RecordType[Any], dialect: Dialect, compiler: Compiler) -> None:
        def text(statement: Executable) -> str:
            return str(statement.compile(dialect=compiler))  # type: ignore[attr-defined]  # every statement has it

        table = tables[kind]
        ours, its_key = table.c.workspace == bindparam(WORKSPACE), table.c.key == bindparam(KEY)
        by = {index: table.c[f"by_{index}"] for index in kind.indexes}
        documents = select(table.c.document).where(ours)
        one = documents.limit(_ONE).offset(_NONE)
        everything = documents.order_by(tables.insertion_order(kind))
        self.counted = tables.is_counted(kind)
        self.get = text(documents.where(its_key))
        self.lock = text(documents.where(its_key).with_for_update())
        self.all = text(everything)
        self.first = {index: text(one.where(column.is_not(None)).order_by(column)) for index, column in by.items()}
        self.last = {index: text(one.where(column.is_not(None)).order_by(column.desc())) for index, column in by.items()}
        self.clear = text(delete(table).where(ours))
        self.delete = text(delete(table).where(ours, its_key))
        self.delete_until = text(delete(table).where(ours, table.c.key <= bindparam(KEY)))
        self.insert = InsertTarget(table.name, tuple(column.name for column in table.columns if column.name != "place"))
        self.upsert = _upsert(self.insert, dialect)
        self.keys, self.texts, self.columns = map(_reader, ((kind.key, *kind.indexes), kind.texts, kind.columns))
        """Functions that read some fields of a record: key and indexes, texts, other columns."""
        self.scan = text(select(table.c.workspace, table.c.document))
        self.drop = text(delete(table).where(table.c.workspace == bindparam(TARGET)))
        self.copy = [self.drop, text(_copy(tables, kind))]
        """Statements that replace TARGET's records by those of SOURCE, in the same order."""
        self._where = {index: text(everything.where(column == bindparam(VALUE))) for index, column in by.items()}
        self._without = {index: text(everything.where(column.is_(None))) for index, column in by.items()}

    def where(self, index: str, value: Any) -> str:
        """Return the statement for a value of an index. In SQL, null needs IS NULL."""
        return self._without[index] if value is None else self._where[index]


def _upsert(target: InsertTarget, dialect: Dialect) -> str:
    """Return the statement that inserts a row, or replaces the one with the same key."""
    names, values = ", ".join(target.columns), ", ".join(dialect.placeholders(len(target.columns)))
    changed = ", ".join(f"{name} = excluded.{name}" for name in target.columns if name not in (WORKSPACE, KEY))
    insert = f"INSERT INTO {target.table} ({names}) VALUES ({values})"  # noqa: S608 - our own names
    return f"{insert} ON CONFLICT (workspace, key) DO UPDATE SET {changed}"


def _reader(fields: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """Return a function that reads some fields of a record, and that takes less time than a loop."""
    if len(fields) > 1:
        return attrgetter(*fields)
    return lambda record: tuple([getattr(record, field) for field in fields])


def _copy(tables: Tables, kind: RecordType[Any]) -> Executable:
    table = tables[kind]
    names = [column.name for column in table.columns if column.name not in (WORKSPACE, "place")]
    rows = select(bindparam(TARGET, type_=Text), *[table.c[name] for name in names]).where(table.c.workspace == bindparam(SOURCE))
    return table.insert().from_select([WORKSPACE, *names], rows.order_by(tables.insertion_order(kind)))
