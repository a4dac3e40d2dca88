"""Parts that SQLite and PostgreSQL do differently: connections, locks, upserts, sequences, errors."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from sqlalchemy import Column, ColumnElement, Connection, Engine, PoolProxiedConnection

from refund_sandbox.stores.protocol import StoreError

TIMEOUT_S = 20
"""Maximum time of a statement, and of a wait for a lock or a connection. Requests for one order queue up."""

Access = Literal["read", "snapshot", "write", "alone", "exclusive"]
"""Access of a transaction. Several may write to one workspace, but not while one writes alone. An exclusive one may last."""
Row = list[Any]
"""Values of a new row, in the order of the columns."""
Statement = tuple[str, Mapping[str, Any] | Row]
"""Text of a statement, and its parameters by name; those of an upsert are a row."""
Rows = Sequence[tuple[Any, ...]]


class InsertTarget(NamedTuple):
    """Table and columns of new rows."""

    table: str
    columns: tuple[str, ...]


class Link(Protocol):
    """Connection of the driver, for the statements of one transaction after the other."""

    def run(self, writes: Sequence[Statement], reads: Sequence[Statement]) -> list[Rows]:
        """Run writes, then reads, in one round trip; return the rows of each read."""

    def insert(self, target: InsertTarget, rows: Iterable[Row]) -> None:
        """Insert any number of new rows, in the way of the database for many of them."""

    def commit(self, writes: Sequence[Statement]) -> None:
        """Run writes and commit, in one round trip. Do nothing without a transaction."""

    def roll_back(self) -> None:
        """Roll back, if there is a transaction and the connection still works."""

    def is_idle(self) -> bool:
        """Whether the connection works and has no transaction, so that another one may use it."""


class Dialect(Protocol):
    """Dialect of a database."""

    name: str
    is_blocking: bool
    numbered: bool
    """Whether rows need a column for their insertion order."""

    def open(self, url: str, connections: int) -> Engine:
        """Return an engine that is not connected yet. A server gets at most this number of connections."""

    def open_without_wait(self, url: str) -> Engine | None:
        """Return an engine whose transactions fail where they would wait. None if the store is not used on the event loop."""

    def is_full(self, error: BaseException) -> bool:
        """Whether a server refused a connection because it has too many."""

    def link(self, connection: PoolProxiedConnection) -> Link:
        """Return the link of a connection of the engine's pool."""

    def opening(self, access: Access, workspaces: Iterable[str]) -> list[Statement]:
        """Return the statements that begin a transaction on some workspaces."""

    def add_search_indexes(self, connection: Connection, columns: Iterable[Column[Any]]) -> None:
        """Add missing indexes for a search within texts, if the database has such indexes."""

    def placeholders(self, count: int) -> Iterable[str]:
        """Return the placeholders of a row with that number of values."""

    def field(self, document: ColumnElement[Any], name: str) -> ColumnElement[Any]:
        """Return a field of a JSON document; null if it is null."""

    def lower(self, text: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return text with ASCII letters in lower case, compared by code points."""

    def next_ids(self, workspace: str, kind: str, count: int) -> Statement:
        """Return a statement whose rows are the next numbers of a sequence, or the last of them."""

    def last_id(self, workspace: str, kind: str) -> Statement:
        """Return a statement for the last number that a sequence returned; no row or 0 if it is unused."""

    def make_sequences(self, workspace: str, record_types: list[str]) -> list[Statement]:
        """Return statements that create missing sequences."""

    def drop_sequences(self, workspace: str, record_types: list[str]) -> list[Statement]:
        """Return statements that delete the sequences of a workspace."""

    def set_id(self, workspace: str, kind: str, last: int, *, lower: bool) -> Statement:
        """Return a statement that sets the last number of a sequence; a smaller one only with `lower`."""

    def explain(self, error: BaseException) -> StoreError:
        """Return the store's error for an error of the driver."""
