"""The schema: a table for each kind of record, a table of id sequences, and a note of whose schema it is."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    inspect,
    literal_column,
    select,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

from refund_sandbox.stores.protocol import RecordType, StoreError

VERSION = 7
SEQUENCES = "refund_sandbox_sequence"
_VERSION_TABLE = "refund_sandbox_schema"
_ROOM = {"fillfactor": 80}
"""Room in each page of PostgreSQL for the new versions of its rows. They need no new index entries there."""
_WRITTEN_ONCE = {"toast_tuple_target": 8160}
"""Rows of up to a page are not compressed. To compress and decompress them takes longer than to write twice as many bytes."""
_BY_CODE_POINTS = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
"""Text that is compared by code points, as SQLite and Python do."""


class Tables:
    """Tables of record types. Every row belongs to a workspace."""

    def __init__(self, record_types: Iterable[RecordType[Any]], *, numbered: bool) -> None:
        """Define the tables. `numbered` adds a column for the insertion order, which SQLite has as `rowid`."""
        self.metadata = MetaData()
        self._numbered = numbered
        self.version_table = Table(
            _VERSION_TABLE, self.metadata, Column("version", Integer, primary_key=True, autoincrement=False)
        )
        Table(  # the id sequences
            SEQUENCES,
            self.metadata,
            Column("workspace", _BY_CODE_POINTS, primary_key=True),
            Column("kind", _BY_CODE_POINTS, primary_key=True),
            Column("last", BigInteger, nullable=False),
        )
        self.kinds = list(record_types)
        self._tables = {kind.name: self._table(kind) for kind in self.kinds}

    def __getitem__(self, kind: RecordType[Any]) -> Table:
        return self._tables[kind.name]

    def _table(self, kind: RecordType[Any]) -> Table:
        """Define a table. Its columns are `document`, the record as JSON; `by_…`, indexed fields; `text_…`, folded texts.

        `field_…` are the other `columns`.
        Lists are sorted downwards by default, with equal values upwards by key; so are the indexes `sx_…`.

        `folded` holds the fields of the record as folded JSON, if lower() of `document` is not the same.
        """
        name = kind.name.replace(".", "_")
        numbering = [Column("place", BigInteger, Identity(always=True))] if self._numbered else []
        table = Table(
            name,
            self.metadata,
            Column("workspace", _BY_CODE_POINTS, primary_key=True),
            Column("key", _type(kind, kind.key), primary_key=True, autoincrement=False),
            Column("document", Text, nullable=False),
            *numbering,
            *[Column(f"by_{index}", _type(kind, index)) for index in kind.indexes],
            *[Column(f"text_{text}", _BY_CODE_POINTS) for text in kind.texts],
            *[Column(f"field_{field}", _type(kind, field)) for field in kind.columns],
            *([Column("folded", Text)] if kind.texts else []),
            *[
                Index(f"ix_{name}_{index}", "workspace", f"by_{index}", *[one.name for one in numbering])
                for index in kind.indexes
            ],
            postgresql_with=_WRITTEN_ONCE if kind.is_written_once else _ROOM,
        )
        for field in kind.sorted:
            column = table.c[f"text_{field}" if field in kind.texts else f"field_{field}"]
            downwards = column.desc().nulls_last() if self._numbered else column.desc()  # SQLite has null last anyway
            Index(f"sx_{name}_{field}", table.c.workspace, downwards, table.c.key)
        return table

    def text(self, kind: RecordType[Any], name: str) -> Column[Any]:
        return self[kind].c[f"text_{name}"]

    @property
    def searched(self) -> list[Column[Any]]:
        """Columns of texts that should have an index for `Contains`."""
        return [self.text(kind, name) for kind in self.kinds for name in kind.searched]

    def is_counted(self, kind: RecordType[Any]) -> bool:
        """Whether the keys are numbers from a sequence."""
        return isinstance(self[kind].c.key.type, BigInteger)

    @property
    def counted(self) -> list[str]:
        """Names of the record types whose keys are numbers."""
        return [kind.name for kind in self.kinds if self.is_counted(kind)]

    def insertion_order(self, kind: RecordType[Any]) -> ColumnElement[Any]:
        """Return the column of the insertion order."""
        return self[kind].c.place if self._numbered else literal_column("rowid")

    def create(self, connection: Connection) -> None:
        """Create the schema in an empty database, and the missing tables in one of ours.

        Raises StoreError for a database with other tables or another schema.
        """
        present = set(inspect(connection).get_table_names())
        if not present:
            self.metadata.create_all(connection)
            connection.execute(self.version_table.insert().values(version=VERSION))
            return
        if _VERSION_TABLE not in present:
            raise StoreError(
                f"The database holds other tables ({', '.join(sorted(present)[:3])} …). Use a database for the sandbox alone."
            )
        version = connection.execute(select(self.version_table.c.version)).scalar()
        if version != VERSION:
            raise StoreError(
                f"The database has schema version {version}, this refund-sandbox needs {VERSION}. "
                "Export the state with the version that wrote it, and import it into a new database."
            )
        if not present >= set(self.metadata.tables):  # an API that was installed later
            self.metadata.create_all(connection)


def _type(kind: RecordType[Any], field: str) -> TypeEngine[Any]:
    return BigInteger() if kind.is_number(field) else _BY_CODE_POINTS
