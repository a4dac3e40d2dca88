"""Store in a SQL database: opens it, creates its schema, and opens transactions."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Connection, select

from refund_sandbox.stores.protocol import RecordType, StoreError
from refund_sandbox.stores.sql.dialects import Access, Dialect, Statement
from refund_sandbox.stores.sql.queries import QueryBuilder
from refund_sandbox.stores.sql.read_transaction import SqlContext, SqlReadTransaction
from refund_sandbox.stores.sql.record_json import read_record
from refund_sandbox.stores.sql.session import Session, driver_errors, explain
from refund_sandbox.stores.sql.sqlite_dialect import Sqlite
from refund_sandbox.stores.sql.statements import SOURCE, TARGET, Statements, copy_statements, delete_statements
from refund_sandbox.stores.sql.tables import Tables
from refund_sandbox.stores.sql.transaction import SqlTransaction

R = TypeVar("R")
_SCHEMA = "/schema"
"""Name for the lock of the schema; not a valid workspace name."""


class SqlDatabase:
    """Implementation of `Database`. Processes with the same URL share workspaces."""

    is_shared = True

    def __init__(self, url: str, record_types: Iterable[RecordType[Any]]) -> None:
        """Open the database and create its schema. Raises StoreError."""
        self.dialect = _dialect_of(url)
        self._tables = Tables(record_types, numbered=self.dialect.numbered)
        self.engine = self.dialect.open(url)
        query_builder = QueryBuilder(self._tables, self.dialect, self.engine.dialect)
        self.context = SqlContext(self.dialect, cache(self._make_statements), query_builder)
        try:
            with self.connect("exclusive", _SCHEMA) as connection:
                self._tables.create(connection)
        except StoreError:
            self.close()
            raise

    def open(self, workspace: str) -> "SqlStore":
        with self.connect("exclusive", _SCHEMA) as connection:
            _run(connection, self.dialect.make_sequences(workspace, self._tables.counted))
        return SqlStore(self, workspace)

    def scan_all(self, kind: RecordType[R]) -> list[tuple[str, R]]:
        table = self._tables[kind]
        with self.connect("read") as connection:
            rows = connection.execute(select(table.c.workspace, table.c.document)).all()
        return [(workspace, read_record(kind.record, document)) for workspace, document in rows]

    def copy_workspace(
        self,
        source: str,
        target: str,
        record_types: Iterable[RecordType[Any]],
        finish: Callable[[SqlTransaction], None] | None = None,
    ) -> None:
        """Copy rows inside the database, and the last ids."""
        self.open(target)
        with self.connect("exclusive", source, target) as connection:
            for kind in record_types:
                for statement in copy_statements(self._tables, kind):
                    connection.execute(statement, {SOURCE: source, TARGET: target})
                if self._tables.is_counted(kind):
                    last = _run(connection, [self.dialect.last_id(source, kind.name)]) or 0
                    _run(connection, [self.dialect.set_id(target, kind.name, last, lower=True)])
            if finish:
                session = Session.within(self.engine, self.dialect, connection)
                transaction = SqlTransaction(session, self.context, target)
                finish(transaction)
                session.run(transaction.unsent())

    def drop_workspace(self, workspace: str) -> None:
        with self.connect("exclusive", workspace) as connection:
            for statement in delete_statements(self._tables):
                connection.execute(statement, {TARGET: workspace})
            _run(connection, self.dialect.drop_sequences(workspace, self._tables.counted))

    def close(self) -> None:
        self.engine.dispose()

    def _make_statements(self, kind: RecordType[Any]) -> Statements:
        return Statements(self._tables, kind, self.dialect.upsert(self._tables[kind]), self.engine.dialect)

    @contextmanager
    def connect(self, access: Access, *workspaces: str) -> Iterator[Connection]:
        """Open a connection with a transaction on some workspaces; map errors of the driver to StoreError."""
        try:
            with self.engine.connect() as connection, connection.begin():
                _run(connection, self.dialect.opening(access, workspaces))
                yield connection
        except driver_errors(self.engine) as error:
            raise explain(self.dialect, error) from error


class SqlStore:
    """Implementation of `Store`."""

    is_shared = True

    def __init__(self, database: SqlDatabase, workspace: str) -> None:
        self._database = database
        self._workspace = workspace
        self.name = database.dialect.name
        self.is_blocking = database.dialect.is_blocking

    @contextmanager
    def transaction(self) -> Iterator[SqlTransaction]:
        with self._session("write") as session:
            transaction = SqlTransaction(session, self._database.context, self._workspace)
            yield transaction
            session.commit(transaction.unsent())

    @contextmanager
    def read_only(self) -> Iterator[SqlReadTransaction]:
        with self._session("read") as session:
            yield SqlReadTransaction(session, self._database.context, self._workspace)
            session.commit()

    @contextmanager
    def exclusive(self) -> Iterator[SqlTransaction]:
        with self._session("exclusive") as session:
            session.run([])  # the lock
            transaction = SqlTransaction(session, self._database.context, self._workspace)
            yield transaction
            session.commit(transaction.unsent())

    @contextmanager
    def _session(self, access: Access) -> Iterator[Session]:
        session = Session(self._database.engine, self._database.dialect, access, self._workspace)
        try:
            yield session
        except BaseException:
            session.roll_back()
            raise
        finally:
            session.close()


def _dialect_of(url: str) -> Dialect:
    if url.startswith("sqlite:"):
        return Sqlite()
    from refund_sandbox.stores.sql.postgresql_dialect import Postgresql  # psycopg is only imported for a server

    return Postgresql()


def _run(connection: Connection, statements: Iterable[Statement]) -> Any:
    """Run statements; return the first value of the last one's rows."""
    value = None
    for text, bound in statements:
        result = connection.exec_driver_sql(text, dict(bound) or None)
        value = result.scalar() if result.returns_rows else None
    return value
