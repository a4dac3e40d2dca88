"""Concurrent requests: one purchase sent many times concurrently is one purchase."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from refund_sandbox.core.workspaces.workspace_state import WORKSPACE_STATES
from tests.support import raw_http
from tests.support.funnelfox_checkout import PHASES, POINT, RUNNING, SESSION, buy, open_session
from tests.support.funnelfox_state import KEY, ORG, USER, load_state, state

Address = tuple[str, int]
AT_ONCE = 6


@pytest.fixture(autouse=True)
def shop(sandbox: SandboxApp) -> None:
    load_state(sandbox, clock="2026-01-02T12:00:00Z", price_points=PHASES)


def concurrently(address: Address, path: str, *bodies: dict[str, Any]) -> list[Any]:
    """Send requests concurrently and return their replies."""

    def post(body: dict[str, Any]) -> Any:
        headers = {"content-type": "application/json", "ff-secret-key": KEY}
        return raw_http.send(address, raw_http.request("POST", f"/{ORG}/v1{path}", json.dumps(body).encode(), headers)).document

    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(post, bodies))


def statuses(answers: list[Any]) -> Iterator[str]:
    for answer in answers:
        yield answer["error"][0]["code"] if "error" in answer else answer["data"]["checkout_status"]


def test_concurrent_requests_for_one_payment_are_one_payment(client: TestClient, address: Address) -> None:
    body = {"order_id": open_session(client)["order_id"], "payment_method_token": "pm_4242424242424242"}

    answers = concurrently(address, "/checkout/create_payment", *[body] * AT_ONCE)

    assert [answer["data"]["checkout_status"] for answer in answers] == ["succeeded"] * AT_ONCE
    assert len(state(client)["orders"]) == len(state(client)["subscriptions"]) == 1


def test_concurrent_cards_for_one_session_pay_once(client: TestClient, address: Address) -> None:
    order_id = open_session(client)["order_id"]
    bodies = [{"order_id": order_id, "payment_method_token": f"pm_{number}"} for number in range(AT_ONCE)]

    answers = concurrently(address, "/checkout/create_payment", *bodies)

    assert sorted(statuses(answers)) == ["double_purchase"] * (AT_ONCE - 1) + ["succeeded"]
    assert len(state(client)["orders"]) == 1


def test_concurrent_sessions_of_one_user_pay_once(client: TestClient, address: Address) -> None:
    sessions = [open_session(client)["order_id"] for _ in range(AT_ONCE)]
    bodies = [{"order_id": order_id, "payment_method_token": f"pm_{order_id}"} for order_id in sessions]

    answers = concurrently(address, "/checkout/create_payment", *bodies)

    assert sorted(statuses(answers)) == ["double_purchase"] * (AT_ONCE - 1) + ["succeeded"]
    assert len(state(client)["subscriptions"]) == 1


def test_concurrent_one_clicks_are_one_purchase(client: TestClient, address: Address) -> None:
    buy(client)

    answers = concurrently(address, "/checkout/one_click", *[{"external_id": USER, "pp_ident": "guide"}] * AT_ONCE)

    assert sorted(statuses(answers)) == ["double_purchase"] * (AT_ONCE - 1) + ["succeeded"]
    assert len(state(client)["oneoffs"]) == 1


def test_concurrent_requests_of_a_new_user_create_one_user(client: TestClient, address: Address) -> None:
    answers = concurrently(address, "/checkout/create_client_session", *[{**SESSION, "pp_ident": "guide"}] * AT_ONCE)

    assert len({answer["data"]["order_id"] for answer in answers}) == AT_ONCE
    assert [user["external_id"] for user in state(client)["users"]] == [USER]


def test_a_renewal_that_is_due_for_many_requests_is_charged_once(
    sandbox: SandboxApp, client: TestClient, address: Address
) -> None:
    load_state(sandbox, clock="2026-01-02T12:00:00Z", subscriptions=[RUNNING], price_points=[POINT])
    with sandbox.workspace.store.transaction() as transaction:  # `set_clock` would run the renewal
        current = sandbox.workspace.state_in(transaction)
        transaction.put(WORKSPACE_STATES, current.at(datetime(2026, 2, 1, tzinfo=UTC), frozen=True))

    concurrently(address, "/my_assets", *[{"external_id": USER}] * AT_ONCE)

    assert [order["amount"] for order in state(client)["orders"]] == ["9.99"]
