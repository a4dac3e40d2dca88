"""What SQLite and PostgreSQL do differently: opening, locking, upserts, sequences, and what their errors mean."""

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
"""Seconds that a statement may take, or wait for a lock or a connection of the pool: many callers of one order queue up."""
_CONNECT_TIMEOUT_S = 5
"""Seconds in which a server must answer at all."""
_RETRY_INTERVAL_S = 0.01
"""Seconds before something is tried again for which SQLite does not wait by itself."""


Access = Literal["read", "write", "exclusive"]
"""What a transaction is for: writers share a workspace, and only one that is alone may replace it."""


class Dialect(Protocol):
    """One kind of database."""

    name: str
    is_blocking: bool
    numbered: bool
    """Whether rows need a column that says in which order they came."""

    def open(self, url: str) -> Engine:
        """An engine; nothing is connected yet."""

    def begin(self, connection: Connection, access: Access, workspaces: Iterable[str]) -> None:
        """Starts a transaction on some workspaces."""

    def upsert(self, table: Table) -> Insert:
        """Inserts a row, or replaces the one with its key."""

    def field(self, document: ColumnElement[Any], name: str) -> ColumnElement[Any]:
        """A field of a JSON document; null where it is null."""

    def lower(self, text: ColumnElement[Any]) -> ColumnElement[Any]:
        """The letters of ASCII in lower case, to be compared by code points."""

    def next_ids(self, cursor: DBAPICursor, workspace: str, kind: str, count: int) -> Sequence[int]:
        """The next numbers of a sequence."""

    def last_id(self, connection: Connection, tables: Tables, workspace: str, kind: str) -> int:
        """The last number that a sequence gave out, 0 when it gave out none."""

    def make_sequences(self, connection: Connection, workspace: str, record_types: list[str]) -> None:
        """Makes the sequences that are not there yet."""

    def drop_sequences(self, connection: Connection, workspace: str, record_types: list[str]) -> None:
        """Forgets a workspace's sequences."""

    def set_id(self, connection: Connection, tables: Tables, workspace: str, kind: str, last: int, *, lower: bool) -> None:
        """Moves a sequence to the last number given out; down only with `lower`."""

    def explain(self, error: BaseException) -> StoreError:
        """What an error of the driver means for a caller."""


def _upsert(insert: Any, table: Table) -> Insert:
    changed = {
        column.name: insert.excluded[column.name] for column in table.columns if not column.primary_key and column.name != "place"
    }
    statement: Insert = insert.on_conflict_do_update(index_elements=["workspace", "key"], set_=changed)
    return statement


class Sqlite:
    """A file on this machine; one writer at a time, so that locks are those of the file."""

    name = "sqlite"
    is_blocking = False
    numbered = False

    def open(self, url: str) -> Engine:
        """An engine whose transactions begin when we say so."""
        engine = create_engine(url, paramstyle="named", connect_args={"timeout": _TIMEOUT_S, "check_same_thread": False})
        event.listen(engine, "connect", _prepare_sqlite)
        return engine

    def begin(self, connection: Connection, access: Access, workspaces: Iterable[str]) -> None:
        """A writer takes the one lock at once: a reader that turns writer could be refused."""
        connection.exec_driver_sql("BEGIN" if access == "read" else "BEGIN IMMEDIATE")

    def upsert(self, table: Table) -> Insert:
        """INSERT … ON CONFLICT DO UPDATE."""
        return _upsert(sqlite.insert(table), table)

    def field(self, document: ColumnElement[Any], name: str) -> ColumnElement[Any]:
        """With json_extract()."""
        return func.json_extract(document, f"$.{name}")

    def lower(self, text: ColumnElement[Any]) -> ColumnElement[Any]:
        """SQLite knows no other letters and no other order."""
        return func.lower(text)

    def next_ids(self, cursor: DBAPICursor, workspace: str, kind: str, count: int) -> Sequence[int]:
        """Counted up in a table, under the write lock."""
        cursor.execute(_COUNT_UP, {"workspace": workspace, "kind": kind, "count": count})
        last = int(cursor.fetchall()[0][0])
        return range(last - count + 1, last + 1)

    def last_id(self, connection: Connection, tables: Tables, workspace: str, kind: str) -> int:
        """Found in the table."""
        ours = (tables.sequences.c.workspace == workspace, tables.sequences.c.kind == kind)
        return connection.execute(select(tables.sequences.c.last).where(*ours)).scalar() or 0

    def make_sequences(self, connection: Connection, workspace: str, record_types: list[str]) -> None:
        """A row is made when it is needed."""

    def drop_sequences(self, connection: Connection, workspace: str, record_types: list[str]) -> None:
        """Deletes the rows."""
        connection.exec_driver_sql(f"DELETE FROM {SEQUENCES} WHERE workspace = ?", (workspace,))  # noqa: S608 - our own name

    def set_id(self, connection: Connection, tables: Tables, workspace: str, kind: str, last: int, *, lower: bool) -> None:
        """Written into the table."""
        insert = sqlite.insert(tables.sequences).values(workspace=workspace, kind=kind, last=last)
        moved = insert.excluded.last if lower else func.max(tables.sequences.c.last, insert.excluded.last)
        connection.execute(insert.on_conflict_do_update(index_elements=["workspace", "kind"], set_={"last": moved}))

    def explain(self, error: BaseException) -> StoreError:
        """A lock that did not come free in time is a gap; anything else is the file."""
        kind = Unavailable if _is_locked(error) else StoreError
        return kind(f"SQLite: {error}")


_COUNT_UP = f"""
INSERT INTO {SEQUENCES} (workspace, kind, last) VALUES (:workspace, :kind, :count)
ON CONFLICT (workspace, kind) DO UPDATE SET last = last + excluded.last RETURNING last"""  # noqa: S608 - our own name


def _is_locked(error: BaseException) -> bool:
    """Whether another connection has the file or a table of it, by the code of SQLite's error; its lowest byte is its kind."""
    code = getattr(error, "sqlite_errorcode", None) or 0
    return code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions by itself
    _log_ahead(connection)
    for pragma in ("synchronous=NORMAL", "foreign_keys=OFF"):
        connection.execute(f"PRAGMA {pragma}").close()


def _log_ahead(connection: Any) -> None:
    """Gives the file a write-ahead log. Where another process does so at this moment, SQLite fails instead of waiting."""
    last = time.monotonic() + _TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
            return
        except sqlite3.OperationalError as error:
            if not _is_locked(error) or time.monotonic() > last:
                raise
            time.sleep(_RETRY_INTERVAL_S)


class Postgresql:
    """A server; locks are on rows, so that refunds of different orders don't wait for each other."""

    name = "postgresql"
    is_blocking = True
    numbered = True

    def open(self, url: str) -> Engine:
        """A pool of connections whose transactions begin when we say so, with time-outs for statements and locks."""
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
        """With an advisory lock on each workspace, which writers share; all in one round trip.

        A reader needs no transaction: each of its statements sees what is committed, with one or without. To wait for
        another process's large world may take minutes.
        """
        if access == "read":
            return
        kind = "_shared" if access == "write" else ""
        patience = "" if access == "write" else "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; "
        locks = [f"SELECT pg_advisory_xact_lock{kind}({_lock_of(name)})" for name in sorted(workspaces)]
        connection.exec_driver_sql(f"BEGIN; {patience}{'; '.join(locks)}")

    def upsert(self, table: Table) -> Insert:
        """INSERT … ON CONFLICT DO UPDATE."""
        return _upsert(postgresql.insert(table), table)

    def field(self, document: ColumnElement[Any], name: str) -> ColumnElement[Any]:
        """As text. Of JSON, not JSONB, which would have to be made of each document first."""
        value: ColumnElement[Any] = cast(document, postgresql.JSON)[name].astext
        return value

    def lower(self, text: ColumnElement[Any]) -> ColumnElement[Any]:
        """By the rules of the C locale."""
        return func.lower(collate(text, "C"))

    def next_ids(self, cursor: DBAPICursor, workspace: str, kind: str, count: int) -> Sequence[int]:
        """A sequence of the database: it never waits for another transaction."""
        cursor.execute(_NEXT_IDS, {"name": _sequence(workspace, kind), "count": count})
        return [int(number) for (number,) in cursor.fetchall()]

    def last_id(self, connection: Connection, tables: Tables, workspace: str, kind: str) -> int:
        """Asked of the sequence itself, which counts from its start when it was never used."""
        last = f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {_sequence(workspace, kind)}"  # noqa: S608 - our own name
        return int(connection.exec_driver_sql(last).scalar_one())

    def make_sequences(self, connection: Connection, workspace: str, record_types: list[str]) -> None:
        """The database's own, all in one statement."""
        names = [_sequence(workspace, kind) for kind in record_types]
        connection.exec_driver_sql("; ".join(f"CREATE SEQUENCE IF NOT EXISTS {name} MINVALUE 0 START 1" for name in names))

    def drop_sequences(self, connection: Connection, workspace: str, record_types: list[str]) -> None:
        """All in one statement."""
        connection.exec_driver_sql(f"DROP SEQUENCE IF EXISTS {', '.join(_sequence(workspace, kind) for kind in record_types)}")

    def set_id(self, connection: Connection, tables: Tables, workspace: str, kind: str, last: int, *, lower: bool) -> None:
        """With setval, which other transactions see at once and which is not undone: only where it must be."""
        name = _sequence(workspace, kind)
        raised = f"SELECT setval(:name, GREATEST(:last, last_value)) FROM {name} WHERE :last > last_value OR NOT is_called"  # noqa: S608 - our own name
        connection.execute(_SET_ID if lower else text(raised), {"name": name, "last": last})

    def explain(self, error: BaseException) -> StoreError:
        """By SQLSTATE: deadlocks and serialization failures can be run again, the rest of class 08, 53, 55 and 57 later."""
        from psycopg import OperationalError  # a driver that is only needed where there is a server

        state = getattr(error, "sqlstate", None) or ""
        said = " ".join(str(error).split())
        if state in ("40001", "40P01"):
            return Conflict(said)
        if isinstance(error, OperationalError) or state[:2] in ("08", "53", "55", "57"):
            return Unavailable(f"PostgreSQL: {said}")
        return StoreError(f"PostgreSQL: {said}")


_SET_ID = text("SELECT setval(:name, :last)")
_NEXT_IDS = "SELECT nextval(%(name)s) FROM generate_series(1, %(count)s)"


def _check_postgresql(connection: Any, _record: Any, _proxy: Any) -> None:
    """Raises DisconnectionError when the server has hung up, so that the pool connects anew. Asks nothing of the server.

    The first look may find its words of farewell, the second one the end.
    """
    try:
        connection.pgconn.consume_input()
        connection.pgconn.consume_input()
    except connection.OperationalError as error:
        raise DisconnectionError(str(error)) from error


def _lock_of(workspace: str) -> int:
    """The number of a workspace's advisory lock."""
    return int.from_bytes(sha256(f"refund-sandbox {workspace}".encode()).digest()[:8], signed=True)


def _sequence(workspace: str, kind: str) -> str:
    """A name that is an identifier, and short enough for one, whatever the workspace is called."""
    return f"seq_{sha256(workspace.encode()).hexdigest()[:24]}_{kind.replace('.', '_')}"


def dialect_of(url: str) -> Dialect:
    """The dialect of a store URL."""
    return Sqlite() if url.startswith("sqlite:") else Postgresql()
