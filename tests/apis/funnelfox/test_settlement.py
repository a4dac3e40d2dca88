"""Refunds that settle later or fail: reserved and released amounts, and the entitlement."""

from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from refund_sandbox.core.schedule import plan
from tests.support.funnelfox_state import ORDER, SUBSCRIPTION, Document, errors, load_state, order, refund, refund_rows, state

NOON = "2026-01-02T12:00:00Z"
IN_AN_HOUR = {"funnelfox": {"settle_after": "1h"}}
OTHER_USER = "somebody"


def move_clock(sandbox: SandboxApp, hour: int, minute: int = 0) -> None:
    sandbox.workspace.set_clock(datetime(2026, 1, 2, hour, minute, tzinfo=UTC), frozen=True)


def fail_settlement(client: TestClient, **fields: Any) -> None:
    assert client.post("/_sandbox/faults", json={"scenario": "settlement_failed", **fields}).status_code == 201


def statuses(client: TestClient) -> list[tuple[str, str]]:
    return [(row["amount"], row["psp_status"]) for row in refund_rows(client)]


def subscription(client: TestClient) -> list[str]:
    (found,) = state(client)["subscriptions"]
    status: list[str] = found["status"]
    return status


def test_a_refund_is_pending_until_it_is_due(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(), settings=IN_AN_HOUR, clock=NOON)
    refund(client)
    move_clock(sandbox, 12, 59)

    before = statuses(client)
    move_clock(sandbox, 13)

    assert before == [("9.99", "PENDING")]
    assert statuses(client) == [("9.99", "SETTLED")]


def test_a_settled_refund_has_the_date_at_which_it_was_due(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(), settings=IN_AN_HOUR, clock=NOON)
    refund(client)

    move_clock(sandbox, 18)

    (row,) = refund_rows(client)
    assert (row["trx_created_at"], row["psp_date"]) == ("2026-01-02T12:00:00.000000", "2026-01-02T13:00:00.000000")


def test_a_pending_amount_is_not_refunded_again(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(amount="9.99"), settings=IN_AN_HOUR, clock=NOON)
    refund(client, amount="6.00")

    too_much = refund(client, amount="4.00")
    rest = refund(client)
    nothing = refund(client)

    assert errors(too_much) == [("amount_exceeds_order", ["amount"])]
    assert rest.status_code == 200
    assert errors(nothing) == [("already_refunded", [])]
    assert statuses(client) == [("6.00", "PENDING"), ("3.99", "PENDING")]


def test_a_settled_amount_is_not_refunded_again(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(amount="9.99"), settings=IN_AN_HOUR, clock=NOON)
    refund(client, amount="6.00")
    move_clock(sandbox, 14)

    too_much = refund(client, amount="4.00")
    refund(client)

    assert errors(too_much) == [("amount_exceeds_order", ["amount"])]
    assert statuses(client) == [("6.00", "SETTLED"), ("3.99", "PENDING")]


def test_the_subscription_ends_when_the_refund_is_accepted(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(subs_id=SUBSCRIPTION), settings=IN_AN_HOUR, clock=NOON)

    refund(client)

    assert (statuses(client), subscription(client)) == ([("9.99", "PENDING")], ["EXPIRED"])


def test_a_refund_that_the_provider_refuses_is_accepted_and_fails(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(subs_id=SUBSCRIPTION))
    fail_settlement(client)

    response = refund(client)

    assert (response.status_code, response.json()) == (200, {})
    (row,) = refund_rows(client)
    assert (row["psp_status"], row["psp_reason_message"]) == ("FAILED", "The refund could not be settled.")
    assert subscription(client) == ["EXPIRED"]


def test_the_money_of_a_failed_refund_can_be_refunded_again(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(amount="9.99"))
    fail_settlement(client)
    refund(client, amount="9.00")

    response = refund(client)

    assert response.status_code == 200
    assert statuses(client) == [("9.00", "FAILED"), ("9.99", "SETTLED")]


def test_a_refund_that_will_fail_reserves_its_amount_until_it_fails(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(amount="9.99", subs_id=SUBSCRIPTION), settings=IN_AN_HOUR, clock=NOON)
    fail_settlement(client)
    refund(client)

    early = refund(client)
    pending = statuses(client)
    move_clock(sandbox, 13)
    late = refund(client, amount="5.00")

    assert (errors(early), pending) == ([("already_refunded", [])], [("9.99", "PENDING")])
    assert late.status_code == 200
    assert statuses(client) == [("9.99", "FAILED"), ("5.00", "PENDING")]
    assert subscription(client) == ["EXPIRED"]


@pytest.mark.parametrize(
    ("match", "status"),
    [({"order_id": ORDER}, "FAILED"), ({"external_id": OTHER_USER}, "SETTLED")],
)
def test_a_fault_hits_the_order_that_it_names(match: Document, status: str, sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order())
    fail_settlement(client, match=match)

    refund(client)

    assert statuses(client) == [("9.99", status)]


def test_a_refused_request_does_not_use_up_a_fault(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order())
    fail_settlement(client)

    refund(client, amount="0")
    refund(client)

    assert statuses(client) == [("9.99", "FAILED")]


def test_an_order_may_carry_its_own_scenario(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(scenario="settlement_failed"))

    refund(client, amount="1")
    refund(client, amount="2")

    assert statuses(client) == [("1.00", "FAILED"), ("2.00", "FAILED")]


def test_a_pending_refund_of_a_loaded_state_settles_when_due(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(), settings=IN_AN_HOUR, clock=NOON)
    refund(client, amount="4.00")
    saved = client.get("/_sandbox/state").json()

    client.put("/_sandbox/state", json=saved)
    reloaded = statuses(client)
    move_clock(sandbox, 13)

    assert reloaded == [("4.00", "PENDING")]
    assert statuses(client) == [("4.00", "SETTLED")]


def test_a_pending_refund_of_a_loaded_state_fails_when_due(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(), settings=IN_AN_HOUR, clock=NOON)
    fail_settlement(client)
    refund(client, amount="4.00")
    saved = client.get("/_sandbox/state").json()

    client.put("/_sandbox/state", json=saved)
    move_clock(sandbox, 13)

    assert statuses(client) == [("4.00", "FAILED")]


def test_refunds_of_a_replaced_state_never_settle(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(), settings=IN_AN_HOUR, clock=NOON)
    refund(client)

    load_state(sandbox, order(), settings=IN_AN_HOUR, clock="2026-01-02T18:00:00Z")

    assert statuses(client) == []


def test_a_repeated_or_unknown_settlement_changes_nothing(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(), clock=NOON)
    refund(client, amount="4.00")
    before = state(client)

    for trx_id in (refund_rows(client)[0]["trx_id"], "00000000-0000-4000-8000-000000000000"):
        with sandbox.workspace.store.transaction() as transaction:
            plan(transaction, datetime(2026, 1, 1, tzinfo=UTC), "funnelfox", "finish", trx_id)

    assert state(client) == before
    assert errors(refund(client, amount="6.00")) == [("amount_exceeds_order", ["amount"])]


def test_a_pending_refund_of_a_state_document_settles_after_a_day_by_default(client: TestClient) -> None:
    order = "00000000-0000-4000-8000-000000000014"  # of the demo data

    def refund() -> tuple[str, str]:
        row = client.get(f"/_sandbox/funnelfox/orders/{order}").json()["transactions"][-1]
        return row["amount"], row["psp_status"]

    before = refund()
    client.post("/_sandbox/clock/advance", json={"by": "23h"})
    on_the_same_day = refund()
    client.post("/_sandbox/clock/advance", json={"by": "1h"})

    assert (before, on_the_same_day, refund()) == (("12.00", "PENDING"), ("12.00", "PENDING"), ("12.00", "SETTLED"))
