"""The store on a database: opens it, makes its schema, and hands out transactions."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from sandbox.stores import Kind, Unavailable
from sandbox.stores.sql.dialects import dialect_of
from sandbox.stores.sql.pages import Pages
from sandbox.stores.sql.statements import Statements
from sandbox.stores.sql.tables import Tables
from sandbox.stores.sql.transaction import SqlTransaction


class SqlStore:
    """Follows `sandbox.stores.Store`. Processes that open the same URL share one world."""

    shared = True

    def __init__(self, url: str, kinds: Iterable[Kind[Any]], workspace: str = "default") -> None:
        """Opens the database and makes its schema. Raises StoreError where that can't be done."""
        self._dialect = dialect_of(url)
        self._tables = Tables(kinds, numbered=self._dialect.numbered)
        self._statements = cache(self._make_statements)
        self._workspace = workspace
        self._engine = self._dialect.open(url)
        self._pages = Pages(self._tables, self._dialect, self._engine.dialect)
        self.name = self._dialect.name
        self.waits = self._dialect.waits
        with self._connection(write=True) as connection:
            self._dialect.lock_schema(connection)
            self._tables.create(connection)
            for kind in self._tables.counted:
                self._dialect.make_sequence(connection, workspace, kind)

    @contextmanager
    def transaction(self) -> Iterator[SqlTransaction]:
        """Kept when the block ends; undone when it raises."""
        with self._connection(write=True) as connection:
            transaction = self._on(connection)
            yield transaction
            transaction.flush()

    @contextmanager
    def reading(self) -> Iterator[SqlTransaction]:
        """A transaction that takes no locks."""
        with self._connection(write=False) as connection:
            yield self._on(connection)

    @contextmanager
    def alone(self) -> Iterator[SqlTransaction]:
        """A transaction that no other process has open at the same time: for making the first world."""
        with self._connection(write=True) as connection:
            self._dialect.lock_schema(connection)
            transaction = self._on(connection)
            yield transaction
            transaction.flush()

    def close(self) -> None:
        """Closes every connection."""
        self._engine.dispose()

    def _make_statements(self, kind: Kind[Any]) -> Statements:
        return Statements(self._tables, kind, self._dialect.upsert(self._tables[kind]), self._engine.dialect)

    def _on(self, connection: Connection) -> SqlTransaction:
        return SqlTransaction(connection, self._tables, self._statements, self._pages, self._dialect, self._workspace)

    @contextmanager
    def _connection(self, *, write: bool) -> Iterator[Connection]:
        """A connection in a transaction; errors of the driver become ours."""
        try:
            with self._engine.connect() as connection, connection.begin():
                self._dialect.begin(connection, write=write)
                yield connection
        except PoolTimeout as error:
            raise Unavailable(f"all connections are in use: {error}") from None
        except DBAPIError as error:
            assert error.orig is not None
            raise self._dialect.explain(error.orig) from error
        except self._engine.dialect.loaded_dbapi.Error as error:
            raise self._dialect.explain(error) from error
