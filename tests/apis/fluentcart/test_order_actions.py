"""Payment by hand, statuses, disputes, another customer, deletion: around a refund."""

from datetime import datetime
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.apis.fluentcart.test_reads import shape_difference
from tests.conformance.replay import difference, mask
from tests.support.fluentcart_calls import AUTH, BASE, done, load, order, paid, refund
from tests.support.recorded_actions import JANE, LIVE, RECORDED, open_recorded, play
from tests.support.recorded_shop import read

V1325 = {"fluentcart": {"version": "1.3.25"}}
BY_HAND = {"payment_method": "offline_payment", "vendor_charge_id": "", "transaction_type": "charge", "mark_paid_note": "cash"}


def unpaid(**more: Any) -> dict[str, Any]:
    """An order of 100.00 (1) with a pending offline charge (10)."""
    begun = paid(total_paid=0, status="on-hold", payment_status="pending", payment_method="offline_payment", **more)
    begun["transactions"][0] |= {"status": "pending", "vendor_charge_id": ""}
    return begun


def call(client: TestClient, method: str, path: str, document: Any = None) -> Response:
    """A call below /orders as the administrator."""
    return client.request(method, f"{BASE}/orders/{path}", json=document, auth=AUTH)


def mark(client: TestClient, document: Any) -> Response:
    """Marks the order as paid."""
    return call(client, "POST", "1/mark-as-paid", document)


def set_status(client: TestClient, status: Any, path: str = "1/transactions/10") -> Response:
    """Sets a transaction's status."""
    return call(client, "PUT", f"{path}/status", {"status": status})


def change(client: TestClient, **statuses: Any) -> Response:
    """Changes the status of the order, or of its shipping."""
    action = "change_shipping_status" if "shipping_status" in statuses else "change_order_status"
    return call(client, "PUT", "1/statuses", {"action": action, "statuses": statuses})


def log_of(sandbox: SandboxApp) -> list[str]:
    """What was logged, oldest first."""
    return [line["content"] for line in sandbox.workspace.dump()["fluentcart"]["activities"]]


# As recorded


@pytest.mark.parametrize("name", ["14-041", "14-043", "14-045", "14-058"])
def test_a_recorded_action_is_answered_as_recorded(name: str, sandbox: SandboxApp, client: TestClient) -> None:
    case = RECORDED[name]
    open_recorded(sandbox, case)
    if name == "14-058":
        given = {**case["given"], "invoice_no": case["expect"]["body"]["data"]["invoice_no"]}
        load(sandbox, given, settings=LIVE)

    reply = play(client, case)

    assert reply.status_code == case["expect"]["status"]
    assert difference(mask(case["expect"]["body"]), mask(reply.json()), "body") is None
    assert difference(mask(case["expect"]["order"]), mask(order(client, case["given"]["id"])), "order") is None


@pytest.mark.parametrize("name", ["14-032", "14-035"])
def test_a_recorded_status_change_keeps_its_keys_and_types(name: str, sandbox: SandboxApp, client: TestClient) -> None:
    case = RECORDED[name]
    open_recorded(sandbox, case, customers=[JANE])

    reply = play(client, case)

    assert shape_difference(case["expect"]["body"], reply.json()) is None
    assert difference(mask(case["expect"]["order"]), mask(order(client, case["given"]["id"])), "order") is None


def test_a_transaction_that_becomes_refunded_dates_its_order(sandbox: SandboxApp, client: TestClient) -> None:
    case = RECORDED["14-017"]
    open_recorded(sandbox, case)
    sandbox.workspace.services.clock.set(datetime.fromisoformat(f"{case['expect']['order']['refunded_at']}+00:00"))

    play(client, case)

    assert difference(mask(case["expect"]["order"]), mask(order(client, 1007)), "order") is None


@pytest.mark.parametrize(("name", "status"), [("14-013", 401), ("14-065", 200), ("14-066", 423), ("14-068", 404)])
def test_a_recorded_call_of_an_order_that_the_recording_leaves_out(
    name: str, status: int, sandbox: SandboxApp, client: TestClient
) -> None:
    case = RECORDED[name]
    load(sandbox, {**paid(1001), "customer_id": 11}, settings=LIVE, customers=[{"id": 12}])

    reply = play(client, case) if status != 401 else client.post(case["request"]["path"], json={})

    assert (reply.status_code, reply.json()) == (case["expect"]["status"], case["expect"]["body"])


# Marking as paid


def test_an_order_that_was_marked_as_paid_can_be_refunded(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, unpaid(), {**paid(2), "receipt_number": 41})

    reply = mark(client, {**BY_HAND, "payment_method": "stripe", "vendor_charge_id": "pi_ok_1"})

    assert (reply.status_code, reply.json()) == (200, {"message": "Order has been marked as paid"})
    now = order(client, 1)
    assert (now["status"], now["payment_status"], now["total_paid"], now["note"]) == ("completed", "paid", 10000, "cash")
    assert (now["receipt_number"], now["invoice_no"]) == (42, "INV-42")
    assert read(client, "/customers/7")["customer"]["purchase_count"] == "2"
    assert refund(client, 1, {"transaction_id": 10, "amount": 10000}).json() == done()


def test_a_physical_order_is_not_completed_by_its_payment(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, unpaid(fulfillment_type="physical"))

    mark(client, BY_HAND)

    assert (order(client, 1)["status"], order(client, 1)["completed_at"]) == ("processing", None)
    assert log_of(sandbox) == ["Order Paid successfully!", "Order status has been updated from on-hold to processing"]


def test_only_what_is_due_is_booked(sandbox: SandboxApp, client: TestClient) -> None:
    partly = {**unpaid(), "total_paid": 4000, "payment_status": "partially_paid"}
    partly["transactions"] = [{"id": 10, "total": 4000, "vendor_charge_id": "pi_ok_1"}]
    load(sandbox, partly)

    mark(client, BY_HAND)

    first, second = order(client, 1)["transactions"]
    assert (first["total"], second["total"], order(client, 1)["total_paid"]) == (4000, 6000, 10000)
    assert (second["payment_method"], second["subscription_id"], second["meta"]) == ("offline_payment", None, None)


def test_1_3_25_takes_over_an_empty_payment(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, unpaid(note="mind the dog"), settings=V1325)

    mark(client, {})

    charge = order(client, 1)["transactions"][0]
    assert (charge["payment_method"], charge["transaction_type"], order(client, 1)["note"]) == ("", "", "")
    assert refund(client, 1, {"transaction_id": 10, "amount": 25}).json() == done("")


def test_since_1_6_a_charge_stays_a_charge_and_the_note_stays(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, unpaid(note="mind the dog"))

    mark(client, {"payment_method": "offline_payment", "transaction_type": "refund"})

    assert order(client, 1)["transactions"][0]["transaction_type"] == "charge"
    assert order(client, 1)["note"] == "mind the dog"


@pytest.mark.parametrize(("settings", "count"), [(V1325, 2), ({}, 1)])
def test_since_1_6_any_pending_charge_without_a_vendor_is_settled(
    settings: Any, count: int, sandbox: SandboxApp, client: TestClient
) -> None:
    waiting = unpaid()
    waiting["transactions"][0]["payment_method"] = "stripe"
    load(sandbox, waiting, settings=settings)

    mark(client, BY_HAND)

    assert len(order(client, 1)["transactions"]) == count


@pytest.mark.parametrize(
    ("begun", "message"),
    [
        (paid(), "Order has already been paid"),
        (paid(payment_status="refunded", total_refund=10000), "Order has already been paid"),
        (paid(status="canceled"), "Order has already been paid"),
        ({**unpaid(), "status": "canceled"}, "Unable to mark paid for canceled order"),
    ],
)
def test_what_cannot_be_marked_as_paid(begun: Any, message: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, begun)

    reply = mark(client, BY_HAND)

    assert (reply.status_code, reply.json()) == (423, {"message": message})


# Statuses of orders


@pytest.mark.parametrize(
    ("begun", "document", "message"),
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
def test_a_status_that_cannot_be_set_is_a_500(
    begun: Any, document: Any, message: str, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, begun)
    before = order(client, 1)

    reply = change(client, **document)

    assert (reply.status_code, reply.json()) == (500, {"code": 400, "message": message, "data": None})
    assert order(client, 1) == before


@pytest.mark.parametrize("document", [{}, {"action": ["x"]}, {"action": "change_order_status", "statuses": "completed"}])
def test_live_validation_fails_on_a_shapeless_status(document: Any, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(), settings=LIVE)

    reply = call(client, "PUT", "1/statuses", document)

    assert (reply.status_code, reply.json()["message"]) == (500, "Failed to update status")


def test_a_cancelled_order_can_still_be_refunded(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid())

    reply = change(client, order_status="canceled")

    assert reply.json()["data"]["status"] == order(client, 1)["status"] == "canceled"
    assert log_of(sandbox) == ["Order status has been updated from completed to canceled"]
    assert refund(client, 1, {"transaction_id": 10, "amount": 100}).status_code == 200


def test_shipping_fulfils_the_physical_lines(sandbox: SandboxApp, client: TestClient) -> None:
    begun = paid(shipping_status="unshipped", status="processing")
    begun["items"] = [{"id": 100, "quantity": 2, "fulfillment_type": "physical"}, {"id": 101}]
    load(sandbox, begun)

    reply = change(client, shipping_status="shipped")

    assert reply.json()["data"]["shipping_status"] == "shipped"
    assert [item["fulfilled_quantity"] for item in order(client, 1)["items"]] == [2, 0]
    assert log_of(sandbox) == ["Shipping status has been updated from unshipped to shipped"]


def test_syncing_pays_an_order_whose_charge_succeeded(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(total_paid=0, status="on-hold", payment_status="pending"))

    reply = call(client, "PUT", "1/sync-statuses").json()

    assert (reply["message"], reply["payment_status"], reply["status"]) == (
        "Order statuses synced successfully",
        "paid",
        "completed",
    )
    assert reply["order"]["invoice_no"] == "INV-1"
    assert log_of(sandbox)[0] == "Order Paid successfully!"


def test_syncing_undoes_a_full_refund_in_words(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid())
    refund(client, 1, {"transaction_id": 10, "amount": 10000})

    reply = call(client, "PUT", "1/sync-statuses").json()

    assert (reply["payment_status"], reply["order"]["total_refund"]) == ("partially_refunded", "10000")


# Statuses of transactions


def test_1_3_25_takes_any_word_for_a_status(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(), settings=LIVE)

    reply = set_status(client, 7)

    assert (reply.status_code, reply.json()["transaction"]["status"]) == (200, 7)
    assert (order(client, 1)["payment_status"], order(client, 1)["transactions"][0]["status"]) == ("7", "7")


@pytest.mark.parametrize(
    ("status", "path", "message"),
    [
        ("succeeded", "1/transactions/10", "Transaction already has the same status"),
        (True, "1/transactions/10", "Transaction already has the same status"),
        ("failed", "2/transactions/10", "The selected transaction does not match with the provided order"),
        ("failed", "99/transactions/10", "The selected transaction does not match with the provided order"),
    ],
)
def test_a_transactions_status_that_1_3_25_refuses(
    status: Any, path: str, message: str, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, paid(), paid(2), settings=LIVE)

    reply = set_status(client, status, path)

    assert (reply.status_code, reply.json()["message"]) == (422, message)
    assert reply.json().get("reload", False) == ("same" in message)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("nonsense", "Provided transaction status is not valid"),
        ("succeeded", "Transaction already has the same status"),
        ("refunded", "A succeeded transaction cannot be changed here. Use the refund action to return the payment."),
    ],
)
def test_a_transactions_status_that_1_6_2_refuses(status: str, message: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid())

    reply = set_status(client, status)

    assert (reply.status_code, reply.json()["message"]) == (422, message)


def test_since_1_6_a_transaction_that_succeeds_pays_its_order(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, unpaid())

    assert set_status(client, "succeeded").status_code == 200
    assert (order(client, 1)["payment_status"], order(client, 1)["total_paid"]) == ("paid", 10000)


def test_a_refund_row_that_fails_no_longer_counts(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid())
    refund(client, 1, {"transaction_id": 10, "amount": 4000})
    row = order(client, 1)["transactions"][1]["id"]

    assert set_status(client, "failed", f"1/transactions/{row}").status_code == 200
    refund(client, 1, {"transaction_id": 10, "amount": 1000})

    assert order(client, 1)["total_refund"] == 1000


@pytest.mark.parametrize("path", ["1/mark-as-paid", "1/statuses", "1/sync-statuses", "1/transactions/10/status"])
def test_strangers_are_told_whether_a_record_is_there(path: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid())
    method = "POST" if path.endswith("paid") else "PUT"
    unknown = path.replace("10", "99") if "transactions" in path else path.replace("1", "99")

    known = client.request(method, f"{BASE}/orders/{path}")
    reply = client.request(method, f"{BASE}/orders/{unknown}")

    assert (known.status_code, known.json()["code"]) == (401, "rest_forbidden")
    assert (reply.status_code, reply.json()["code"]) == (403, "Permission Callback Error")


@pytest.mark.parametrize("path", ["1/mark-as-paid", "1/change-customer", "1/transactions/10/accept-dispute"])
def test_strict_validation_refuses_wrong_types(path: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, unpaid())
    document = {"mark_paid_note": 5, "customer_id": [], "dispute_note": {}}

    assert call(client, "POST", path, document).status_code == 422


def test_strict_validation_wants_json_only_where_a_body_is_read(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, unpaid())
    headers = {"Content-Type": "text/plain"}

    marked = client.post(f"{BASE}/orders/1/mark-as-paid", content="{}", headers=headers, auth=AUTH)
    synced = client.put(f"{BASE}/orders/1/sync-statuses", content="{}", headers=headers, auth=AUTH)

    assert (marked.status_code, synced.status_code) == (415, 200)


# Disputes


def disputed(method: str = "stripe", total: int = 2500) -> dict[str, Any]:
    """A paid order with a dispute (11) of some of it."""
    begun = paid()
    begun["transactions"].append({"id": 11, "transaction_type": "dispute", "payment_method": method, "total": total})
    return begun


@pytest.mark.parametrize(("total", "left", "status"), [(2500, 7500, "partially_paid"), (10000, 0, "failed")])
def test_an_accepted_dispute_is_lost_money(total: int, left: int, status: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, disputed(total=total))

    reply = call(client, "POST", "1/transactions/11/accept-dispute/", {"dispute_note": "fair"})

    assert (reply.status_code, reply.json()) == (200, {"message": "Dispute accepted!"})
    now = order(client, 1)
    assert (now["total_paid"], now["payment_status"], now["transactions"][1]["status"]) == (left, status, "dispute_lost")
    assert now["transactions"][1]["meta"]["dispute_note"] == "fair"


def test_a_dispute_that_nobody_settles(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, disputed("offline_payment"))

    charge = call(client, "POST", "1/transactions/10/accept-dispute")
    dispute = call(client, "POST", "1/transactions/11/accept-dispute")

    assert charge.json() == {"message": "The selected transaction is not a dispute"}
    assert dispute.json() == {"message": "This payment method does not support remote dispute management"}


def test_the_plugin_falls_over_a_dispute_that_is_not_there_and_strict_validation_does_not(
    sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, disputed("offline_payment"))
    strict = call(client, "POST", "1/transactions/99/accept-dispute")
    load(sandbox, disputed("offline_payment"), settings={"validation": "live"})

    live = call(client, "POST", "1/transactions/99/accept-dispute")

    assert (live.status_code, live.json()["code"]) == (500, "plugin_exception")
    message = "No query results for model [FluentCart\\App\\Models\\OrderTransaction] 99"
    assert (strict.status_code, strict.json()["message"]) == (404, message)


def test_a_fault_makes_the_gateway_keep_the_dispute(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, {**disputed(), "scenario": "gateway_declined"})

    reply = call(client, "POST", "1/transactions/11/accept-dispute")

    assert (reply.status_code, reply.json()) == (422, {"message": "Your card was declined."})


# Another customer, deletion


def test_a_renewal_takes_its_family_along_to_another_customer(sandbox: SandboxApp, client: TestClient) -> None:
    first = paid(type="subscription", subscriptions=[{"id": 3}])
    load(sandbox, first, paid(2, type="renewal", parent_id=1), paid(5), customers=[{"id": 7}, {"id": 8}])

    reply = call(client, "POST", "2/change-customer", {"customer_id": 8})

    assert reply.json() == {"message": "Customer changed successfully"}
    assert [order(client, number)["customer_id"] for number in (1, 2, 5)] == [8, 8, 7]
    assert order(client, 1)["subscriptions"][0]["customer_id"] == 8
    assert read(client, "/customers/8")["customer"]["purchase_count"] == "2"
    again = call(client, "POST", "2/change-customer", {"customer_id": 8})
    assert again.json() == {"message": "Customer is already attached to this order"}


def test_a_deleted_order_is_gone_with_all_that_was_its_own(sandbox: SandboxApp, client: TestClient) -> None:
    first = paid(type="subscription", invoice_no="INV-1", subscriptions=[{"id": 3}])
    load(sandbox, first, paid(2, type="renewal", parent_id=1), paid(5))

    reply = call(client, "DELETE", "1")

    data = {"order_id": 1, "invoice_no": "INV-1", "status": "success"}
    assert reply.json() == {"message": "Order 1 deleted successfully", "data": data, "errors": []}
    section = sandbox.workspace.dump()["fluentcart"]
    assert [one["id"] for one in section["orders"]] == [5]
    assert section["subscriptions"] == []
    assert refund(client, 1, {"transaction_id": 10, "amount": 1}).status_code == 404
    assert read(client, "/customers/7")["customer"]["purchase_count"] == "1"


@pytest.mark.parametrize(
    ("begun", "reason"),
    [
        (paid(), "due to its current order status: completed"),
        (paid(status="canceled"), "due to its current payment status: paid"),
        (
            {**unpaid(), "type": "subscription", "subscriptions": [{"id": 3}]},
            "as it has an active subscription",
        ),
    ],
)
def test_a_live_order_that_must_stay(begun: Any, reason: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, {**begun, "mode": "live", "invoice_no": "INV-9"})

    reply = call(client, "DELETE", "1")

    assert reply.status_code == 400
    assert reply.json()["message"] == f"Order INV-9 cannot be deleted {reason}."
    assert reply.json()["errors"] == [reply.json()["message"]]


def test_a_live_order_that_is_cancelled_and_unpaid_can_go(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, {**unpaid(), "mode": "live", "status": "canceled"})

    assert call(client, "DELETE", "1").status_code == 200
    assert log_of(sandbox) == ["Order Deleted successfully!"]


def test_several_orders_are_deleted_together(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(), paid(2, mode="live"), paid(5))

    reply = call(client, "POST", "do-bulk-action", {"action": "delete_orders", "order_ids": [1, 2, 99]})
    none = call(client, "POST", "do-bulk-action", {"action": "delete_orders", "order_ids": [2]})
    rest = call(client, "POST", "do-bulk-action", {"action": "delete_orders", "order_ids": [5]})

    assert reply.json()["data"]["deleted_order_ids"] == [1]
    assert reply.json()["data"]["failed_order_ids"] == [2, 99]
    assert (none.status_code, none.json()["code"]) == (500, 400)
    assert rest.json()["message"] == "Selected order and associated data have been deleted"
    assert order(client, 2)["id"] == 2


def test_a_bulk_action_on_nothing(sandbox: SandboxApp, client: TestClient) -> None:
    reply = call(client, "POST", "do-bulk-action", {"action": "delete_orders", "order_ids": []})

    assert (reply.status_code, reply.json()) == (422, {"message": "Orders selection is required"})
