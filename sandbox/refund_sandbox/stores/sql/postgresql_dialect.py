"""PostgreSQL servers."""

import logging
import re
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    PoolProxiedConnection,
    cast,
    collate,
    create_engine,
    event,
    func,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError, DisconnectionError

from refund_sandbox.stores.protocol import StoreError
from refund_sandbox.stores.sql.dialects import TIMEOUT_S, Access, Statement
from refund_sandbox.stores.sql.libpq_link import LibpqLink, check_open, explain

_log = logging.getLogger(__name__)
_CONNECT_TIMEOUT_S = 5
_POOL_TIMEOUT_S = 3 * TIMEOUT_S
_FULL = re.compile("too many (clients|connections)|remaining connection slots|no more connections allowed")
"""Messages of PostgreSQL, of its limits for a role or a database, and of PgBouncer."""
_CACHED_NAMES = 1000
_NO_TIMEOUT: list[Statement] = [("SET LOCAL lock_timeout = 0", {}), ("SET LOCAL statement_timeout = 0", {})]
_LINK = "link"
"""Key of a connection's link in its `info`."""


class Postgresql:
    """PostgreSQL server. It locks rows, so refunds of different orders do not wait for each other."""

    name = "postgresql"
    is_blocking = True
    numbered = True

    def open(self, url: str, connections: int) -> Engine:
        """Return an engine whose pool resets no connection: a link ends each transaction by itself.

        A thread waits for a connection of the pool longer than for a lock, so that those who wait for locks end before.

        psycopg prepares no statements, because it would delete the link's prepared statements with its own.
        """
        options = f"-c statement_timeout={TIMEOUT_S}s -c lock_timeout={TIMEOUT_S}s -c idle_in_transaction_session_timeout=60s"
        connect_args = {"connect_timeout": _CONNECT_TIMEOUT_S, "options": options, "client_encoding": "utf8"}
        engine = create_engine(
            url.replace("postgresql://", "postgresql+psycopg://", 1),
            isolation_level="AUTOCOMMIT",
            pool_size=connections,
            max_overflow=0,
            pool_timeout=_POOL_TIMEOUT_S,
            pool_reset_on_return=None,
            connect_args={**connect_args, "prepare_threshold": None},
        )
        event.listen(engine, "checkout", _check_connection)
        return engine

    def open_without_wait(self, url: str) -> None:
        return None

    def is_full(self, error: BaseException) -> bool:
        """Read the text of the error: libpq passes no SQLSTATE of a connection that is refused."""
        return _FULL.search(str(error)) is not None

    def link(self, connection: PoolProxiedConnection) -> LibpqLink:
        link: LibpqLink | None = connection.info.get(_LINK)
        if link is None:
            driver_connection: Any = connection.driver_connection
            link = connection.info[_LINK] = LibpqLink(driver_connection)
        return link

    def opening(self, access: Access, workspaces: Iterable[str]) -> list[Statement]:
        """Return BEGIN with an advisory lock on each workspace. Writers share the lock.

        A reader needs no transaction: each statement sees what is committed anyway. An exclusive transaction has no
        time-out, because another process may take minutes to load a large state.
        """
        if access == "read":
            return []
        if access == "snapshot":
            return [("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", {})]
        no_timeout = _NO_TIMEOUT if access == "exclusive" else []
        lock = _LOCK_SHARED if access == "write" else _LOCK
        return [("BEGIN", {}), *no_timeout, *[(lock, {"lock": _lock_of(name)}) for name in sorted(workspaces)]]

    def add_search_indexes(self, connection: Connection, columns: Iterable[Column[Any]]) -> None:
        """Add trigram indexes. Without the extension pg_trgm, or the right to create it, a search reads all rows."""
        present = set(connection.exec_driver_sql(_INDEX_NAMES).scalars())
        wanted = {f"tx_{column.table.name}_{column.name}": column for column in columns}
        missing = {name: column for name, column in wanted.items() if name not in present}
        if not missing or connection.exec_driver_sql(_HAS_TRIGRAMS).scalar() is None:
            return
        connection.exec_driver_sql("SAVEPOINT search_indexes")
        try:
            connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            for name, column in missing.items():
                connection.exec_driver_sql(f"CREATE INDEX {name} ON {column.table.name} USING gin ({column.name} gin_trgm_ops)")
        except DBAPIError as error:
            _log.info("no index for searches: %s", error.orig)
            connection.exec_driver_sql("ROLLBACK TO SAVEPOINT search_indexes")

    def placeholders(self, count: int) -> list[str]:
        return [f"${number}" for number in range(1, count + 1)]

    def field(self, document: ColumnElement[Any], name: str) -> ColumnElement[Any]:
        """Return the field as text. A cast to JSONB would have to convert each document first."""
        value: ColumnElement[Any] = cast(document, postgresql.JSON)[name].astext
        return value

    def lower(self, text: ColumnElement[Any]) -> ColumnElement[Any]:
        return func.lower(collate(text, "C"))

    def next_ids(self, workspace: str, kind: str, count: int) -> Statement:
        """Use a sequence of the database, which never waits for another transaction."""
        name = _sequence(workspace, kind)
        return (_NEXT_ID, {"name": name}) if count == 1 else (_NEXT_IDS, {"name": name, "count": count})

    def last_id(self, workspace: str, kind: str) -> Statement:
        """Read the catalog, because a deleted workspace has no sequences."""
        return _LAST_ID, {"name": _sequence(workspace, kind)}

    def make_sequences(self, workspace: str, record_types: list[str]) -> list[Statement]:
        names = [_sequence(workspace, kind) for kind in record_types]
        return [(f"CREATE SEQUENCE IF NOT EXISTS {name} MINVALUE 0 START 1", {}) for name in names]

    def drop_sequences(self, workspace: str, record_types: list[str]) -> list[Statement]:
        return [(f"DROP SEQUENCE IF EXISTS {', '.join(_sequence(workspace, kind) for kind in record_types)}", {})]

    def set_id(self, workspace: str, kind: str, last: int, *, lower: bool) -> Statement:
        """Call setval only if needed: other transactions see it at once, and a rollback does not undo it."""
        name = _sequence(workspace, kind)
        raised = (
            f"SELECT setval(%(name)s, GREATEST(%(last)s, last_value)) FROM {name} WHERE %(last)s > last_value OR NOT is_called"  # noqa: S608 - our own name
        )
        return _SET_ID if lower else raised, {"name": name, "last": last}

    def explain(self, error: BaseException) -> StoreError:
        return explain(error)


_INDEX_NAMES = "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()"
_HAS_TRIGRAMS = "SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'"
_LOCK = "SELECT pg_advisory_xact_lock(%(lock)s)"
_LOCK_SHARED = "SELECT pg_advisory_xact_lock_shared(%(lock)s)"
_SET_ID = "SELECT setval(%(name)s, %(last)s)"
_LAST_ID = "SELECT COALESCE(last_value, 0) FROM pg_sequences WHERE schemaname = current_schema() AND sequencename = %(name)s"
_NEXT_ID = "SELECT nextval(%(name)s)"
"""Its plan is cached. The server plans `_NEXT_IDS` again for each number of ids."""
_NEXT_IDS = "SELECT nextval(%(name)s) FROM generate_series(1, %(count)s)"


def _check_connection(connection: Any, _record: Any, _proxy: Any) -> None:
    """Raise DisconnectionError if the server has closed the connection, so that the pool opens another one."""
    try:
        check_open(connection.pgconn)
    except connection.OperationalError as error:
        raise DisconnectionError(str(error)) from error


@lru_cache(_CACHED_NAMES)
def _lock_of(workspace: str) -> int:
    """Return the number of a workspace's advisory lock."""
    return int.from_bytes(sha256(f"refund-sandbox {workspace}".encode()).digest()[:8], signed=True)


@lru_cache(_CACHED_NAMES)
def _sequence(workspace: str, kind: str) -> str:
    """Return a valid and short identifier for any workspace name."""
    return f"seq_{sha256(workspace.encode()).hexdigest()[:24]}_{kind.replace('.', '_')}"
