"""Store in a SQL database: opens it, creates its schema, and opens transactions."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from refund_sandbox.stores import codec
from refund_sandbox.stores.protocol import RecordType, StoreError, Unavailable
from refund_sandbox.stores.sql.dialects import Access, dialect_of
from refund_sandbox.stores.sql.queries import QueryBuilder
from refund_sandbox.stores.sql.statements import SOURCE, TARGET, Statements, copy_statements, delete_statements
from refund_sandbox.stores.sql.tables import Tables
from refund_sandbox.stores.sql.transaction import SqlContext, SqlReadTransaction, SqlTransaction

R = TypeVar("R")
_SCHEMA = "/schema"
"""Name for the lock of the schema; not a valid workspace name."""


class SqlDatabase:
    """Implementation of `Database`. Processes with the same URL share workspaces."""

    is_shared = True

    def __init__(self, url: str, record_types: Iterable[RecordType[Any]]) -> None:
        """Open the database and create its schema. Raises StoreError."""
        self.dialect = dialect_of(url)
        self._tables = Tables(record_types, numbered=self.dialect.numbered)
        self._engine = self.dialect.open(url)
        query_builder = QueryBuilder(self._tables, self.dialect, self._engine.dialect)
        self.context = SqlContext(self.dialect, self._tables, cache(self._make_statements), query_builder)
        try:
            with self.connect("exclusive", _SCHEMA) as connection:
                self._tables.create(connection)
        except StoreError:
            self.close()
            raise

    def open(self, workspace: str) -> "SqlStore":
        with self.connect("exclusive", _SCHEMA) as connection:
            self.dialect.make_sequences(connection, workspace, self._tables.counted)
        return SqlStore(self, workspace)

    def scan_all(self, kind: RecordType[R]) -> list[tuple[str, R]]:
        table = self._tables[kind]
        with self.connect("read") as connection:
            rows = connection.execute(select(table.c.workspace, table.c.document)).all()
        return [(workspace, codec.decode(kind.record, json.loads(document))) for workspace, document in rows]

    def copy_workspace(self, source: str, target: str, record_types: Iterable[RecordType[Any]]) -> None:
        """Copy rows inside the database, and the last ids."""
        self.open(target)
        with self.connect("exclusive", source, target) as connection:
            for kind in record_types:
                for statement in copy_statements(self._tables, kind):
                    connection.execute(statement, {SOURCE: source, TARGET: target})
                if self._tables.is_counted(kind):
                    last = self.dialect.last_id(connection, self._tables, source, kind.name)
                    self.dialect.set_id(connection, self._tables, target, kind.name, last, lower=True)

    def drop_workspace(self, workspace: str) -> None:
        with self.connect("exclusive", workspace) as connection:
            for statement in delete_statements(self._tables):
                connection.execute(statement, {TARGET: workspace})
            self.dialect.drop_sequences(connection, workspace, self._tables.counted)

    def close(self) -> None:
        self._engine.dispose()

    def _make_statements(self, kind: RecordType[Any]) -> Statements:
        return Statements(self._tables, kind, self.dialect.upsert(self._tables[kind]), self._engine.dialect)

    @contextmanager
    def connect(self, access: Access, *workspaces: str) -> Iterator[Connection]:
        """Open a connection with a transaction on some workspaces; map errors of the driver to StoreError."""
        try:
            with self._engine.connect() as connection, connection.begin():
                self.dialect.begin(connection, access, workspaces)
                yield connection
        except PoolTimeout as error:
            raise Unavailable(f"all connections are in use: {error}") from None
        except DBAPIError as error:
            assert error.orig is not None
            raise self.dialect.explain(error.orig) from error
        except self._engine.dialect.loaded_dbapi.Error as error:
            raise self.dialect.explain(error) from error


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
        with self._writing("write") as transaction:
            yield transaction

    @contextmanager
    def read_only(self) -> Iterator[SqlReadTransaction]:
        with self._database.connect("read") as connection:
            yield SqlReadTransaction(connection, self._database.context, self._workspace)

    @contextmanager
    def exclusive(self) -> Iterator[SqlTransaction]:
        with self._writing("exclusive") as transaction:
            yield transaction

    @contextmanager
    def _writing(self, access: Access) -> Iterator[SqlTransaction]:
        with self._database.connect(access, self._workspace) as connection:
            transaction = SqlTransaction(connection, self._database.context, self._workspace)
            yield transaction
            transaction.flush()
