"""Fixtures: the shipped states, states from files, and fake orders that are the same for the same seed."""

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import build
from refund_sandbox.core.errors import BadDocument
from refund_sandbox.core.workspaces.fixtures import SHIPPED, read_fixture
from refund_sandbox.settings import Settings

pytestmark = pytest.mark.memory_only

FROZEN = "clock: '2026-01-01T00:00:00Z'\nfluentcart: {orders: [{id: 1, total_paid: 100, transactions: [{id: 1, total: 100}]}]}\n"


@pytest.fixture
def frozen(tmp_path: Path) -> Path:
    """A state with a frozen clock."""
    path = tmp_path / "frozen.yaml"
    path.write_text(FROZEN)
    return path


def state(fixture: Path, seed: int) -> bytes:
    client = TestClient(build(Settings(fixture=fixture, orders=25, seed=seed)).app)
    return client.get("/_sandbox/state").content


def test_the_same_seed_gives_the_same_state_byte_for_byte(frozen: Path) -> None:
    assert state(frozen, 7) == state(frozen, 7)


def test_another_seed_gives_other_customers_and_ids(frozen: Path) -> None:
    one, other = state(frozen, 7), state(frozen, 8)

    assert one != other
    assert len(one) > 10_000


def test_a_reset_with_a_seed_gives_the_state_of_that_seed(frozen: Path) -> None:
    client = TestClient(build(Settings(fixture=frozen, orders=25, seed=7)).app)

    client.post("/_sandbox/reset", json={"seed": 8})

    assert client.get("/_sandbox/state").content == state(frozen, 8)


def test_fake_orders_are_added_to_those_of_the_fixture(frozen: Path) -> None:
    sandbox = build(Settings(fixture=frozen, orders=3))

    sections = sandbox.workspace.dump()

    assert len(sections["funnelfox"]["orders"]) == 3
    assert [order["id"] for order in sections["fluentcart"]["orders"]] == [1, 1_000_001, 1_000_002, 1_000_003]


def test_missing_dates_come_from_the_clock_of_the_fixture(frozen: Path) -> None:
    order: dict[str, Any] = build(Settings(fixture=frozen)).workspace.dump()["fluentcart"]["orders"][0]

    assert order["created_at"] == "2026-01-01 00:00:00"


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_fixture_loads_by_name(name: str, client: TestClient) -> None:
    reply = client.post("/_sandbox/reset", json={"fixture": name})

    assert reply.status_code == 200


@pytest.mark.parametrize("name", ["nope", "scenarios", "x" * 5000])
def test_an_unknown_fixture_is_refused_and_the_known_ones_named(name: str, client: TestClient) -> None:
    before = client.get("/_sandbox/state").content

    reply = client.post("/_sandbox/reset", json={"fixture": name})

    assert reply.status_code == 422
    assert reply.json()["errors"] == [{"pointer": "/fixture", "reason": f"Unknown fixture {name!r}. Known: demo, empty"}]
    assert client.get("/_sandbox/state").content == before


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[]", "is not a state document"),
        (b"\xff", "can't be read"),
        (b"a: 1\na: 2", "duplicate key: a"),
        (b"", "is not a state document: it has no sections"),
        (b"a:\n\tb: 1", "line 2, column 1: a tab; indent with spaces"),
        (b'{"a": [}', "not YAML"),
    ],
)
def test_a_file_that_is_not_a_fixture_is_refused(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)

    with pytest.raises(BadDocument, match=rf"^{path}.*{reason}"):
        read_fixture(path)


def test_a_file_that_is_json_by_its_name_is_refused_as_json(tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text('{"a": [}')

    with pytest.raises(BadDocument, match=rf"^{path}: not JSON: line 1, column 8"):
        read_fixture(path)


def test_a_missing_file_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(BadDocument, match=r"missing\.yaml can't be read"):
        read_fixture(tmp_path / "missing.yaml")


def test_an_inconsistent_fixture_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("fluentcart: {orders: [{id: one}]}")

    with pytest.raises(BadDocument, match=rf"^/fluentcart/orders/0/id: must be of type integer \(in {path}\)$"):
        build(Settings(fixture=path))
