"""Databases by store URL. An error names the extra to install if a library is missing."""

from collections.abc import Iterable
from typing import Any

from refund_sandbox.stores.memory import MemoryDatabase
from refund_sandbox.stores.protocol import Database, RecordType, StoreError

_LIBRARIES = {"sqlalchemy": "SQLAlchemy 2", "psycopg": "psycopg 3"}


def open_database(url: str, record_types: Iterable[RecordType[Any]], connections: int) -> Database:
    """Return the database of a URL. Raises StoreError for one that can't be used."""
    if url == "memory://":
        return MemoryDatabase()
    try:
        from refund_sandbox.stores.sql.store import SqlDatabase  # its library is only imported where a database is used

        return SqlDatabase(url, record_types, connections)
    except ImportError as error:
        if (error.name or "").startswith("refund_sandbox"):
            raise
        raise StoreError(_what_to_install(url, error)) from None


def _what_to_install(url: str, error: ImportError) -> str:
    """A line without the rest of the URL, which may hold a password."""
    scheme = url.partition(":")[0]
    library = (error.name or "").partition(".")[0]
    extra = "sql" if scheme == "sqlite" else "postgres"
    needed = _LIBRARIES.get(library, "psycopg 3 and the libraries below it")
    return f"--store {scheme}://… needs {needed}. Install it with: pip install 'refund-sandbox[{extra}]'"
