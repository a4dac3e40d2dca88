"""Behaviour of each FluentCart order of the demo state, as on the page about the demo data."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.support.fluentcart_calls import AUTH, BASE, order, refund, successful_refund

SAMPLE = """{
  "refund_info": {
    "transaction_id": 129237,
    "amount": 2500,
    "cancelSubscription": "false"
  }
}"""

FAILED = "ERROR processing refund on"


def test_the_documented_sample_request_works_unchanged(client: TestClient) -> None:
    headers = {"Content-Type": "application/json"}

    reply = client.post(f"{BASE}/orders/1001/refund", content=SAMPLE, headers=headers, auth=AUTH)

    assert reply.status_code == 200
    assert reply.json() == successful_refund()
    after = order(client, 1001)
    assert (after["payment_status"], after["total_refund"], after["total_paid"]) == ("partially_refunded", 2500, 10000)
    charge, row = after["transactions"]
    assert charge["meta"] == {"refunded_total": 2500}
    assert (row["transaction_type"], row["status"], row["total"]) == ("refund", "refunded", 2500)
    assert row["meta"] == {"parent_id": 129237, "reason": ""}
    assert row["vendor_charge_id"].startswith("re_")


def test_a_refund_recalculates_the_customer(client: TestClient) -> None:
    refund(client, 1001, {"transaction_id": 129237, "amount": 10000})

    customers = client.get("/_sandbox/state").json()["fluentcart"]["customers"]
    jane = next(customer for customer in customers if customer["id"] == 11)
    # 1002 4900, 1004 7500 of 10000, 1006 2900, 1008 6000, 1011 1900, 1012 3900, 1014 2900; 1001 is refunded
    assert (jane["purchase_count"], jane["ltv"], jane["aov"]) == (7, 30000, "4285.71")
    assert (jane["first_purchase_date"], jane["last_purchase_date"]) == ("2026-10-06 09:00:00", "2026-11-12 09:00:00")


@pytest.mark.parametrize(
    ("order_id", "charge", "amount", "gateway"),
    [
        (1002, 5002, 4900, ("success", "Refund processed on Stripe")),
        (1003, 5003, 1000, ("success", "Refund processed on Paypal")),
        (1004, 5004, 7500, ("success", "Refund processed on Stripe")),
        (1005, 5006, 100, ("failed", f"{FAILED} Offline_payment: Refund process is not implemented for this payment gateway.")),
        (1008, 5009, 100, ("failed", f"{FAILED} Stripe: Your card was declined.")),
        (1013, 5015, 500000, ("success", "Refund processed on Stripe")),
        (1015, 5017, 7500, ("success", "Refund processed manually. source: Bank transfer")),
    ],
)
def test_an_order_is_refunded_with_the_outcome_of_its_gateway(
    order_id: int, charge: int, amount: int, gateway: tuple[str, str], client: TestClient
) -> None:
    before = order(client, order_id)["total_refund"]

    reply = refund(client, order_id, {"transaction_id": charge, "amount": amount})

    assert reply.status_code == 200
    assert tuple(reply.json()["gateway_refund"].values()) == gateway
    assert order(client, order_id)["total_refund"] == before + amount


@pytest.mark.parametrize(
    ("order_id", "charge", "status", "body"),
    [
        (1009, 5010, 422, {"message": "Refund amount exceeds the maximum refundable amount for this transaction."}),
        (1010, 5012, 422, {"message": "Refund amount exceeds the net paid amount for this order."}),
        (1011, 5013, 400, {"message": "Order can not be refunded."}),
    ],
)
def test_an_order_that_cannot_be_refunded_does_not_change(
    order_id: int, charge: int, status: int, body: Any, client: TestClient
) -> None:
    before = order(client, order_id)

    reply = refund(client, order_id, {"transaction_id": charge, "amount": 1})

    assert (reply.status_code, reply.json()) == (status, body)
    assert order(client, order_id) == before


@pytest.mark.parametrize(
    ("order_id", "charge", "owner", "cancel", "after"),
    [
        (1006, 5007, 1006, ("success", "Subscription cancelled successfully"), "canceled"),
        (1007, 5008, 1007, ("failed", "An unknown error occurred at Stripe."), "active"),
        (1014, 5016, 1006, ("success", "Subscription cancelled successfully"), "canceled"),
    ],
)
def test_a_subscription_is_cancelled_or_its_gateway_refuses(
    order_id: int, charge: int, owner: int, cancel: tuple[str, str], after: str, client: TestClient
) -> None:
    reply = refund(client, order_id, {"transaction_id": charge, "amount": 2900, "cancelSubscription": "true"})

    assert tuple(reply.json()["subscription_cancel"].values()) == cancel
    assert order(client, owner)["subscriptions"][0]["status"] == after


def test_the_rest_of_a_partial_refund_is_allocated_to_the_items(client: TestClient) -> None:
    refund(client, 1004, {"transaction_id": 5004, "amount": 7500})

    after = order(client, 1004)
    assert after["payment_status"] == "refunded"
    assert [item["refund_total"] for item in after["items"]] == [6000, 2500, 1500]
