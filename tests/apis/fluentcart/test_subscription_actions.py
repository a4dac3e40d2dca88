"""Cancelling, pausing, resuming, reactivating and fetching a subscription."""

from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.conformance.replay import difference, mask
from tests.support.fluentcart_calls import AUTH, BASE, load, order, paid, refund
from tests.support.recorded_actions import LIVE, RECORDED, open_recorded, play

ANSWERED_WITH_A_SUBSCRIPTION = [
    case["id"] for case in RECORDED.values() if case["given"] and "subscription" in case["expect"]["body"]
]
NOT_YET = (422, {"message": "Not available yet"})


def subscribed(**more: Any) -> dict[str, Any]:
    """A paid order (1) with an active Stripe subscription (3) that its charge (10) pays for."""
    subscription = {"id": 3, "current_payment_method": "stripe", "vendor_subscription_id": "sub_ok_1", "recurring_amount": 2900}
    begun = paid(type="subscription", subscriptions=[{**subscription, "next_billing_date": "2030-01-01 00:00:00", **more}])
    begun["transactions"][0]["subscription_id"] = 3
    return begun


def do(client: TestClient, action: str, document: Any = None, *, order_id: int = 1, auth: Any = AUTH) -> Response:
    """One action on the subscription."""
    method = "POST" if action == "early-payment-link" else "PUT"
    path = f"{BASE}/orders/{order_id}/subscriptions/3/{action}"
    return client.request(method, path, json=document, auth=auth)


def said(reply: Response) -> tuple[int, Any]:
    """Status and message."""
    return reply.status_code, reply.json()["message"]


def stored(client: TestClient) -> Any:
    """The subscription as in the state document."""
    return order(client, 1)["subscriptions"][0]


@pytest.mark.parametrize("name", ANSWERED_WITH_A_SUBSCRIPTION)
def test_a_recorded_action_is_answered_and_kept_as_recorded(name: str, sandbox: SandboxApp, client: TestClient) -> None:
    case = RECORDED[name]
    path_order = int(case["request"]["path"].split("/")[5])
    others = [paid(path_order)] if path_order != case["given"]["id"] else []
    open_recorded(sandbox, case, *others)

    reply = play(client, case)

    assert reply.status_code == case["expect"]["status"]
    assert difference(mask(case["expect"]["body"]), mask(reply.json()), "body") is None
    assert difference(mask(case["expect"]["order"]), mask(order(client, case["given"]["id"])), "order") is None


@pytest.mark.parametrize("name", ["13-001", "13-018"])
def test_the_admins_cancellation_leaves_the_paid_time(name: str, sandbox: SandboxApp, client: TestClient) -> None:
    case = RECORDED[name]
    open_recorded(sandbox, case)

    play(client, case)

    subscription = order(client, case["given"]["id"])["subscriptions"][0]
    assert subscription["status"] == "canceled"
    assert subscription["next_billing_date"] == case["given"]["subscriptions"][0]["next_billing_date"]


def test_a_cancelled_subscription_is_not_cancelled_by_a_refund_again(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed())
    do(client, "cancel", {"cancel_reason": "too_expensive"})

    reply = refund(client, 1, {"transaction_id": 10, "amount": 100, "cancelSubscription": True})

    assert reply.json()["subscription_cancel"] == {"status": "failed", "message": "This subscription is already cancelled."}
    assert stored(client)["config"] == {"cancellation_reason": "too_expensive"}


def test_a_fault_is_used_up_by_the_cancellation_that_it_refuses(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed())
    sandbox.workspace.services.faults.add({"match": {"subscription_id": 3}, "at": "cancel", "error": "Later.", "times": 1})

    assert said(do(client, "cancel", {"cancel_reason": "x"})) == (422, "Later.")
    assert do(client, "cancel", {"cancel_reason": "x"}).status_code == 200


def test_an_order_with_a_scenario_has_its_cancellations_refused(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, {**subscribed(), "scenario": "cancel_refused"})
    before = stored(client)

    reply = do(client, "cancel", {"cancel_reason": "x"})

    assert said(reply) == (422, "An unknown error occurred at Stripe.")
    assert stored(client) == before


@pytest.mark.parametrize(
    ("document", "answer"),
    [
        ({"cancel_reason": 5}, {"cancel_reason": {"type": "cancel_reason must be of type string."}}),
        ({"cancel_reason": ""}, {"message": "Please select cancel reason!"}),
        ({}, {"message": "Please select cancel reason!"}),
    ],
)
def test_strict_validation_checks_the_reason(document: Any, answer: Any, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed())

    reply = do(client, "cancel", document)

    assert (reply.status_code, reply.json()) == (422, answer)


@pytest.mark.parametrize("reason", [5, True, " <i>gone</i>\n away%20 "])
def test_live_validation_takes_any_reason_for_text(reason: Any, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed(), settings={"validation": "live"})

    reply = do(client, "cancel", {"cancel_reason": reason})

    kept = {5: "5", True: "1"}.get(reason, "gone away")
    assert reply.json()["subscription"]["config"] == {"cancellation_reason": kept}


@pytest.mark.parametrize("auth", [None, AUTH])
@pytest.mark.parametrize("action", ["cancel", "pause", "resume", "reactivate", "fetch", "early-payment-link"])
def test_an_unknown_order_is_answered_before_the_login(action: str, auth: Any, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed())

    reply = do(client, action, order_id=99, auth=auth)

    message = "No query results for model [FluentCart\\App\\Models\\Order]."
    assert reply.status_code == 403
    assert reply.json() == {"code": "Permission Callback Error", "message": message, "data": {"status": 403}}
    assert "Allow" not in reply.headers
    assert do(client, action, auth=None).status_code == 401


@pytest.mark.parametrize("action", ["pause", "resume", "reactivate"])
def test_1_3_25_neither_pauses_nor_resumes(action: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed(collection_method="manual"), settings=LIVE)

    reply = do(client, action, {})

    assert (reply.status_code, reply.json()) == NOT_YET


def test_a_shop_pauses_and_resumes_what_it_bills_itself(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed(collection_method="manual"))

    pause, again = do(client, "pause", {"reason": "holiday"}), do(client, "pause")
    resume, once_more = do(client, "resume"), do(client, "resume")

    assert said(pause) == (200, "Subscription has been paused successfully!")
    assert pause.json()["subscription"]["status"] == "paused"
    assert said(again) == (422, "This subscription cannot be paused.")
    assert said(resume) == (200, "Subscription has been resumed successfully!")
    assert said(once_more) == (422, "This subscription cannot be resumed.")
    assert stored(client)["status"] == "active"


def test_a_cancelled_subscription_that_the_shop_bills_is_reactivated(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed(collection_method="manual", status="canceled", canceled_at="2026-01-01 00:00:00"))

    reply = do(client, "reactivate")

    assert said(reply) == (200, "Subscription has been reactivated successfully!")
    assert (stored(client)["status"], stored(client)["canceled_at"]) == ("active", None)
    assert said(do(client, "reactivate")) == (422, "This subscription cannot be reactivated.")


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ("pause", "This subscription cannot be paused."),
        ("resume", "This subscription cannot be resumed."),
        ("reactivate", "Only store-billed (manual or auto-charge) subscriptions can be reactivated."),
    ],
)
def test_what_a_gateway_bills_stays_as_it_is(action: str, message: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed())

    assert said(do(client, action)) == (422, message)


@pytest.mark.parametrize("status", ["canceled", "completed", "expired"])
def test_what_has_ended_is_not_cancelled_since_1_6(status: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed(status=status))

    reply = do(client, "cancel", {"cancel_reason": "x"})

    assert said(reply) == (422, "This subscription is already canceled, completed, or expired.")


def test_without_a_vendor_id_the_shop_cancels_alone_since_1_6(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed(vendor_subscription_id=""))

    reply = do(client, "cancel", {"cancel_reason": "x"})

    assert said(reply) == (200, "Subscription has been cancelled successfully!")
    assert stored(client)["status"] == "canceled"


def test_another_orders_subscription_is_refused_since_1_6(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed(), paid(2), {**paid(4), "type": "renewal", "parent_id": 1})

    foreign = do(client, "cancel", {"cancel_reason": "x"}, order_id=2)
    renewal = do(client, "cancel", {"cancel_reason": "x"}, order_id=4)

    assert said(foreign) == (403, "Subscription does not belong to this order.")
    assert renewal.status_code == 200


@pytest.mark.parametrize(
    ("subscription", "message"),
    [
        ({"current_payment_method": "foo"}, "This payment method does not support remote resync"),
        ({"vendor_subscription_id": ""}, "Invalid vendor subscription ID."),
        ({"vendor_subscription_id": "sub_nosuch_1"}, "No such subscription: 'sub_nosuch_1'"),
    ],
)
def test_a_fetch_that_no_gateway_can_answer(subscription: Any, message: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed(**subscription))

    assert said(do(client, "fetch")) == (422, message)


def test_a_fetch_counts_the_paid_charges(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed(bill_count=7))

    reply = do(client, "fetch")

    assert reply.json()["subscription"]["bill_count"] == stored(client)["bill_count"] == 1


def test_a_fetch_of_an_offline_subscription_asks_nobody(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed(current_payment_method="offline_payment"))

    reply = do(client, "fetch")

    assert reply.status_code == 200
    assert "order" not in reply.json()["subscription"]


def test_a_fault_makes_the_fetch_fail(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed())
    sandbox.workspace.services.faults.add({"operation": "fetchSubscription", "at": "gateway", "error": "Later.", "times": 1})

    assert said(do(client, "fetch")) == (422, "Later.")
    assert do(client, "fetch").status_code == 200
