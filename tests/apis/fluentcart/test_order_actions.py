"""Payment by hand and status changes of orders."""

from datetime import datetime
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.conformance.replay import difference, mask, shape_difference
from tests.support.fluentcart_calls import (
    call,
    load,
    log_of,
    order,
    paid,
    refund,
    successful_refund,
    unpaid,
)
from tests.support.recorded_actions import JANE, LIVE, RECORDED, load_recorded, replay
from tests.support.recorded_shop import read

V1325 = {"fluentcart": {"version": "1.3.25"}}
BY_HAND = {"payment_method": "offline_payment", "vendor_charge_id": "", "transaction_type": "charge", "mark_paid_note": "cash"}


def mark_as_paid(client: TestClient, document: Any) -> Response:
    """Mark order 1 as paid."""
    return call(client, "POST", "/orders/1/mark-as-paid", document)


def change_status(client: TestClient, **statuses: Any) -> Response:
    """Change the order status or the shipping status of order 1."""
    action = "change_shipping_status" if "shipping_status" in statuses else "change_order_status"
    return call(client, "PUT", "/orders/1/statuses", {"action": action, "statuses": statuses})


@pytest.mark.parametrize("name", ["14-041", "14-043", "14-045", "14-058"])
def test_a_recorded_action_gets_the_recorded_reply(name: str, sandbox: SandboxApp, client: TestClient) -> None:
    case = RECORDED[name]
    load_recorded(sandbox, case)
    if name == "14-058":
        initial = {**case["given"], "invoice_no": case["expect"]["body"]["data"]["invoice_no"]}
        load(sandbox, initial, settings=LIVE)

    reply = replay(client, case)

    assert reply.status_code == case["expect"]["status"]
    assert difference(mask(case["expect"]["body"]), mask(reply.json()), "body") is None
    assert difference(mask(case["expect"]["order"]), mask(order(client, case["given"]["id"])), "order") is None


@pytest.mark.parametrize("name", ["14-032", "14-035"])
def test_a_recorded_status_change_has_the_recorded_keys_and_types(name: str, sandbox: SandboxApp, client: TestClient) -> None:
    case = RECORDED[name]
    load_recorded(sandbox, case, customers=[JANE])

    reply = replay(client, case)

    assert shape_difference(case["expect"]["body"], reply.json()) is None
    assert difference(mask(case["expect"]["order"]), mask(order(client, case["given"]["id"])), "order") is None


def test_a_transaction_set_to_refunded_sets_refunded_at_of_its_order(sandbox: SandboxApp, client: TestClient) -> None:
    case = RECORDED["14-017"]
    load_recorded(sandbox, case)
    recorded_at = datetime.fromisoformat(f"{case['expect']['order']['refunded_at']}+00:00")
    sandbox.workspace.set_clock(recorded_at, frozen=True)

    replay(client, case)

    assert difference(mask(case["expect"]["order"]), mask(order(client, 1007)), "order") is None


@pytest.mark.parametrize(("name", "status"), [("14-013", 401), ("14-065", 200), ("14-066", 423), ("14-068", 404)])
def test_a_recorded_request_for_an_order_that_the_recording_omits(
    name: str, status: int, sandbox: SandboxApp, client: TestClient
) -> None:
    case = RECORDED[name]
    load(sandbox, {**paid(1001), "customer_id": 11}, settings=LIVE, customers=[{"id": 12}])

    reply = replay(client, case) if status != 401 else client.post(case["request"]["path"], json={})

    assert (reply.status_code, reply.json()) == (case["expect"]["status"], case["expect"]["body"])


def test_an_order_that_was_marked_as_paid_can_be_refunded(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, unpaid(), {**paid(2), "receipt_number": 41})

    reply = mark_as_paid(client, {**BY_HAND, "payment_method": "stripe", "vendor_charge_id": "pi_ok_1"})

    assert (reply.status_code, reply.json()) == (200, {"message": "Order has been marked as paid"})
    after = order(client, 1)
    assert (after["status"], after["payment_status"], after["total_paid"], after["note"]) == ("completed", "paid", 10000, "cash")
    assert (after["receipt_number"], after["invoice_no"]) == (42, "INV-42")
    assert read(client, "/customers/7")["customer"]["purchase_count"] == "2"
    assert refund(client, 1, {"transaction_id": 10, "amount": 10000}).json() == successful_refund()


def test_a_physical_order_is_not_completed_by_its_payment(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, unpaid(fulfillment_type="physical"))

    mark_as_paid(client, BY_HAND)

    assert (order(client, 1)["status"], order(client, 1)["completed_at"]) == ("processing", None)
    assert log_of(sandbox) == ["Order Paid successfully!", "Order status has been updated from on-hold to processing"]


def test_only_the_amount_due_is_booked(sandbox: SandboxApp, client: TestClient) -> None:
    partly_paid = {**unpaid(), "total_paid": 4000, "payment_status": "partially_paid"}
    partly_paid["transactions"] = [{"id": 10, "total": 4000, "vendor_charge_id": "pi_ok_1"}]
    load(sandbox, partly_paid)

    mark_as_paid(client, BY_HAND)

    first, second = order(client, 1)["transactions"]
    assert (first["total"], second["total"], order(client, 1)["total_paid"]) == (4000, 6000, 10000)
    assert (second["payment_method"], second["subscription_id"]) == ("offline_payment", None)
    assert second["meta"] == {"settled_at": second["created_at"]}


def test_1_3_25_stores_an_empty_payment(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, unpaid(note="mind the dog"), settings=V1325)

    mark_as_paid(client, {})

    charge = order(client, 1)["transactions"][0]
    assert (charge["payment_method"], charge["transaction_type"], order(client, 1)["note"]) == ("", "", "")
    assert refund(client, 1, {"transaction_id": 10, "amount": 25}).json() == successful_refund("")


def test_since_1_6_transaction_type_and_note_do_not_change(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, unpaid(note="mind the dog"))

    mark_as_paid(client, {"payment_method": "offline_payment", "transaction_type": "refund"})

    assert order(client, 1)["transactions"][0]["transaction_type"] == "charge"
    assert order(client, 1)["note"] == "mind the dog"


@pytest.mark.parametrize(("settings", "count"), [(V1325, 2), ({}, 1)])
def test_since_1_6_any_pending_charge_without_vendor_id_is_settled(
    settings: Any, count: int, sandbox: SandboxApp, client: TestClient
) -> None:
    initial = unpaid()
    initial["transactions"][0]["payment_method"] = "stripe"
    load(sandbox, initial, settings=settings)

    mark_as_paid(client, BY_HAND)

    assert len(order(client, 1)["transactions"]) == count


@pytest.mark.parametrize(
    ("initial", "message"),
    [
        (paid(), "Order has already been paid"),
        (paid(payment_status="refunded", total_refund=10000), "Order has already been paid"),
        (paid(status="canceled"), "Order has already been paid"),
        ({**unpaid(), "status": "canceled"}, "Unable to mark paid for canceled order"),
    ],
)
def test_an_order_that_cannot_be_marked_as_paid(initial: Any, message: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, initial)

    reply = mark_as_paid(client, BY_HAND)

    assert (reply.status_code, reply.json()) == (423, {"message": message})


@pytest.mark.parametrize(
    ("initial", "document", "message"),
    [
        (paid(), {"order_status": "completed"}, "Order already has the same status"),
        (
            paid(status="canceled"),
            {"order_status": "processing"},
            "You cannot change the order status once it has been canceled.",
        ),
        (paid(), {"order_status": "failed"}, "Provided status is not valid"),
        (paid(), {"shipping_status": "lost"}, "Provided status is not valid"),
        (paid(), {}, "Failed to update status"),
    ],
)
def test_a_status_that_cannot_be_set_gets_500(
    initial: Any, document: Any, message: str, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, initial)
    before = order(client, 1)

    reply = change_status(client, **document)

    assert (reply.status_code, reply.json()) == (500, {"code": 400, "message": message, "data": None})
    assert order(client, 1) == before


@pytest.mark.parametrize("document", [{}, {"action": ["x"]}, {"action": "change_order_status", "statuses": "completed"}])
def test_live_validation_refuses_a_malformed_status(document: Any, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(), settings=LIVE)

    reply = call(client, "PUT", "/orders/1/statuses", document)

    assert (reply.status_code, reply.json()["message"]) == (500, "Failed to update status")


def test_a_cancelled_order_can_still_be_refunded(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid())

    reply = change_status(client, order_status="canceled")

    assert reply.json()["data"]["status"] == order(client, 1)["status"] == "canceled"
    assert log_of(sandbox) == ["Order status has been updated from completed to canceled"]
    assert refund(client, 1, {"transaction_id": 10, "amount": 100}).status_code == 200


def test_shipping_fulfils_the_physical_items(sandbox: SandboxApp, client: TestClient) -> None:
    initial = paid(shipping_status="unshipped", status="processing")
    initial["items"] = [{"id": 100, "quantity": 2, "fulfillment_type": "physical"}, {"id": 101}]
    load(sandbox, initial)

    reply = change_status(client, shipping_status="shipped")

    assert reply.json()["data"]["shipping_status"] == "shipped"
    assert [item["fulfilled_quantity"] for item in order(client, 1)["items"]] == [2, 0]
    assert log_of(sandbox) == ["Shipping status has been updated from unshipped to shipped"]


def test_syncing_marks_an_order_with_a_succeeded_charge_as_paid(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(total_paid=0, status="on-hold", payment_status="pending"))

    reply = call(client, "PUT", "/orders/1/sync-statuses").json()

    assert (reply["message"], reply["payment_status"], reply["status"]) == (
        "Order statuses synced successfully",
        "paid",
        "completed",
    )
    assert reply["order"]["invoice_no"] == "INV-1"
    assert log_of(sandbox)[0] == "Order Paid successfully!"


@pytest.mark.parametrize(("version", "status"), [("1.6.2", "partially_refunded"), ("1.6.5", "refunded")])
def test_a_full_refund_stays_refunded_after_a_sync_since_1_6_4(
    version: str, status: str, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, paid(), settings={"fluentcart": {"version": version}})
    refund(client, 1, {"transaction_id": 10, "amount": 10000})
    assert bool(order(client, 1)["refunded_at"]) == (version == "1.6.5")

    reply = call(client, "PUT", "/orders/1/sync-statuses").json()

    assert (reply["payment_status"], reply["order"]["total_refund"]) == (status, "10000")


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("1.6.2", "Failed to update status"),
        ("1.6.5", "Unsupported action — this endpoint changes order or shipping status only."),
    ],
)
def test_an_unknown_status_action_is_named_since_1_6_4(
    version: str, message: str, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, paid(), settings={"fluentcart": {"version": version}})

    reply = call(client, "PUT", "/orders/1/statuses", {"action": "nonsense", "statuses": {}})

    assert (reply.status_code, reply.json()) == (500, {"code": 400, "message": message, "data": None})
