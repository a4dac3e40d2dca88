"""Several processes on one store: every refund is booked once and completely, up to the refundable amount."""

from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.socket_calls import call
from tests.support.store_servers import at_once, load_order, refund, serving
from tests.support.waiting import wait_until

ROUNDS = 20
ORDER = "00000000-0000-4000-8000-00000000000a"


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'sandbox.db'}"


def refunded(address: tuple[str, int], order_id: str) -> tuple[list[str], str]:
    """Return the amounts of the refund rows, and the total of the order."""
    status, order = call(address, "GET", f"/_sandbox/funnelfox/orders/{order_id}")
    assert status == 200
    return [row["amount"] for row in order["transactions"] if row["psp_transaction_type"] == "REFUND"], order["amount"]


def journal(address: tuple[str, int]) -> Any:
    return call(address, "GET", "/_sandbox/requests")[1]["requests"]


def assert_19_of_64_succeed(store: str, workers: int) -> None:
    with serving(store, workers) as server:
        for _ in range(ROUNDS):
            order_id = load_order(server.address, "99.90")

            statuses = at_once(partial(refund, server.address, order_id, "5.00"), 64)

            assert Counter(statuses) == {200: 19, 400: 45}
            assert refunded(server.address, order_id) == (["5.00"] * 19, "99.90")


@pytest.mark.slow
def test_64_clients_of_four_processes_on_postgresql_refund_no_more_than_was_paid(postgresql_url: str) -> None:
    assert_19_of_64_succeed(postgresql_url, workers=4)


@pytest.mark.slow
def test_64_clients_of_two_processes_on_sqlite_refund_no_more_than_was_paid(sqlite_url: str) -> None:
    assert_19_of_64_succeed(sqlite_url, workers=2)


def test_changes_of_one_process_are_seen_by_the_others(sqlite_url: str) -> None:
    with serving(sqlite_url) as one, serving(sqlite_url) as other:
        state = {
            "clock": "2026-01-02T03:04:05Z",
            "settings": {"validation": "live", "funnelfox": {"settle_after": "1h"}},
            "funnelfox": {"orders": [{"order_id": ORDER, "external_id": "user", "amount": "10.00"}]},
        }
        assert call(one.address, "PUT", "/_sandbox/state", state)[0] == 200
        assert call(one.address, "POST", "/_sandbox/faults", {"at": "gateway", "error": "No."})[0] == 201
        assert refund(other.address, ORDER, "1.00") == 200

        documents = [call(server.address, "GET", "/_sandbox/state")[1] for server in (one, other)]
        wait_until(lambda: journal(one.address) != [])  # written in batches, a moment after the answer
        journals = [journal(server.address) for server in (one, other)]
        faults = [call(server.address, "GET", "/_sandbox/faults")[1]["faults"] for server in (one, other)]

    assert documents[0] == documents[1]
    assert documents[0]["clock"] == "2026-01-02T03:04:05Z"
    assert documents[0]["settings"]["validation"] == "live"
    assert documents[0]["funnelfox"]["orders"][0]["transactions"][1]["psp_status"] == "PENDING"
    assert journals[0] == journals[1]
    assert len(journals[0]) == 1
    assert faults == [[], []]  # the one fault was used up by the other process


@pytest.mark.slow
def test_the_state_survives_a_restart(sqlite_url: str) -> None:
    with serving(sqlite_url) as server:
        order_id = load_order(server.address, "10.00")
        assert refund(server.address, order_id, "4.00") == 200
        before = call(server.address, "GET", "/_sandbox/state")[1]
    with serving(sqlite_url) as server:
        assert call(server.address, "GET", "/_sandbox/state")[1] == before
        assert refund(server.address, order_id, "6.00") == 200
        assert refund(server.address, order_id, "0.01") == 400
