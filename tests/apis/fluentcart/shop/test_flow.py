"""A refund seen from the shop around it: labels, log, customer and reports."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.fluentcart_calls import call, load, paid, refund

NOW = {"now": "2026-11-29T12:00:00Z"}
YESTERDAY = "2026-11-28 10:00:00"


def report(client: TestClient, name: str, query: str = "") -> Any:
    reply = call(client, "GET", f"/reports/{name}{query}")
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_a_new_product_is_sold_paid_refunded_and_reported(client: TestClient) -> None:
    detail = {"fulfillment_type": "digital", "variation_type": "simple"}
    product = call(client, "POST", "/products", {"post_title": "Mug", "post_status": "publish", "detail": detail}).json()["data"]
    variation = product["variant"]["id"]
    buyer = {"full_name": "New Buyer", "email": "new.buyer@example.test"}
    customer = call(client, "POST", "/customers", buyer).json()["data"]["id"]
    item = {"object_id": variation, "unit_price": 4000, "other_info": {"payment_type": "onetime"}}
    number = call(client, "POST", "/orders", {"customer_id": customer, "order_items": [item]}).json()["order_id"]
    before = report(client, "refund-chart")["summary"]
    refunded_before = float(call(client, "GET", "/dashboard/stats").json()["stats"][3]["current_count"])

    by_hand = {"payment_method": "offline_payment", "transaction_type": "charge"}
    assert call(client, "POST", f"/orders/{number}/mark-as-paid", by_hand).status_code == 200
    charge = call(client, "GET", f"/orders/{number}").json()["order"]["transactions"][0]["id"]
    assert refund(client, number, {"transaction_id": charge, "amount": 1500}).status_code == 200
    label = call(client, "POST", "/labels", {"value": "refunded once", "bind_to_type": "Order", "bind_to_id": number})

    shown = call(client, "GET", f"/orders/{number}").json()
    assert shown["selected_labels"] == [label.json()["data"]["id"]]
    assert "Order Refund" in [entry["title"] for entry in shown["order"]["activities"]]
    stats = call(client, "GET", f"/customers/{customer}").json()["customer"]
    assert (stats["purchase_count"], stats["ltv"]) == ("1", "2500")
    after = report(client, "refund-chart")["summary"]
    assert float(after["refunded_amount"]) - float(before["refunded_amount"]) == 15
    assert int(after["refund_count"]) - int(before["refund_count"]) == 1
    assert float(call(client, "GET", "/dashboard/stats").json()["stats"][3]["current_count"]) - refunded_before == 15


def test_a_refund_counts_on_the_day_of_its_order(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(1, created_at=YESTERDAY))
    client.put("/_sandbox/clock", json=NOW)

    refund(client, 1, {"transaction_id": 10, "amount": 2500})

    chart = report(client, "refund-chart")
    assert [(row["group"], row["refunded_amount"]) for row in chart["chartData"]] == [("2026-11-28", "25.0000")]
    assert chart["summary"]["refund_rate"] == "25.0000"


def test_a_partial_refund_takes_the_order_out_of_the_paid_ones(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(1, created_at=YESTERDAY))
    client.put("/_sandbox/clock", json=NOW)

    def paid_orders() -> int:
        count: int = report(client, "dashboard-stats")["dashBoardStats"]["paid_orders"]["current_count"]
        return count

    before = paid_orders()
    refund(client, 1, {"transaction_id": 10, "amount": 100})

    assert (before, paid_orders()) == (1, 0)


def test_after_the_bulk_action_refunded_nothing_can_be_refunded(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(1, created_at=YESTERDAY), settings={"fluentcart": {"version": "1.5.2"}})
    client.put("/_sandbox/clock", json=NOW)

    bulk = {"action": "change_payment_status", "order_ids": [1], "new_status": "refunded"}
    assert call(client, "POST", "/orders/do-bulk-action", bulk).status_code == 200

    assert refund(client, 1, {"transaction_id": 10, "amount": 5}).status_code == 422
    assert report(client, "refund-chart")["summary"]["refunded_amount"] == "100.0000"
    widgets = call(client, "GET", "/dashboard/stats").json()["stats"]
    assert widgets[2]["current_count"] == "-100.0000"


def test_strict_validation_refuses_to_delete_a_customer_with_orders(sandbox: SandboxApp, client: TestClient) -> None:
    customer = {"id": 7, "email": "seven@example.test"}
    load(sandbox, paid(1), customers=[customer])

    reply = call(client, "POST", "/customers/do-bulk-action", {"action": "delete_customers", "customer_ids": [7]})

    assert (reply.status_code, "live plugin" in reply.text) == (422, True)
    assert call(client, "GET", "/orders/1").status_code == 200


@pytest.mark.parametrize("state", [["IL"], {"0": "IL"}])
def test_a_state_that_is_no_text_is_invalid(sandbox: SandboxApp, client: TestClient, state: object) -> None:
    load(sandbox, settings={"validation": "live"})
    place = {"address_1": "9 New Road", "city": "Springfield", "state": state, "country": "US"}
    address = {"type": "billing", "name": "John Roe", "email": "john.roe@example.test", **place}

    reply = call(client, "POST", "/customers/12/address", address)

    assert (reply.status_code, list(reply.json())) == (422, ["state"])
