"""A state that is replaced during refunds holds nothing of the old one, over real databases."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp, build
from refund_sandbox.settings import Settings
from tests.support import raw_http

ROUNDS = 10
CALLERS = 4


@pytest.fixture
def shop(empty_url: str) -> Iterator[SandboxApp]:
    sandbox = build(Settings(store=empty_url))
    yield sandbox
    sandbox.close()


def refund_until(stop: threading.Event, shop: SandboxApp, statuses: list[int]) -> None:
    client = TestClient(shop.app)
    body = {"refund_info": {"transaction_id": 129237, "amount": 1}}
    while not stop.is_set():
        statuses.append(client.post(raw_http.FLUENTCART, json=body, headers=raw_http.CREDENTIALS).status_code)


def ledger(client: TestClient) -> tuple[int, int, int]:
    """The refunded amount of demo order 1001 in three places: the order, its rows, and every row of the state."""
    state: dict[str, Any] = client.get("/_sandbox/state").json()["fluentcart"]
    order = next(order for order in state["orders"] if order["id"] == 1001)
    rows = [row["total"] for row in order["transactions"] if row["transaction_type"] == "refund"]
    return order["total_refund"], sum(rows), order["transactions"][0]["meta"].get("refunded_total", 0) if rows else 0


@pytest.mark.slow
@pytest.mark.parametrize("how", ["reset", "put", "restore"])
def test_no_refund_of_the_old_state_is_left_in_the_new_one(how: str, shop: SandboxApp) -> None:
    client, stop, statuses = TestClient(shop.app), threading.Event(), list[int]()
    state = client.get("/_sandbox/state").json()
    client.post("/_sandbox/snapshots", json={"name": "start"})
    callers = [threading.Thread(target=refund_until, args=(stop, shop, statuses)) for _ in range(CALLERS)]
    for caller in callers:
        caller.start()
    try:
        for _ in range(ROUNDS):
            if how == "put":
                assert client.put("/_sandbox/state", json=state).status_code == 200
            else:
                path = "reset" if how == "reset" else "snapshots/start/restore"
                assert client.post(f"/_sandbox/{path}", json={}).status_code == 200
    finally:
        stop.set()
        for caller in callers:
            caller.join(30)

    assert set(statuses) == {200}
    assert len(set(ledger(client))) == 1
