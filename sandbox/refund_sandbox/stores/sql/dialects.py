"""Differences between SQLite and PostgreSQL: opening, locks, upserts, sequences, errors."""

import sqlite3
import time
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any, Literal, Protocol

from sqlalchemy import ColumnElement, Connection, Engine, Table, cast, collate, create_engine, event, func, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.sql.dml import Insert

from refund_sandbox.stores.protocol import Conflict, StoreError, Unavailable
from refund_sandbox.stores.sql.tables import SEQUENCES, Tables

_TIMEOUT_S = 20
"""Maximum time of a statement, and of a wait for a lock or a pooled connection. Requests for one order queue up."""
_CONNECT_TIMEOUT_S = 5
_RETRY_INTERVAL_S = 0.01
"""Wait before a retry of statements for which SQLite has no wait of its own."""


Access = Literal["read", "write", "exclusive"]
"""Access of a transaction. Several may write to one workspace; only an exclusive one may replace its state."""


class Dialect(Protocol):
    """Dialect of a database."""

    name: str
    is_blocking: bool
    numbered: bool
    """Whether rows need a column for their insertion order."""

    def open(self, url: str) -> Engine:
        """Return an engine that is not connected yet."""

    def begin(self, connection: Connection, access: Access, workspaces: Iterable[str]) -> None:
        """Begin a transaction on some workspaces."""

    def upsert(self, table: Table) -> Insert:
        """Return a statement that inserts a row, or replaces the one with the same key."""

    def field(self, document: ColumnElement[Any], name: str) -> ColumnElement[Any]:
        """Return a field of a JSON document; null if it is null."""

    def lower(self, text: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return text with ASCII letters in lower case, compared by code points."""

    def next_ids(self, cursor: DBAPICursor, workspace: str, kind: str, count: int) -> Sequence[int]:
        """Return the next numbers of a sequence."""

    def last_id(self, connection: Connection, tables: Tables, workspace: str, kind: str) -> int:
        """Return the last number that a sequence returned; 0 if it is unused."""

    def make_sequences(self, connection: Connection, workspace: str, record_types: list[str]) -> None:
        """Create missing sequences."""

    def drop_sequences(self, connection: Connection, workspace: str, record_types: list[str]) -> None:
        """Delete the sequences of a workspace."""

    def set_id(self, connection: Connection, tables: Tables, workspace: str, kind: str, last: int, *, lower: bool) -> None:
        """Set the last number of a sequence; a smaller one only with `lower`."""

    def explain(self, error: BaseException) -> StoreError:
        """Return the store's error for an error of the driver."""


def _upsert(insert: Any, table: Table) -> Insert:
    changed = {
        column.name: insert.excluded[column.name] for column in table.columns if not column.primary_key and column.name != "place"
    }
    statement: Insert = insert.on_conflict_do_update(index_elements=["workspace", "key"], set_=changed)
    return statement


class Sqlite:
    """SQLite file. It has one writer at a time, so workspaces need no locks of their own."""

    name = "sqlite"
    is_blocking = False
    numbered = False

    def open(self, url: str) -> Engine:
        engine = create_engine(url, paramstyle="named", connect_args={"timeout": _TIMEOUT_S, "check_same_thread": False})
        event.listen(engine, "connect", _prepare_sqlite)
        return engine

    def begin(self, connection: Connection, access: Access, workspaces: Iterable[str]) -> None:
        """Begin; a writer takes the lock at once, because an upgrade from reader to writer can fail."""
        connection.exec_driver_sql("BEGIN" if access == "read" else "BEGIN IMMEDIATE")

    def upsert(self, table: Table) -> Insert:
        return _upsert(sqlite.insert(table), table)

    def field(self, document: ColumnElement[Any], name: str) -> ColumnElement[Any]:
        return func.json_extract(document, f"$.{name}")

    def lower(self, text: ColumnElement[Any]) -> ColumnElement[Any]:
        return func.lower(text)

    def next_ids(self, cursor: DBAPICursor, workspace: str, kind: str, count: int) -> Sequence[int]:
        """Increment a row of the sequences table, under the write lock."""
        cursor.execute(_COUNT_UP, {"workspace": workspace, "kind": kind, "count": count})
        last = int(cursor.fetchall()[0][0])
        return range(last - count + 1, last + 1)

    def last_id(self, connection: Connection, tables: Tables, workspace: str, kind: str) -> int:
        ours = (tables.sequences.c.workspace == workspace, tables.sequences.c.kind == kind)
        return connection.execute(select(tables.sequences.c.last).where(*ours)).scalar() or 0

    def make_sequences(self, connection: Connection, workspace: str, record_types: list[str]) -> None:
        """Do nothing: `next_ids` creates a missing row."""

    def drop_sequences(self, connection: Connection, workspace: str, record_types: list[str]) -> None:
        connection.exec_driver_sql(f"DELETE FROM {SEQUENCES} WHERE workspace = ?", (workspace,))  # noqa: S608 - our own name

    def set_id(self, connection: Connection, tables: Tables, workspace: str, kind: str, last: int, *, lower: bool) -> None:
        insert = sqlite.insert(tables.sequences).values(workspace=workspace, kind=kind, last=last)
        moved = insert.excluded.last if lower else func.max(tables.sequences.c.last, insert.excluded.last)
        connection.execute(insert.on_conflict_do_update(index_elements=["workspace", "kind"], set_={"last": moved}))

    def explain(self, error: BaseException) -> StoreError:
        """Return Unavailable for a lock that was not released in time, StoreError for anything else."""
        kind = Unavailable if _is_locked(error) else StoreError
        return kind(f"SQLite: {error}")


_COUNT_UP = f"""
INSERT INTO {SEQUENCES} (workspace, kind, last) VALUES (:workspace, :kind, :count)
ON CONFLICT (workspace, kind) DO UPDATE SET last = last + excluded.last RETURNING last"""  # noqa: S608 - our own name


def _is_locked(error: BaseException) -> bool:
    """Whether another connection holds a lock. The lowest byte of SQLite's error code is the primary code."""
    code = getattr(error, "sqlite_errorcode", None) or 0
    return code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions by itself
    _enable_wal(connection)
    for pragma in ("synchronous=NORMAL", "foreign_keys=OFF"):
        connection.execute(f"PRAGMA {pragma}").close()


def _enable_wal(connection: Any) -> None:
    """Enable the write-ahead log. SQLite does not wait if another process enables it at the same time, so this retries."""
    deadline = time.monotonic() + _TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
            return
        except sqlite3.OperationalError as error:
            if not _is_locked(error) or time.monotonic() > deadline:
                raise
            time.sleep(_RETRY_INTERVAL_S)


class Postgresql:
    """PostgreSQL server. It locks rows, so refunds of different orders do not wait for each other."""

    name = "postgresql"
    is_blocking = True
    numbered = True

    def open(self, url: str) -> Engine:
        options = f"-c statement_timeout={_TIMEOUT_S}s -c lock_timeout={_TIMEOUT_S}s -c idle_in_transaction_session_timeout=60s"
        engine = create_engine(
            url.replace("postgresql://", "postgresql+psycopg://", 1),
            isolation_level="AUTOCOMMIT",
            pool_size=16,
            max_overflow=4,
            pool_timeout=_TIMEOUT_S,
            connect_args={"connect_timeout": _CONNECT_TIMEOUT_S, "options": options},
        )
        event.listen(engine, "checkout", _check_postgresql)
        return engine

    def begin(self, connection: Connection, access: Access, workspaces: Iterable[str]) -> None:
        """Begin with an advisory lock on each workspace, in one round trip. Writers share the lock.

        A reader needs no transaction: each statement sees what is committed anyway. An exclusive transaction has no
        time-out, because another process may take minutes to load a large state.
        """
        if access == "read":
            return
        kind = "_shared" if access == "write" else ""
        no_timeout = "" if access == "write" else "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; "
        locks = [f"SELECT pg_advisory_xact_lock{kind}({_lock_of(name)})" for name in sorted(workspaces)]
        connection.exec_driver_sql(f"BEGIN; {no_timeout}{'; '.join(locks)}")

    def upsert(self, table: Table) -> Insert:
        return _upsert(postgresql.insert(table), table)

    def field(self, document: ColumnElement[Any], name: str) -> ColumnElement[Any]:
        """Return the field as text. A cast to JSONB would have to convert each document first."""
        value: ColumnElement[Any] = cast(document, postgresql.JSON)[name].astext
        return value

    def lower(self, text: ColumnElement[Any]) -> ColumnElement[Any]:
        return func.lower(collate(text, "C"))

    def next_ids(self, cursor: DBAPICursor, workspace: str, kind: str, count: int) -> Sequence[int]:
        """Use a sequence of the database, which never waits for another transaction."""
        cursor.execute(_NEXT_IDS, {"name": _sequence(workspace, kind), "count": count})
        return [int(number) for (number,) in cursor.fetchall()]

    def last_id(self, connection: Connection, tables: Tables, workspace: str, kind: str) -> int:
        last = f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {_sequence(workspace, kind)}"  # noqa: S608 - our own name
        return int(connection.exec_driver_sql(last).scalar_one())

    def make_sequences(self, connection: Connection, workspace: str, record_types: list[str]) -> None:
        names = [_sequence(workspace, kind) for kind in record_types]
        connection.exec_driver_sql("; ".join(f"CREATE SEQUENCE IF NOT EXISTS {name} MINVALUE 0 START 1" for name in names))

    def drop_sequences(self, connection: Connection, workspace: str, record_types: list[str]) -> None:
        connection.exec_driver_sql(f"DROP SEQUENCE IF EXISTS {', '.join(_sequence(workspace, kind) for kind in record_types)}")

    def set_id(self, connection: Connection, tables: Tables, workspace: str, kind: str, last: int, *, lower: bool) -> None:
        """Call setval only if needed: other transactions see it at once, and a rollback does not undo it."""
        name = _sequence(workspace, kind)
        raised = f"SELECT setval(:name, GREATEST(:last, last_value)) FROM {name} WHERE :last > last_value OR NOT is_called"  # noqa: S608 - our own name
        connection.execute(_SET_ID if lower else text(raised), {"name": name, "last": last})

    def explain(self, error: BaseException) -> StoreError:
        """Map SQLSTATE: deadlocks and serialization failures to Conflict, classes 08, 53, 55 and 57 to Unavailable."""
        from psycopg import OperationalError  # imported only if there is a server

        state = getattr(error, "sqlstate", None) or ""
        message = " ".join(str(error).split())
        if state in ("40001", "40P01"):
            return Conflict(message)
        if isinstance(error, OperationalError) or state[:2] in ("08", "53", "55", "57"):
            return Unavailable(f"PostgreSQL: {message}")
        return StoreError(f"PostgreSQL: {message}")


_SET_ID = text("SELECT setval(:name, :last)")
_NEXT_IDS = "SELECT nextval(%(name)s) FROM generate_series(1, %(count)s)"


def _check_postgresql(connection: Any, _record: Any, _proxy: Any) -> None:
    """Raise DisconnectionError if the server has closed the connection, so that the pool opens another one.

    It needs no round trip. The first call may read a last message of the server; the second one reads the end.
    """
    try:
        connection.pgconn.consume_input()
        connection.pgconn.consume_input()
    except connection.OperationalError as error:
        raise DisconnectionError(str(error)) from error


def _lock_of(workspace: str) -> int:
    """Return the number of a workspace's advisory lock."""
    return int.from_bytes(sha256(f"refund-sandbox {workspace}".encode()).digest()[:8], signed=True)


def _sequence(workspace: str, kind: str) -> str:
    """Return a valid and short identifier for any workspace name."""
    return f"seq_{sha256(workspace.encode()).hexdigest()[:24]}_{kind.replace('.', '_')}"


def dialect_of(url: str) -> Dialect:
    return Sqlite() if url.startswith("sqlite:") else Postgresql()
