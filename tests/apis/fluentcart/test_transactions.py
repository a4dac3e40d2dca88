"""Status, sync and disputes of transactions."""

from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.fluentcart_calls import (
    AUTH,
    BASE,
    call,
    load,
    message_of,
    order,
    paid,
    refund,
    unpaid,
)
from tests.support.recorded_actions import LIVE

V1325 = {"fluentcart": {"version": "1.3.25"}}


def set_status(client: TestClient, status: Any, path: str = "1/transactions/10") -> Response:
    """Set the status of a transaction."""
    return call(client, "PUT", f"/orders/{path}/status", {"status": status})


def test_1_3_25_accepts_any_value_as_status(sandbox: SandboxApp, client: TestClient) -> None:
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
def test_a_status_that_1_3_25_refuses(status: Any, path: str, message: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(), paid(2), settings=LIVE)

    reply = set_status(client, status, path)

    assert (reply.status_code, reply.json()["message"]) == (422, message)
    assert reply.json().get("reload", False) == ("same" in message)


@pytest.mark.parametrize(("sent", "is_same"), [(1000, True), ("1000.0", True), (" 1e3", True), ("1e3x", False), (1000.5, False)])
def test_numbers_in_a_status_are_compared_as_numbers(sent: Any, is_same: bool, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(), settings=LIVE)
    set_status(client, "1e3")

    assert set_status(client, sent).status_code == (422 if is_same else 200)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("nonsense", "Provided transaction status is not valid"),
        ("succeeded", "Transaction already has the same status"),
        ("refunded", "A succeeded transaction cannot be changed here. Use the refund action to return the payment."),
    ],
)
def test_a_status_that_1_6_5_refuses(status: str, message: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(), settings={"fluentcart": {"version": "1.6.5"}})

    reply = set_status(client, status)

    assert (reply.status_code, reply.json()["message"]) == (422, message)


@pytest.mark.parametrize(("version", "after"), [("1.6.2", ("succeeded", 0)), ("1.6.5", ("paid", 10000))])
def test_since_1_6_4_a_succeeded_transaction_pays_its_order(
    version: str, after: tuple[str, int], sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, unpaid(), settings={"fluentcart": {"version": version}})

    assert set_status(client, "succeeded").status_code == 200
    assert (order(client, 1)["payment_status"], order(client, 1)["total_paid"]) == after
    assert order(client, 1)["transactions"][0]["meta"]["settled_at"]


def test_a_failed_refund_row_no_longer_counts(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid())
    refund(client, 1, {"transaction_id": 10, "amount": 4000})
    row = order(client, 1)["transactions"][1]["id"]

    assert set_status(client, "failed", f"1/transactions/{row}").status_code == 200
    refund(client, 1, {"transaction_id": 10, "amount": 1000})

    assert order(client, 1)["total_refund"] == 1000


@pytest.mark.parametrize("path", ["1/mark-as-paid", "1/statuses", "1/sync-statuses", "1/transactions/10/status"])
def test_anonymous_requests_can_distinguish_known_and_unknown_ids(path: str, sandbox: SandboxApp, client: TestClient) -> None:
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

    assert call(client, "POST", f"/orders/{path}", document).status_code == 422


def test_strict_validation_requires_json_only_for_operations_with_a_body(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, unpaid())
    headers = {"Content-Type": "text/plain"}

    marked = client.post(f"{BASE}/orders/1/mark-as-paid", content="{}", headers=headers, auth=AUTH)
    synced = client.put(f"{BASE}/orders/1/sync-statuses", content="{}", headers=headers, auth=AUTH)

    assert (marked.status_code, synced.status_code) == (415, 200)


def pending(**more: Any) -> dict[str, Any]:
    """Return an order (id 1) with a pending Stripe charge (id 10)."""
    initial = paid(total_paid=0, status="on-hold", payment_status="pending")
    initial["transactions"][0] |= {"status": "pending", **more}
    return initial


def test_a_pending_charge_is_settled_by_a_sync(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, pending())

    reply = call(client, "POST", "/orders/1/transactions/10/sync")

    assert message_of(reply) == (200, "Transaction has been synced from the payment gateway successfully!")
    assert reply.json()["transaction"]["status"] == "succeeded"
    after = order(client, 1)
    assert (after["payment_status"], after["total_paid"], after["status"]) == ("paid", 10000, "completed")
    assert refund(client, 1, {"transaction_id": 10, "amount": 10000}).status_code == 200


@pytest.mark.parametrize(
    ("charge", "message"),
    [
        ({"transaction_type": "dispute"}, "Only charge transactions can be synced from the payment gateway."),
        ({"status": "failed"}, "Only pending transactions can be synced from the payment gateway."),
        ({"vendor_charge_id": ""}, "This transaction has no gateway charge ID to sync against."),
        ({"payment_method": "offline_payment"}, "This payment method does not support remote transaction sync"),
    ],
)
def test_a_charge_that_cannot_be_synced(charge: dict[str, Any], message: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, pending(**charge))

    assert message_of(call(client, "POST", "/orders/1/transactions/10/sync")) == (422, message)


@pytest.mark.parametrize("order_id", ["2", "99", "abc"])
def test_the_charge_of_another_order_is_not_synced(order_id: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, pending(), paid(2))

    message = "The selected transaction does not match with the provided order"
    assert message_of(call(client, "POST", f"/orders/{order_id}/transactions/10/sync")) == (422, message)


def test_a_refused_sync_changes_nothing(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, pending())
    sandbox.workspace.add_fault({"api": "fluentcart", "at": "gateway", "error": "Try again."})

    assert message_of(call(client, "POST", "/orders/1/transactions/10/sync")) == (422, "Try again.")
    assert order(client, 1)["payment_status"] == "pending"


def disputed(method: str = "stripe", total: int = 2500) -> dict[str, Any]:
    """Return a paid order (id 1) with a dispute (id 11) of part of the amount."""
    initial = paid()
    initial["transactions"].append({"id": 11, "transaction_type": "dispute", "payment_method": method, "total": total})
    return initial


@pytest.mark.parametrize(("total", "total_paid", "status"), [(2500, 7500, "partially_paid"), (10000, 0, "failed")])
def test_an_accepted_dispute_reduces_the_paid_amount(
    total: int, total_paid: int, status: str, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, disputed(total=total))

    reply = call(client, "POST", "/orders/1/transactions/11/accept-dispute/", {"dispute_note": "fair"})

    assert (reply.status_code, reply.json()) == (200, {"message": "Dispute accepted!"})
    after = order(client, 1)
    assert (after["total_paid"], after["payment_status"], after["transactions"][1]["status"]) == (
        total_paid,
        status,
        "dispute_lost",
    )
    assert after["transactions"][1]["meta"]["dispute_note"] == "fair"


def test_a_dispute_that_cannot_be_accepted(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, disputed("offline_payment"))

    charge = call(client, "POST", "/orders/1/transactions/10/accept-dispute")
    dispute = call(client, "POST", "/orders/1/transactions/11/accept-dispute")

    assert charge.json() == {"message": "The selected transaction is not a dispute"}
    assert dispute.json() == {"message": "This payment method does not support remote dispute management"}


def test_an_unknown_dispute_is_a_crash_or_404_with_strict_validation(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, disputed("offline_payment"))
    strict = call(client, "POST", "/orders/1/transactions/99/accept-dispute")
    load(sandbox, disputed("offline_payment"), settings={"validation": "live"})

    live = call(client, "POST", "/orders/1/transactions/99/accept-dispute")

    assert (live.status_code, live.json()["code"]) == (500, "plugin_exception")
    message = "No query results for model [FluentCart\\App\\Models\\OrderTransaction] 99"
    assert (strict.status_code, strict.json()["message"]) == (404, message)


def test_a_fault_at_the_gateway_refuses_the_dispute(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, {**disputed(), "scenario": "gateway_declined"})

    reply = call(client, "POST", "/orders/1/transactions/11/accept-dispute")

    assert (reply.status_code, reply.json()) == (422, {"message": "Your card was declined."})
