"""Store in a SQL database: opens it, creates its schema, and opens transactions."""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import ArgumentError

from refund_sandbox.settings import Settings
from refund_sandbox.stores.memory_transactions import TableBuilder
from refund_sandbox.stores.protocol import ReadTransaction, RecordType, StoreError, Unavailable, WouldWait, is_on_event_loop
from refund_sandbox.stores.sql.dialects import Access, Dialect, Rows
from refund_sandbox.stores.sql.queries import QueryBuilder
from refund_sandbox.stores.sql.read_transaction import SqlContext, SqlReadTransaction
from refund_sandbox.stores.sql.record_json import read_record
from refund_sandbox.stores.sql.session import Session, connect_when_free, driver_errors, explain
from refund_sandbox.stores.sql.sqlite_dialect import Sqlite
from refund_sandbox.stores.sql.statements import SOURCE, TARGET, Statements
from refund_sandbox.stores.sql.tables import Tables
from refund_sandbox.stores.sql.transaction import SqlTransaction

R = TypeVar("R")
_SCHEMA = "/schema"
"""Name for the lock of the schema; not a valid workspace name."""


class SqlDatabase:
    """Implementation of `Database`. Processes with the same URL share workspaces."""

    is_shared = True

    def __init__(
        self, url: str, record_types: Iterable[RecordType[Any]], connections: int = Settings().postgresql_connections
    ) -> None:
        """Open the database and create its schema. Raises StoreError. `connections` is their maximum number on a server."""
        self.dialect = _dialect_of(url)
        self._tables = Tables(record_types, numbered=self.dialect.numbered)
        self.engine = self._open_engine(url, connections)
        self._hasty_engine = self.dialect.open_without_wait(url)
        """Engine for the event loop, which must not wait for a lock."""
        query_builder = QueryBuilder(self._tables, self.dialect, self.engine.dialect)
        self.context = SqlContext(self.dialect, self._statements_of, query_builder)
        self._statements: dict[str, Statements] = {}
        """By the name of the record type. The hash of a record type would take longer."""
        try:
            self._create_tables()
        except StoreError:
            self.close()
            raise

    def open(self, workspace: str) -> "SqlStore":
        with self.session("exclusive", _SCHEMA) as session:
            session.commit(self.dialect.make_sequences(workspace, self._tables.counted))
        return SqlStore(self, workspace)

    def scan_all(self, kind: RecordType[R]) -> list[tuple[str, R]]:
        with self.session("read") as session:
            [rows] = session.run((), [(self.context.statements(kind).scan, {})])
            session.commit()
        return [(_text(workspace), read_record(kind.record, document)) for workspace, document in rows]

    def copy_workspace(
        self,
        source: str,
        target: str,
        record_types: Iterable[RecordType[Any]],
        finish: Callable[[SqlTransaction], None] | None = None,
    ) -> None:
        """Copy rows inside the database, and the last ids. A target that does not exist yet gets its sequences."""
        bound = {SOURCE: source, TARGET: target}
        with self.session("exclusive", source, target) as session:
            session.run(self.dialect.make_sequences(target, self._tables.counted))
            for kind in record_types:
                statements = self.context.statements(kind)
                ids = [self.dialect.last_id(source, kind.name)] if statements.counted else []
                found = session.run([(text, bound) for text in statements.copy], ids)
                writes = [self.dialect.set_id(target, kind.name, _first(rows), lower=True) for rows in found]
                session.run(writes)
            transaction = SqlTransaction(session, self.context, target)
            if finish:
                finish(transaction)
            session.commit(transaction.unsent())

    def drop_workspaces(self, workspaces: Collection[str]) -> None:
        with self.session("exclusive", *workspaces) as session:
            for workspace in workspaces:
                session.run([(self.context.statements(kind).drop, {TARGET: workspace}) for kind in self._tables.kinds])
                session.run(self.dialect.drop_sequences(workspace, self._tables.counted))
            session.commit()

    def close(self) -> None:
        self.engine.dispose()
        if self._hasty_engine is not None:
            self._hasty_engine.dispose()

    def _statements_of(self, kind: RecordType[Any]) -> Statements:
        found = self._statements.get(kind.name)
        if found is None:
            found = self._statements[kind.name] = Statements(self._tables, kind, self.dialect, self.engine.dialect)
        return found

    @contextmanager
    def session(self, access: Access, *workspaces: str) -> Iterator[Session]:
        """Open a transaction on some workspaces. It is rolled back unless the block commits it.

        Raise WouldWait on the event loop if somebody else has the lock.
        """
        hasty = self._hasty_engine if self._hasty_engine is not None and is_on_event_loop() else None
        session = Session(hasty or self.engine, self.dialect, access, workspaces)
        try:
            yield session
        except BaseException as error:
            session.roll_back()
            if hasty and isinstance(error, Unavailable):
                raise WouldWait from error
            raise
        finally:
            session.close()

    def _open_engine(self, url: str, connections: int) -> Engine:
        """Return an engine that is not connected yet. Raises StoreError without parts of the URL, which may hold a password."""
        try:
            return self.dialect.open(url, connections)
        except (ArgumentError, ValueError):
            form = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
            raise StoreError(f"Invalid value for --store (expected {form}, with %40 for @ in a password).") from None

    def _create_tables(self) -> None:
        """Create what is missing, under a lock."""
        try:
            with connect_when_free(self.engine.connect, self.engine, self.dialect) as connection, connection.begin():
                for text, bound in self.dialect.opening("exclusive", [_SCHEMA]):
                    connection.exec_driver_sql(text, dict(bound) or None)
                self._tables.create(connection)
                self.dialect.add_search_indexes(connection, self._tables.searched)
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

    def transaction(self) -> AbstractContextManager[SqlTransaction]:
        return self._write("write")

    def alone(self) -> AbstractContextManager[SqlTransaction]:
        return self._write("alone")

    @contextmanager
    def _write(self, access: Access) -> Iterator[SqlTransaction]:
        with self._database.session(access, self._workspace) as session:
            if access == "exclusive":
                session.run([])  # the lock
            transaction = SqlTransaction(session, self._database.context, self._workspace)
            yield transaction
            session.commit(transaction.unsent())

    @contextmanager
    def _read(self, access: Access) -> Iterator[SqlReadTransaction]:
        with self._database.session(access, self._workspace) as session:
            yield SqlReadTransaction(session, self._database.context, self._workspace)
            session.commit()

    def read_only(self) -> AbstractContextManager[SqlReadTransaction]:
        return self._read("read")

    def snapshot(self) -> AbstractContextManager[SqlReadTransaction]:
        return self._read("snapshot")

    def copy(self, record_types: Iterable[RecordType[Any]]) -> ReadTransaction:
        copied = TableBuilder()
        with self.snapshot() as transaction:
            for kind in record_types:
                for record in transaction.all(kind):
                    copied.put(kind, record)
        return copied

    @contextmanager
    def locked_at_once(self) -> Iterator[None]:
        yield

    def exclusive(self) -> AbstractContextManager[SqlTransaction]:
        return self._write("exclusive")


def _dialect_of(url: str) -> Dialect:
    if url.startswith("sqlite:"):
        return Sqlite()
    from refund_sandbox.stores.sql.postgresql_dialect import Postgresql  # psycopg is only imported for a server

    return Postgresql()


def _text(value: Any) -> str:
    """Return a text of a row. PostgreSQL's link returns bytes."""
    return value.decode() if isinstance(value, bytes) else str(value)


def _first(rows: Rows) -> int:
    """Return the number in the first row, or 0 if there is none."""
    return int(rows[0][0]) if rows else 0
