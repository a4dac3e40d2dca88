"""Change of an order's customer, and deletion of orders."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.fluentcart_calls import (
    call,
    load,
    log_of,
    order,
    paid,
    refund,
    unpaid,
)
from tests.support.recorded_shop import read


def test_a_renewal_changes_customer_with_the_orders_of_its_subscription(sandbox: SandboxApp, client: TestClient) -> None:
    first = paid(type="subscription", subscriptions=[{"id": 3}])
    load(sandbox, first, paid(2, type="renewal", parent_id=1), paid(5), customers=[{"id": 7}, {"id": 8}])

    reply = call(client, "POST", "/orders/2/change-customer", {"customer_id": 8})

    assert reply.json() == {"message": "Customer changed successfully"}
    assert [order(client, number)["customer_id"] for number in (1, 2, 5)] == [8, 8, 7]
    assert order(client, 1)["subscriptions"][0]["customer_id"] == 8
    assert read(client, "/customers/8")["customer"]["purchase_count"] == "2"
    again = call(client, "POST", "/orders/2/change-customer", {"customer_id": 8})
    assert again.json() == {"message": "Customer is already attached to this order"}


def test_an_order_is_deleted_with_its_renewals_and_subscriptions(sandbox: SandboxApp, client: TestClient) -> None:
    first = paid(type="subscription", invoice_no="INV-1", subscriptions=[{"id": 3}])
    load(sandbox, first, paid(2, type="renewal", parent_id=1), paid(5))

    reply = call(client, "DELETE", "/orders/1")

    data = {"order_id": 1, "invoice_no": "INV-1", "status": "success"}
    assert reply.json() == {"message": "Order 1 deleted successfully", "data": data, "errors": []}
    section = sandbox.workspace.dump()["fluentcart"]
    assert [one["id"] for one in section["orders"]] == [5]
    assert section["subscriptions"] == []
    assert refund(client, 1, {"transaction_id": 10, "amount": 1}).status_code == 404
    assert read(client, "/customers/7")["customer"]["purchase_count"] == "1"


@pytest.mark.parametrize(
    ("initial", "reason"),
    [
        (paid(), "due to its current order status: completed"),
        (paid(status="canceled"), "due to its current payment status: paid"),
        (
            {**unpaid(), "type": "subscription", "subscriptions": [{"id": 3}]},
            "as it has an active subscription",
        ),
    ],
)
def test_an_order_in_live_mode_that_cannot_be_deleted(initial: Any, reason: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, {**initial, "mode": "live", "invoice_no": "INV-9"})

    reply = call(client, "DELETE", "/orders/1")

    assert reply.status_code == 400
    assert reply.json()["message"] == f"Order INV-9 cannot be deleted {reason}."
    assert reply.json()["errors"] == [reply.json()["message"]]


def test_a_cancelled_unpaid_order_in_live_mode_can_be_deleted(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, {**unpaid(), "mode": "live", "status": "canceled"})

    assert call(client, "DELETE", "/orders/1").status_code == 200
    assert log_of(sandbox) == ["Order Deleted successfully!"]


def test_several_orders_are_deleted_in_bulk(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(), paid(2, mode="live"), paid(5))

    reply = call(client, "POST", "/orders/do-bulk-action", {"action": "delete_orders", "order_ids": [1, 2, 99]})
    none = call(client, "POST", "/orders/do-bulk-action", {"action": "delete_orders", "order_ids": [2]})
    rest = call(client, "POST", "/orders/do-bulk-action", {"action": "delete_orders", "order_ids": [5]})

    assert reply.json()["data"]["deleted_order_ids"] == [1]
    assert reply.json()["data"]["failed_order_ids"] == [2, 99]
    assert (none.status_code, none.json()["code"]) == (500, 400)
    assert rest.json()["message"] == "Selected order and associated data have been deleted"
    assert order(client, 2)["id"] == 2


def test_a_bulk_action_without_orders_is_refused(client: TestClient) -> None:
    reply = call(client, "POST", "/orders/do-bulk-action", {"action": "delete_orders", "order_ids": []})

    assert (reply.status_code, reply.json()) == (422, {"message": "Orders selection is required"})
