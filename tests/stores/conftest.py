"""Empty databases, and stores that can be opened more than once."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url

from refund_sandbox.app import RECORD_TYPES
from refund_sandbox.stores.memory import MemoryStore
from refund_sandbox.stores.protocol import Store
from refund_sandbox.stores.sql.store import SqlDatabase


@pytest.fixture
def empty_postgresql(postgresql_url: str) -> str:
    """A database of its own on the session's server."""
    url, name = make_url(postgresql_url), f"empty_{uuid4().hex}"
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return url.set(database=name).render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A database that processes can share."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'sandbox.db'}"
    url: str = request.getfixturevalue("empty_postgresql")
    return url


@pytest.fixture
def open_store(store_name: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[], Store]]:
    """Function that opens one empty store, any number of times; the memory store is the same object each time."""
    memory, workspace = MemoryStore(), f"test_{uuid4().hex[:8]}"
    url = f"sqlite:///{tmp_path / 'sandbox.db'}" if store_name == "sqlite" else ""
    if store_name == "postgresql":
        url = request.getfixturevalue("postgresql_url")
    with ExitStack() as stack:
        yield lambda: stack.enter_context(closing(SqlDatabase(url, RECORD_TYPES))).open(workspace) if url else memory
