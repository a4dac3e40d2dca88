"""Cancel, pause, resume, reactivate and fetch a subscription."""

from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.conformance.replay import difference, mask
from tests.support.fluentcart_calls import AUTH, BASE, load, message_of, order, paid, refund
from tests.support.recorded_actions import LIVE, RECORDED, load_recorded, replay

REPLIES_WITH_SUBSCRIPTION = [
    case["id"] for case in RECORDED.values() if case["given"] and "subscription" in case["expect"]["body"]
]
NOT_AVAILABLE = (422, {"message": "Not available yet"})


def subscribed(**more: Any) -> dict[str, Any]:
    """Return a paid order (id 1) with an active Stripe subscription (id 3), paid by its charge (id 10)."""
    subscription = {"id": 3, "current_payment_method": "stripe", "vendor_subscription_id": "sub_ok_1", "recurring_amount": 2900}
    initial = paid(type="subscription", subscriptions=[{**subscription, "next_billing_date": "2030-01-01 00:00:00", **more}])
    initial["transactions"][0]["subscription_id"] = 3
    return initial


def send_action(client: TestClient, action: str, document: Any = None, *, order_id: int = 1, auth: Any = AUTH) -> Response:
    """Send one action on the subscription."""
    method = "POST" if action == "early-payment-link" else "PUT"
    path = f"{BASE}/orders/{order_id}/subscriptions/3/{action}"
    return client.request(method, path, json=document, auth=auth)


def stored(client: TestClient) -> Any:
    """Return the subscription as in the state document."""
    return order(client, 1)["subscriptions"][0]


@pytest.mark.parametrize("name", REPLIES_WITH_SUBSCRIPTION)
def test_a_recorded_action_has_the_recorded_reply_and_order(name: str, sandbox: SandboxApp, client: TestClient) -> None:
    case = RECORDED[name]
    path_order = int(case["request"]["path"].split("/")[5])
    others = [paid(path_order)] if path_order != case["given"]["id"] else []
    load_recorded(sandbox, case, *others)

    reply = replay(client, case)

    assert reply.status_code == case["expect"]["status"]
    assert difference(mask(case["expect"]["body"]), mask(reply.json()), "body") is None
    assert difference(mask(case["expect"]["order"]), mask(order(client, case["given"]["id"])), "order") is None


@pytest.mark.parametrize("name", ["13-001", "13-018"])
def test_a_cancellation_by_the_admin_does_not_end_the_paid_period(name: str, sandbox: SandboxApp, client: TestClient) -> None:
    case = RECORDED[name]
    load_recorded(sandbox, case)

    replay(client, case)

    subscription = order(client, case["given"]["id"])["subscriptions"][0]
    assert subscription["status"] == "canceled"
    assert subscription["next_billing_date"] == case["given"]["subscriptions"][0]["next_billing_date"]


def test_a_refund_does_not_cancel_a_cancelled_subscription_again(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed())
    send_action(client, "cancel", {"cancel_reason": "too_expensive"})

    reply = refund(client, 1, {"transaction_id": 10, "amount": 100, "cancelSubscription": True})

    assert reply.json()["subscription_cancel"] == {"status": "failed", "message": "This subscription is already cancelled."}
    assert stored(client)["config"] == {"cancellation_reason": "too_expensive"}


def test_a_fault_counts_the_cancellation_that_it_refuses(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed())
    sandbox.workspace.add_fault({"match": {"subscription_id": 3}, "at": "cancel", "error": "Later.", "times": 1})

    assert message_of(send_action(client, "cancel", {"cancel_reason": "x"})) == (422, "Later.")
    assert send_action(client, "cancel", {"cancel_reason": "x"}).status_code == 200


def test_the_scenario_of_an_order_refuses_its_cancellations(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, {**subscribed(), "scenario": "cancel_refused"})
    before = stored(client)

    reply = send_action(client, "cancel", {"cancel_reason": "x"})

    assert message_of(reply) == (422, "An unknown error occurred at Stripe.")
    assert stored(client) == before


@pytest.mark.parametrize(
    ("document", "body"),
    [
        ({"cancel_reason": 5}, {"cancel_reason": {"type": "cancel_reason must be of type string."}}),
        ({"cancel_reason": ""}, {"message": "Please select cancel reason!"}),
        ({}, {"message": "Please select cancel reason!"}),
    ],
)
def test_strict_validation_checks_the_reason(document: Any, body: Any, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed())

    reply = send_action(client, "cancel", document)

    assert (reply.status_code, reply.json()) == (422, body)


@pytest.mark.parametrize("reason", [5, True, " <i>gone</i>\n away%20 "])
def test_live_validation_converts_any_reason_to_text(reason: Any, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed(), settings={"validation": "live"})

    reply = send_action(client, "cancel", {"cancel_reason": reason})

    stored_reason = {5: "5", True: "1"}.get(reason, "gone away")
    assert reply.json()["subscription"]["config"] == {"cancellation_reason": stored_reason}


@pytest.mark.parametrize("auth", [None, AUTH])
@pytest.mark.parametrize("action", ["cancel", "pause", "resume", "reactivate", "fetch", "early-payment-link"])
def test_an_unknown_order_is_refused_before_authorization(
    action: str, auth: Any, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, subscribed())

    reply = send_action(client, action, order_id=99, auth=auth)

    message = "No query results for model [FluentCart\\App\\Models\\Order]."
    assert reply.status_code == 403
    assert reply.json() == {"code": "Permission Callback Error", "message": message, "data": {"status": 403}}
    assert "Allow" not in reply.headers
    assert send_action(client, action, auth=None).status_code == 401


@pytest.mark.parametrize("action", ["pause", "resume", "reactivate"])
def test_1_3_25_cannot_pause_resume_or_reactivate(action: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed(collection_method="manual"), settings=LIVE)

    reply = send_action(client, action, {})

    assert (reply.status_code, reply.json()) == NOT_AVAILABLE


def test_a_subscription_billed_by_the_shop_can_be_paused_and_resumed(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed(collection_method="manual"))

    pause, again = send_action(client, "pause", {"reason": "holiday"}), send_action(client, "pause")
    resume, once_more = send_action(client, "resume"), send_action(client, "resume")

    assert message_of(pause) == (200, "Subscription has been paused successfully!")
    assert pause.json()["subscription"]["status"] == "paused"
    assert message_of(again) == (422, "This subscription cannot be paused.")
    assert message_of(resume) == (200, "Subscription has been resumed successfully!")
    assert message_of(once_more) == (422, "This subscription cannot be resumed.")
    assert stored(client)["status"] == "active"


def test_only_the_paid_add_on_reactivates_a_subscription(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed(collection_method="manual", status="canceled", canceled_at="2026-01-01 00:00:00"))

    reply = send_action(client, "reactivate")

    assert message_of(reply) == (422, "This subscription cannot be reactivated.")
    assert stored(client)["status"] == "canceled"


@pytest.mark.parametrize(("version", "status"), [("1.5.2", 422), ("1.6.2", 200), ("1.6.5", 200)])
def test_paypal_resumes_a_paused_subscription_since_1_6_2(
    version: str, status: int, sandbox: SandboxApp, client: TestClient
) -> None:
    paused = subscribed(current_payment_method="paypal", status="paused")
    load(sandbox, paused, settings={"fluentcart": {"version": version}})

    assert send_action(client, "resume").status_code == status
    assert stored(client)["status"] == ("active" if status == 200 else "paused")


def test_a_refusal_by_paypal_leaves_the_subscription_paused(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed(current_payment_method="paypal", status="paused"))
    sandbox.workspace.add_fault({"operation": "resumeSubscription", "at": "gateway", "error": "SUBSCRIPTION_STATUS_INVALID"})

    reply = send_action(client, "resume")

    assert message_of(reply) == (422, "SUBSCRIPTION_STATUS_INVALID")
    assert stored(client)["status"] == "paused"


def test_permissions_of_a_subscription_follow_its_billing_and_status(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed(collection_method="manual"))
    by_shop = client.get(f"{BASE}/subscriptions/3", auth=AUTH).json()["subscription"]
    load(sandbox, subscribed())
    by_gateway = client.get(f"{BASE}/subscriptions/3", auth=AUTH).json()["subscription"]

    allowed = {name for name, is_allowed in by_shop["permissions"].items() if is_allowed}
    assert allowed == {"canEdit", "canPause", "canCancel", "canCreateRenewal", "canSkipRenewal"}
    allowed = {name for name, is_allowed in by_gateway["permissions"].items() if is_allowed}
    assert allowed == {"canFetch", "canCancel"}
    assert by_gateway["system_charge_state"] is None


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ("pause", "This subscription cannot be paused."),
        ("resume", "This subscription cannot be resumed."),
        ("reactivate", "Only store-billed (manual or auto-charge) subscriptions can be reactivated."),
    ],
)
def test_a_subscription_billed_by_a_gateway_cannot_be_changed(
    action: str, message: str, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, subscribed())

    assert message_of(send_action(client, action)) == (422, message)


@pytest.mark.parametrize("status", ["canceled", "completed", "expired"])
def test_since_1_6_an_ended_subscription_cannot_be_cancelled(status: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed(status=status))

    reply = send_action(client, "cancel", {"cancel_reason": "x"})

    assert message_of(reply) == (422, "This subscription is already canceled, completed, or expired.")


def test_since_1_6_a_subscription_without_vendor_id_is_cancelled_in_the_shop(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed(vendor_subscription_id=""))

    reply = send_action(client, "cancel", {"cancel_reason": "x"})

    assert message_of(reply) == (200, "Subscription has been cancelled successfully!")
    assert stored(client)["status"] == "canceled"


def test_since_1_6_the_subscription_of_another_order_is_refused(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed(), paid(2), {**paid(4), "type": "renewal", "parent_id": 1})

    foreign = send_action(client, "cancel", {"cancel_reason": "x"}, order_id=2)
    renewal = send_action(client, "cancel", {"cancel_reason": "x"}, order_id=4)

    assert message_of(foreign) == (403, "Subscription does not belong to this order.")
    assert renewal.status_code == 200


@pytest.mark.parametrize(
    ("subscription", "message"),
    [
        ({"current_payment_method": "foo"}, "This payment method does not support remote resync"),
        ({"vendor_subscription_id": ""}, "Invalid vendor subscription ID."),
        ({"vendor_subscription_id": "sub_nosuch_1"}, "No such subscription: 'sub_nosuch_1'"),
    ],
)
def test_a_subscription_that_cannot_be_fetched(subscription: Any, message: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed(**subscription))

    assert message_of(send_action(client, "fetch")) == (422, message)


def test_a_fetch_recalculates_the_bill_count(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed(bill_count=7))

    reply = send_action(client, "fetch")

    assert reply.json()["subscription"]["bill_count"] == stored(client)["bill_count"] == 1


def test_a_fetch_of_an_offline_subscription_calls_no_gateway(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed(current_payment_method="offline_payment"))

    reply = send_action(client, "fetch")

    assert reply.status_code == 200
    assert "order" not in reply.json()["subscription"]


def test_a_fault_makes_the_fetch_fail(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscribed())
    sandbox.workspace.add_fault({"operation": "fetchSubscription", "at": "gateway", "error": "Later.", "times": 1})

    assert message_of(send_action(client, "fetch")) == (422, "Later.")
    assert send_action(client, "fetch").status_code == 200
