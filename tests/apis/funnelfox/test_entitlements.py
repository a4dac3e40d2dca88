"""Effects of a refund on the order's subscription or one-off."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.funnelfox_state import ONEOFF, SUBSCRIPTION, Document, load_state, order, refund, refunded_amounts, state

NOW, AT = "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000"
RUNNING: Document = {
    "subs_id": SUBSCRIPTION,
    "external_id": "user_456",
    "status": ["RECURRING"],
    "is_active": True,
    "current_period_ends_at": "2026-02-01T00:00:00.000000",
    "next_check_at": "2026-01-31T22:00:00.000000",
}


def load_subscribed_order(sandbox: SandboxApp, *more: Document, **fields: Any) -> None:
    subscription = {**RUNNING, **fields}
    load_state(sandbox, order(subs_id=SUBSCRIPTION), *more, clock=NOW, subscriptions=[subscription])


def load_owned_order(sandbox: SandboxApp, **fields: Any) -> None:
    oneoff = {"oneoff_id": ONEOFF, "external_id": "user_456", **fields}
    load_state(sandbox, order(oneoff_id=ONEOFF), clock=NOW, oneoffs=[oneoff])


def subscription(client: TestClient) -> Document:
    (found,) = state(client)["subscriptions"]
    return {name: found[name] for name in RUNNING}


def oneoff(client: TestClient) -> tuple[bool, str | None]:
    (found,) = state(client)["oneoffs"]
    return found["is_active"], found["revoked_at"]


def test_a_full_refund_expires_the_subscription_immediately(sandbox: SandboxApp, client: TestClient) -> None:
    load_subscribed_order(sandbox)

    refund(client)

    ended = {"status": ["EXPIRED"], "is_active": False, "next_check_at": None, "current_period_ends_at": AT}
    assert subscription(client) == {**RUNNING, **ended}


def test_a_partial_refund_stops_the_renewal_and_leaves_the_period(sandbox: SandboxApp, client: TestClient) -> None:
    load_subscribed_order(sandbox)

    refund(client, amount="4.99")

    assert subscription(client) == {**RUNNING, "status": ["AUTORENEW_OFF"]}


@pytest.mark.parametrize("amounts", [["4.00", "5.99"], ["4.00", None], ["9.99"]])
def test_partial_refunds_that_add_up_to_the_order_count_as_full(
    amounts: list[str | None], sandbox: SandboxApp, client: TestClient
) -> None:
    load_subscribed_order(sandbox)

    for amount in amounts:
        refund(client, amount=amount)

    assert subscription(client)["status"] == ["EXPIRED"]


@pytest.mark.parametrize("amount", [None, "4.99", "9.99"])
def test_a_soft_refund_leaves_the_subscription_alone(amount: str | None, sandbox: SandboxApp, client: TestClient) -> None:
    load_subscribed_order(sandbox)

    response = refund(client, amount=amount, soft_refund=True)

    assert response.status_code == 200
    assert subscription(client) == RUNNING


def test_soft_refund_false_is_the_same_as_leaving_it_out(sandbox: SandboxApp, client: TestClient) -> None:
    load_subscribed_order(sandbox)

    refund(client, soft_refund=False)

    assert subscription(client)["status"] == ["EXPIRED"]


def test_the_rest_after_a_soft_refund_still_expires_the_subscription(sandbox: SandboxApp, client: TestClient) -> None:
    load_subscribed_order(sandbox)
    refund(client, amount="4.99", soft_refund=True)

    refund(client)

    assert subscription(client)["status"] == ["EXPIRED"]


def test_a_refund_of_an_older_order_expires_the_subscription_too(sandbox: SandboxApp, client: TestClient) -> None:
    renewal = order(order_id="11111111-2222-4333-8444-555555555555", subs_id=SUBSCRIPTION)
    load_subscribed_order(sandbox, renewal)

    refund(client)

    assert subscription(client)["status"] == ["EXPIRED"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["INTRO"], ["INTRO", "AUTORENEW_OFF"]),
        (["RECURRING", "PAUSED"], ["PAUSED", "AUTORENEW_OFF"]),
        (["GRACE", "RECURRING"], ["GRACE", "AUTORENEW_OFF"]),
        ([], ["AUTORENEW_OFF"]),
    ],
)
def test_autorenew_off_is_added_to_the_other_statuses(
    before: list[str], after: list[str], sandbox: SandboxApp, client: TestClient
) -> None:
    load_subscribed_order(sandbox, status=before)

    refund(client, amount="1")

    assert subscription(client)["status"] == after


@pytest.mark.parametrize(
    ("fields", "amount"),
    [
        ({"status": ["EXPIRED"], "is_active": False, "next_check_at": None}, None),
        ({"status": ["EXPIRED"], "is_active": False, "next_check_at": None}, "1"),
        ({"status": ["AUTORENEW_OFF"]}, "1"),
        ({"status": ["INTRO", "AUTORENEW_OFF"]}, "1"),
    ],
)
def test_an_expired_entitlement_stays_unchanged_and_the_money_is_refunded(
    fields: Document, amount: str | None, sandbox: SandboxApp, client: TestClient
) -> None:
    load_subscribed_order(sandbox, **fields)

    response = refund(client, amount=amount)

    assert response.status_code == 200
    assert refunded_amounts(client) == ["9.99" if amount is None else "1.00"]
    assert subscription(client) == {**RUNNING, **fields}


def test_a_full_refund_expires_a_subscription_that_would_not_renew(sandbox: SandboxApp, client: TestClient) -> None:
    load_subscribed_order(sandbox, status=["AUTORENEW_OFF"])

    refund(client)

    assert subscription(client)["status"] == ["EXPIRED"]


def test_a_full_refund_revokes_a_one_off(sandbox: SandboxApp, client: TestClient) -> None:
    load_owned_order(sandbox)

    refund(client)

    assert oneoff(client) == (False, AT)


@pytest.mark.parametrize("fields", [{"amount": "4.99"}, {"soft_refund": True}, {"amount": "4.99", "soft_refund": True}])
def test_a_one_off_survives_every_refund_but_a_full_hard_one(fields: Document, sandbox: SandboxApp, client: TestClient) -> None:
    load_owned_order(sandbox)

    response = refund(client, **fields)

    assert response.status_code == 200
    assert oneoff(client) == (True, None)


def test_a_one_off_is_revoked_by_the_last_partial_refund(sandbox: SandboxApp, client: TestClient) -> None:
    load_owned_order(sandbox)
    refund(client, amount="4.00")

    refund(client, amount="5.99")

    assert oneoff(client) == (False, AT)


def test_a_revoked_one_off_has_its_first_date_after_another_refund(sandbox: SandboxApp, client: TestClient) -> None:
    load_owned_order(sandbox, is_active=False, revoked_at="2025-12-24T00:00:00.000000")

    response = refund(client)

    assert response.status_code == 200
    assert oneoff(client) == (False, "2025-12-24T00:00:00.000000")


def test_a_refund_touches_no_other_subscription_of_the_user(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(), subscriptions=[RUNNING])

    refund(client)

    assert subscription(client) == RUNNING
