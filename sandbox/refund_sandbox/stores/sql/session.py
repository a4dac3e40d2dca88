"""Connection of one transaction. It is taken from the pool at the first statement, and begins together with it."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from sqlalchemy import Engine, PoolProxiedConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from refund_sandbox.stores.protocol import StoreError, Unavailable
from refund_sandbox.stores.sql.dialects import TIMEOUT_S, Access, Dialect, InsertTarget, Link, Row, Rows, Statement

C = TypeVar("C")
_RETRY_INTERVAL_S = 0.05
"""Wait before another attempt to connect to a server that has no connection left."""
_MAX_BATCH = 1000
"""Maximum number of writes that are sent together; a large state has many more."""


class Session:
    """Statements of one transaction. Errors of the driver become StoreError."""

    def __init__(self, engine: Engine, dialect: Dialect, access: Access, workspaces: Iterable[str]) -> None:
        self._engine = engine
        self._dialect = dialect
        self._opening = dialect.opening(access, workspaces)
        """Statements that begin the transaction, until they are sent."""
        self._connection: PoolProxiedConnection | None = None
        self._link: Link | None = None

    def run(self, writes: Sequence[Statement], reads: Sequence[Statement] = ()) -> list[Rows]:
        """Run writes, then reads, in one round trip; return the rows of each read."""
        try:
            link, rest = self._begin(writes)
            return link.run(rest, reads)
        except driver_errors(self._engine) as error:
            raise explain(self._dialect, error) from error

    def insert(self, target: InsertTarget, rows: Iterable[Row]) -> None:
        """Insert any number of new rows into a table."""
        try:
            link, rest = self._begin([])
            link.run(rest, ())
            link.insert(target, rows)
        except driver_errors(self._engine) as error:
            raise explain(self._dialect, error) from error

    def commit(self, writes: Sequence[Statement] = ()) -> None:
        """Run writes and commit, in one round trip; in none if there was no statement at all."""
        if self._link is None and not writes:
            return
        try:
            link, rest = self._begin(writes)
            link.commit(rest)
        except driver_errors(self._engine) as error:
            raise explain(self._dialect, error) from error

    def roll_back(self) -> None:
        """Roll back. A connection on which that fails is closed, which rolls back too."""
        if self._link:
            try:
                self._link.roll_back()
            except driver_errors(self._engine):
                return

    def close(self) -> None:
        """Return the connection to the pool; close it if it is not idle."""
        if self._connection:
            if not (self._link and self._link.is_idle()):
                self._connection.invalidate()
            self._connection.close()

    def _begin(self, writes: Sequence[Statement]) -> tuple[Link, Sequence[Statement]]:
        """Return the link, and the last batch of the writes; the statements that begin the transaction come first."""
        if self._link is None:
            self._connection = connect_when_free(self._engine.raw_connection, self._engine, self._dialect)
            self._link = self._dialect.link(self._connection)
        if self._opening:
            writes, self._opening = [*self._opening, *writes], []
        start = 0
        while len(writes) - start > _MAX_BATCH:
            self._link.run(writes[start : start + _MAX_BATCH], ())
            start += _MAX_BATCH
        return self._link, writes[start:] if start else writes


def connect_when_free(connect: Callable[[], C], engine: Engine, dialect: Dialect) -> C:
    """Return a connection. While the server has none left for this process, wait for one."""
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        try:
            return connect()
        except driver_errors(engine) as error:
            if not dialect.is_full(error) or time.monotonic() > deadline:
                raise
        time.sleep(_RETRY_INTERVAL_S)


def driver_errors(engine: Engine) -> tuple[type[Exception], ...]:
    """Return the errors of an engine that `explain` understands."""
    return PoolTimeout, DBAPIError, engine.dialect.loaded_dbapi.Error


def explain(dialect: Dialect, error: Exception) -> StoreError:
    """Return the store's error for one of `driver_errors`."""
    if isinstance(error, PoolTimeout):
        return Unavailable(f"all connections are in use: {error}")
    if isinstance(error, DBAPIError) and error.orig:
        return dialect.explain(error.orig)
    return dialect.explain(error)
