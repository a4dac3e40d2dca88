"""The statements of one kind of record, as text for the driver: to build one anew costs more than the database's answer."""

from typing import Any

from sqlalchemy import ColumnElement, Executable, Select, Table, Text, bindparam, delete, func, literal_column, select
from sqlalchemy.engine.interfaces import Dialect as Compiler
from sqlalchemy.sql.dml import Insert

from sandbox.stores import Kind, Part
from sandbox.stores.sql.tables import Tables

KEY, VALUE, WORKSPACE, LIMIT, OFFSET, SOURCE, TARGET = "key", "value", "workspace", "limit", "offset", "source", "target"
"""What is bound when a statement is executed."""
_NONE: ColumnElement[int] = literal_column("0")
_ONE: ColumnElement[int] = literal_column("1")
"""Not bound, so that the database plans for a single row."""


def _page(statement: Select[Any], key: ColumnElement[Any], downwards: bool) -> Select[Any]:
    return statement.order_by(key.desc() if downwards else key).limit(bindparam(LIMIT)).offset(bindparam(OFFSET))


class Statements:
    """Reads and writes of one kind. Reads give the column `document`; `where` and `all` in the order that rows came."""

    def __init__(self, tables: Tables, kind: Kind[Any], upsert: Insert, compiler: Compiler) -> None:
        def text(statement: Executable) -> str:
            return str(statement.compile(dialect=compiler, column_keys=columns))  # type: ignore[attr-defined]  # every statement has it

        table = tables[kind]
        columns = [column.name for column in table.columns if column.name != "place"]
        ours, its_key = table.c.workspace == bindparam(WORKSPACE), table.c.key == bindparam(KEY)
        by = {index: table.c[f"by_{index}"] for index in kind.indexes}
        documents = select(table.c.document).where(ours)
        everything = documents.order_by(tables.place(kind))
        self.counted = tables.is_counted(kind)
        self.get = text(documents.where(its_key))
        self.lock = text(documents.where(its_key).with_for_update())
        self.all = text(everything)
        self.first = {index: text(documents.order_by(column).limit(_ONE).offset(_NONE)) for index, column in by.items()}
        self.clear = text(delete(table).where(ours))
        self.delete = text(delete(table).where(ours, its_key))
        self.upsert = text(upsert)
        self._pages: dict[tuple[str | None, bool], str] = {}
        self._counts: dict[str | None, str] = {}
        conditions: dict[str | None, ColumnElement[bool] | None] = {None: None}
        conditions |= {index: column == bindparam(VALUE) for index, column in by.items()}
        for index, condition in conditions.items():
            part = documents if condition is None else documents.where(condition)
            counted = select(func.count()).select_from(table).where(ours)
            self._pages |= {(index, downwards): text(_page(part, table.c.key, downwards)) for downwards in (False, True)}
            self._counts[index] = text(counted if condition is None else counted.where(condition))
        self._where = {index: text(everything.where(column == bindparam(VALUE))) for index, column in by.items()}
        self._without = {index: text(everything.where(column.is_(None))) for index, column in by.items()}

    def page(self, part: Part) -> tuple[str, str, dict[str, Any]]:
        """A page in the order of the keys, the count of all, and what is bound but for offset and limit."""
        index, value = part.where or (None, None)
        return self._pages[index, part.downwards], self._counts[index], {} if index is None else {VALUE: value}

    def where(self, index: str, value: Any) -> str:
        """The records with a value in an index; to a database null equals nothing."""
        return self._without[index] if value is None else self._where[index]


def copies(tables: Tables, kind: Kind[Any]) -> list[Executable]:
    """Replaces the records of a kind that TARGET has by those of SOURCE, in the same order."""
    table = tables[kind]
    names = [column.name for column in table.columns if column.name not in (WORKSPACE, "place")]
    rows = select(bindparam(TARGET, type_=Text), *[table.c[name] for name in names]).where(table.c.workspace == bindparam(SOURCE))
    return [_forget(table), table.insert().from_select([WORKSPACE, *names], rows.order_by(tables.place(kind)))]


def forget(tables: Tables) -> list[Executable]:
    """Deletes whatever TARGET has, of every kind."""
    return [_forget(table) for table in tables.all]


def _forget(table: Table) -> Executable:
    return delete(table).where(table.c.workspace == bindparam(TARGET))
