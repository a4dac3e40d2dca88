"""SQLite files."""

import sqlite3
import time
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Engine, PoolProxiedConnection, create_engine, event, func, make_url

from refund_sandbox.stores.protocol import StoreError, Unavailable
from refund_sandbox.stores.sql.dialects import TIMEOUT_S, Access, InsertTarget, Row, Rows, Statement
from refund_sandbox.stores.sql.tables import SEQUENCES

_RETRY_INTERVAL_S = 0.01
"""Wait before a retry of statements for which SQLite has no wait of its own."""
_BATCH_THRESHOLD = 4
"""Number of rows up to which single statements are faster than executemany."""


class Sqlite:
    """SQLite file. It has one writer at a time, so workspaces need no locks of their own."""

    name = "sqlite"
    is_blocking = False
    numbered = False

    def __init__(self) -> None:
        self._file = _WatchedFile()
        self._path = Path()

    def open(self, url: str, connections: int) -> Engine:
        self._path = _path_of(url)
        return _open(url, TIMEOUT_S, self._file)

    def open_without_wait(self, url: str) -> Engine:
        return _open(url, 0, self._file)

    def is_full(self, error: BaseException) -> bool:
        return False

    def link(self, connection: PoolProxiedConnection) -> "SqliteLink":
        return SqliteLink(connection.driver_connection)

    def opening(self, access: Access, workspaces: Iterable[str]) -> list[Statement]:
        """Return BEGIN; a writer takes the lock at once, because an upgrade from reader to writer can fail."""
        return [("BEGIN" if access in ("read", "snapshot") else "BEGIN IMMEDIATE", {})]

    def add_search_indexes(self, connection: Connection, columns: Iterable[Column[Any]]) -> None:
        """Do nothing: a file is small enough to be read through."""

    def placeholders(self, count: int) -> list[str]:
        return ["?"] * count

    def field(self, document: ColumnElement[Any], name: str) -> ColumnElement[Any]:
        return func.json_extract(document, f"$.{name}")

    def lower(self, text: ColumnElement[Any]) -> ColumnElement[Any]:
        return func.lower(text)

    def next_ids(self, workspace: str, kind: str, count: int) -> Statement:
        """Increment a row of the sequences table, under the write lock."""
        return _COUNT_UP, {"workspace": workspace, "kind": kind, "count": count}

    def last_id(self, workspace: str, kind: str) -> Statement:
        return _LAST_ID, {"workspace": workspace, "kind": kind}

    def make_sequences(self, workspace: str, record_types: list[str]) -> list[Statement]:
        """Return nothing: `next_ids` creates a missing row."""
        return []

    def drop_sequences(self, workspace: str, record_types: list[str]) -> list[Statement]:
        return [(_DROP_SEQUENCES, {"workspace": workspace})]

    def set_id(self, workspace: str, kind: str, last: int, *, lower: bool) -> Statement:
        return _SET_ID if lower else _RAISE_ID, {"workspace": workspace, "kind": kind, "last": last}

    def explain(self, error: BaseException) -> StoreError:
        """Return Unavailable for a lock that was not released in time, StoreError for anything else."""
        kind = Unavailable if _is_locked(error) else StoreError
        file = f": {self._path}" if getattr(error, "sqlite_errorcode", None) else ""
        return kind(f"SQLite: {error}{file}")


class SqliteLink:
    """Connection to a file; nothing is gained by sending statements together."""

    def __init__(self, connection: Any) -> None:
        self._connection: sqlite3.Connection = connection
        self._cursor = self._connection.cursor()

    def run(self, writes: Sequence[Statement], reads: Sequence[Statement]) -> list[Rows]:
        for text, statements in groupby(writes, itemgetter(0)):
            self._write(text, [bound for _, bound in statements])
        return [self._cursor.execute(text, bound).fetchall() for text, bound in reads]

    def insert(self, target: InsertTarget, rows: Iterable[Row]) -> None:
        names, values = ", ".join(target.columns), ", ".join("?" for _ in target.columns)
        self._cursor.executemany(f"INSERT INTO {target.table} ({names}) VALUES ({values})", rows)  # noqa: S608 - our own names

    def commit(self, writes: Sequence[Statement]) -> None:
        self.run(writes, ())
        if self._connection.in_transaction:
            self._cursor.execute("COMMIT")

    def roll_back(self) -> None:
        """Roll back and release the last statement.

        The traceback of an error may refer to the cursor for long, and SQLite closes no file that has a statement.
        """
        if self._connection.in_transaction:
            self._cursor.execute("ROLLBACK")
        self._cursor.close()

    def is_idle(self) -> bool:
        return not self._connection.in_transaction

    def _write(self, text: str, rows: list[Any]) -> None:
        if len(rows) > _BATCH_THRESHOLD:
            self._cursor.executemany(text, rows)
            return
        for row in rows:
            self._cursor.execute(text, row)


_INSERT_ID = f"INSERT INTO {SEQUENCES} (workspace, kind, last) VALUES (:workspace, :kind, "  # noqa: S608 - our own name
_ON_CONFLICT = "ON CONFLICT (workspace, kind) DO UPDATE SET last = "
_COUNT_UP = f"{_INSERT_ID}:count) {_ON_CONFLICT}last + excluded.last RETURNING last - :count + 1, last"
_SET_ID = f"{_INSERT_ID}:last) {_ON_CONFLICT}excluded.last"
_RAISE_ID = f"{_INSERT_ID}:last) {_ON_CONFLICT}max(last, excluded.last)"
_LAST_ID = f"SELECT last FROM {SEQUENCES} WHERE workspace = :workspace AND kind = :kind"  # noqa: S608 - our own name
_DROP_SEQUENCES = f"DELETE FROM {SEQUENCES} WHERE workspace = :workspace"  # noqa: S608 - our own name


def _open(url: str, timeout_s: float, file: "_WatchedFile") -> Engine:
    connect_args = {"timeout": timeout_s, "check_same_thread": False}
    engine = create_engine(url, paramstyle="named", pool_reset_on_return=None, connect_args=connect_args)
    path = _path_of(url)
    event.listen(engine, "do_connect", lambda *_: file.check())
    event.listen(engine, "connect", lambda connection, _: _prepare(connection))
    event.listen(engine, "connect", lambda *_: file.remember(path))
    event.listen(engine, "checkout", lambda *_: file.check())
    return engine


def _path_of(url: str) -> Path:
    return Path(make_url(url).database or "").absolute()


class _WatchedFile:
    """Database file. SQLite goes on writing into one that was deleted, and creates an empty one for a new connection."""

    def __init__(self) -> None:
        self._opened: tuple[Path, tuple[int, int] | None] | None = None

    def remember(self, path: Path) -> None:
        self._opened = self._opened or (path, _identity_of(path))

    def check(self) -> None:
        """Raise OperationalError if the file is not the one that was opened first."""
        if self._opened and _identity_of(self._opened[0]) != self._opened[1]:
            text = f"the file {self._opened[0]} was deleted or replaced while the sandbox was using it. Restart the sandbox."
            raise sqlite3.OperationalError(text)


def _identity_of(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _is_locked(error: BaseException) -> bool:
    """Whether another connection holds a lock. The lowest byte of SQLite's error code is the primary code."""
    code = getattr(error, "sqlite_errorcode", None) or 0
    return code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _prepare(connection: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions by itself
    _enable_wal(connection)
    for pragma in ("synchronous=NORMAL", "foreign_keys=OFF"):
        connection.execute(f"PRAGMA {pragma}").close()


def _enable_wal(connection: Any) -> None:
    """Enable the write-ahead log. SQLite does not wait if another process enables it at the same time, so this retries."""
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
            return
        except sqlite3.OperationalError as error:
            if not _is_locked(error) or time.monotonic() > deadline:
                raise
            time.sleep(_RETRY_INTERVAL_S)
