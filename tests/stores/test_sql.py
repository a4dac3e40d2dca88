"""Checks of a database before its use, and reads of what was written."""

import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest
from msgspec import field

from refund_sandbox.app import RECORD_TYPES
from refund_sandbox.stores.protocol import Record, RecordType, StoreError
from refund_sandbox.stores.sql.store import SqlDatabase


class Part(Record):
    """Nested record."""

    name: str


class Thing(Record):
    """Record with a field of every type."""

    id: int
    owner: str | None = None
    parts: list[Part] = field(default_factory=list)
    note: dict[str, object] = field(default_factory=dict)


THINGS = RecordType("test.thing", Thing, "id", ("owner",))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "sandbox.db"


def test_a_record_is_read_as_it_was_written(file: Path) -> None:
    thing = Thing(7, "ann", [Part("a"), Part("b")], {"é": [1, None, {"x": 1.5}]})
    database = SqlDatabase(f"sqlite:///{file}", [THINGS])
    with database.open("default").transaction() as transaction:
        transaction.put(THINGS, thing)
    database.close()

    again = SqlDatabase(f"sqlite:///{file}", [THINGS])
    with again.open("default").read_only() as transaction:
        assert transaction.get(THINGS, 7) == thing
        assert transaction.where(THINGS, "owner", "ann") == [thing]
        assert transaction.get(THINGS, 2**70) is None
    again.close()


@pytest.mark.parametrize(
    ("note", "read"),
    [
        ({"digits": 10**300, "below": -(10**300), "float": 1e22, "whole": 1.0}, None),
        ({"text": "é\0😀\ud800", "\udc00": ""}, None),
        ({"number": float("inf")}, {"number": None}),
    ],
)
def test_a_document_of_any_json_values_is_read_as_it_was_written(file: Path, note: dict[str, Any], read: Any) -> None:
    database = SqlDatabase(f"sqlite:///{file}", [THINGS])
    with database.open("default").transaction() as transaction:
        transaction.put(THINGS, Thing(1, note=note))

    with database.open("default").read_only() as transaction:
        found = transaction.get(THINGS, 1)
        assert repr(found) == repr(Thing(1, note=read or note))
    database.close()


@pytest.mark.parametrize("text", ['{"id":1,"note":{"x":"\\ud800\\u00e9"}}', '{"id":1,"note":{"x":Infinity}}'])
def test_a_document_of_an_earlier_version_is_read(file: Path, text: str) -> None:
    database = SqlDatabase(f"sqlite:///{file}", [THINGS])
    with database.open("default").transaction() as transaction:
        transaction.put(THINGS, Thing(1))
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE test_thing SET document = ?", (text,))
    connection.close()

    with database.open("default").read_only() as transaction:
        assert transaction.get(THINGS, 1) == Thing(1, note=json.loads(text)["note"])
    database.close()


def test_a_database_of_a_newer_schema_is_refused(file: Path) -> None:
    SqlDatabase(f"sqlite:///{file}", [THINGS]).close()
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE refund_sandbox_schema SET version = 99")
    connection.close()

    with pytest.raises(StoreError, match="The database has schema version 99, this refund-sandbox needs 7"):
        SqlDatabase(f"sqlite:///{file}", [THINGS])


def test_opening_waits_for_another_process_that_creates_the_file(file: Path) -> None:
    """SQLite itself does not wait: the write-ahead log can't be enabled while another process writes."""
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.2, other.close)
    timer.start()

    SqlDatabase(f"sqlite:///{file}", [THINGS]).close()

    timer.join()


def test_a_database_with_other_tables_is_refused(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE customers (id INTEGER)")
    connection.close()

    with pytest.raises(StoreError, match=r"The database holds other tables \(customers …\)"):
        SqlDatabase(f"sqlite:///{file}", [THINGS])
    assert list(file.parent.iterdir()) == [file]  # its log would be next to it, were it still open


def test_ids_continue_after_a_restart_and_above_chosen_keys(file: Path) -> None:
    for expected in (1, 2):
        database = SqlDatabase(f"sqlite:///{file}", [THINGS])
        with database.open("default").transaction() as transaction:
            assert transaction.next_id(THINGS) == expected
        database.close()
    database = SqlDatabase(f"sqlite:///{file}", [THINGS])
    with database.open("default").transaction() as transaction:
        transaction.put(THINGS, Thing(40))
    with database.open("default").transaction() as transaction:
        assert transaction.next_id(THINGS) == 41
        transaction.clear(THINGS)
    with database.open("default").transaction() as transaction:
        assert transaction.next_id(THINGS) == 1
    database.close()


def test_searched_texts_have_an_index_if_the_server_has_trigrams(empty_postgresql: str) -> None:
    for _ in range(2):
        SqlDatabase(empty_postgresql, RECORD_TYPES).close()

    with psycopg.connect(empty_postgresql) as connection:
        indexes = connection.execute("SELECT indexname FROM pg_indexes WHERE indexname LIKE 'tx\\_%'").fetchall()
        has_trigrams = connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'").fetchone()
    searched = {f"tx_{kind.name.replace('.', '_')}_text_{name}" for kind in RECORD_TYPES for name in kind.searched}
    assert {name for (name,) in indexes} == (searched if has_trigrams else set())
