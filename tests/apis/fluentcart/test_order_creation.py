"""Orders created by hand: as recorded, refused, and then paid and refunded."""

from copy import deepcopy
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.conformance.replay import shape_difference
from tests.support.fluentcart_calls import AUTH, BASE, load, order, refund
from tests.support.recorded_actions import JANE, LIVE, RECORDED, replay
from tests.support.recorded_shop import read

EBOOK = {"object_id": 203, "post_id": 102, "quantity": 2, "unit_price": 4000, "other_info": {"payment_type": "onetime"}}
PLAN = {"object_id": 204, "unit_price": 2900, "other_info": {"payment_type": "subscription", "repeat_interval": "yearly"}}
PRODUCTS = [
    {"ID": 102, "post_title": "Ebook", "fulfillment_type": "digital", "variants": [{"id": 203, "title": "Ebook", "price": 4000}]},
    {
        "ID": 103,
        "post_title": "Pro Plan",
        "fulfillment_type": "digital",
        "variants": [{"id": 204, "title": "Monthly", "price": 2900, "payment_type": "subscription"}],
    },
]
V1325 = {"fluentcart": {"version": "1.3.25"}}


def create(client: TestClient, *items: dict[str, Any], customer: Any = 11, **more: Any) -> Response:
    """POST /orders as the administrator."""
    return client.post(f"{BASE}/orders", json={"customer_id": customer, "order_items": list(items), **more}, auth=AUTH)


def load_customer(sandbox: SandboxApp, settings: dict[str, Any] | None = None) -> None:
    """Load a state with one customer, two products and no order."""
    load(sandbox, settings=settings, customers=[JANE], products=PRODUCTS)


def test_the_recorded_order_is_created_and_reads_as_recorded(sandbox: SandboxApp, client: TestClient) -> None:
    load_customer(sandbox, LIVE)

    reply = replay(client, RECORDED["14-049"])

    body = reply.json()
    assert (reply.status_code, body["message"]) == (200, RECORDED["14-049"]["expect"]["body"]["message"])
    assert list(body) == list(RECORDED["14-049"]["expect"]["body"])
    shown, want = read(client, f"/orders/{body['order_id']}"), deepcopy(RECORDED["14-050"]["expect"]["body"])
    want["order"]["order_items"][0]["variants"] = None  # of another shop's product
    assert shape_difference(want, shown) is None
    for name in ("status", "payment_status", "payment_method", "subtotal", "total_amount", "total_paid", "config", "type"):
        assert shown["order"][name] == want["order"][name], name
    line, recorded = shown["order"]["order_items"][0], want["order"]["order_items"][0]
    for name in ("post_title", "title", "quantity", "unit_price", "subtotal", "line_total", "payment_type", "object_id"):
        assert line[name] == recorded[name], name
    assert shown["order"]["activities"][0]["content"] == want["order"]["activities"][0]["content"]


@pytest.mark.parametrize("version", ["1.3.25", "1.6.2"])
def test_an_order_created_by_hand_can_be_paid_and_refunded(version: str, sandbox: SandboxApp, client: TestClient) -> None:
    load_customer(sandbox, {"fluentcart": {"version": version}})
    order_id = create(client, EBOOK).json()["order_id"]
    charge = order(client, order_id)["transactions"][0]["id"]
    by_hand = {"payment_method": "stripe", "vendor_charge_id": "pi_ok_1", "transaction_type": "charge"}

    assert refund(client, order_id, {"transaction_id": charge, "amount": 10}).status_code == 422
    assert client.post(f"{BASE}/orders/{order_id}/mark-as-paid", json=by_hand, auth=AUTH).status_code == 200

    charge = order(client, order_id)["transactions"][-1]["id"] if version == "1.3.25" else charge
    amount = 80 if version == "1.3.25" else 8000
    assert refund(client, order_id, {"transaction_id": charge, "amount": amount}).status_code == 200
    assert order(client, order_id)["payment_status"] == "refunded"


def test_discounts_are_allocated_and_shipping_is_added(sandbox: SandboxApp, client: TestClient) -> None:
    load_customer(sandbox)
    desk = {"object_id": 201, "unit_price": 6000, "fulfillment_type": "physical", "discount_total": 500}

    reply = create(client, desk, EBOOK, discount={"type": "amount", "value": 10.02}, shipping_total=700, user_tz="UTC")

    after = order(client, reply.json()["order_id"])
    assert [(item["discount_total"], item["line_total"]) for item in after["items"]] == [(930, 5070), (572, 7428)]
    assert (after["manual_discount_total"], after["coupon_discount_total"], after["shipping_total"]) == (1002, 500, 700)
    assert (after["subtotal"], after["total_amount"]) == (14000, 13198)
    assert (after["fulfillment_type"], after["shipping_status"], after["config"]) == ("physical", "unshipped", {"user_tz": "UTC"})
    assert [(row["status"], row["total"]) for row in after["transactions"]] == [("pending", 13198)]


def test_an_unknown_product_has_the_titles_of_the_request(sandbox: SandboxApp, client: TestClient) -> None:
    load_customer(sandbox)

    reply = create(client, {"object_id": 999, "unit_price": 1, "title": "Blue", "post_title": "Pen"})

    (item,) = order(client, reply.json()["order_id"])["items"]
    assert (item["post_title"], item["title"], item["quantity"], item["payment_type"]) == ("Pen", "Blue", 1, "default")


def test_since_1_6_a_subscription_can_be_created_by_hand(sandbox: SandboxApp, client: TestClient) -> None:
    load_customer(sandbox)

    order_id = create(client, PLAN).json()["order_id"]

    after = order(client, order_id)
    (subscription,) = after["subscriptions"]
    assert after["type"] == "subscription"
    assert (subscription["status"], subscription["billing_interval"], subscription["recurring_total"]) == (
        "intended",
        "yearly",
        2900,
    )
    assert (subscription["item_name"], subscription["product_id"]) == ("Pro Plan - Monthly", 103)
    assert after["transactions"][0]["subscription_id"] == subscription["id"]


@pytest.mark.parametrize(
    ("version", "line", "message"),
    [
        ("1.3.25", PLAN, "Subscription order with Manual Order is not supported yet!"),
        ("1.3.25", {**EBOOK, "payment_type": "subscription"}, "Subscription order with Manual Order is not supported yet!"),
        ("1.6.2", {**PLAN, "payment_type": "onetime"}, "Subscription product cannot be placed as a one time item."),
        ("1.6.2", {**PLAN, "other_info": {}}, "Subscription product must be placed as a subscription item."),
        ("1.6.2", {**EBOOK, "payment_type": "subscription"}, "One time product cannot be placed as a subscription item."),
    ],
)
def test_an_item_that_cannot_be_ordered_by_hand(
    version: str, line: dict[str, Any], message: str, sandbox: SandboxApp, client: TestClient
) -> None:
    load_customer(sandbox, {"fluentcart": {"version": version}})

    reply = create(client, line)

    assert (reply.status_code, reply.json()) == (400, {"message": message})
    assert sandbox.workspace.dump()["fluentcart"]["orders"] == []


NUMERIC = {"numeric": "The customer_id must be a number."}
MIN = {"min": "The order_items.0.quantity must be at least 1."}
MAX = {"maxLength": "The currency must not be greater than 10 characters."}
REQUIRED = {
    "customer_id": {"required": "Customer selection is required"},
    "order_items": {"required": "Item selection is required"},
}


@pytest.mark.parametrize(
    ("document", "fields"),
    [
        ({}, REQUIRED),
        ({"customer_id": "", "order_items": []}, {**REQUIRED, "customer_id": {**REQUIRED["customer_id"], **NUMERIC}}),
        ({"customer_id": 11, "order_items": [{"quantity": 0}]}, {"order_items.0.quantity": MIN}),
        ({"customer_id": 11, "order_items": [{"id": 1}], "currency": "x" * 11}, {"currency": MAX}),
        ({"customer_id": 11}, {"order_items": REQUIRED["order_items"]}),
        ({"customer_id": 11, "order_items": "x"}, {"order_items": {"array": "The order_items must be an array."}}),
        ({"customer_id": 11, "order_items": [5]}, {"order_items": {"array": "The order_items must be an array."}}),
        (
            {"customer_id": 11, "order_items": [{"unit_price": 10**15, "quantity": 2}]},
            {"order_items": {"max": "The order_items must not be above 1000000000000000."}},
        ),
    ],
)
def test_missing_fields_are_listed(document: Any, fields: Any, sandbox: SandboxApp, client: TestClient) -> None:
    load_customer(sandbox, LIVE)

    reply = client.post(f"{BASE}/orders", json=document, auth=AUTH)

    assert (reply.status_code, reply.json()) == (422, fields)


def test_strict_validation_lists_missing_fields_with_the_same_messages(sandbox: SandboxApp, client: TestClient) -> None:
    load_customer(sandbox)

    reply = client.post(f"{BASE}/orders", json={}, auth=AUTH)

    assert (reply.status_code, reply.json()) == (422, REQUIRED)


def test_an_order_for_an_unknown_customer_is_refused(sandbox: SandboxApp, client: TestClient) -> None:
    load_customer(sandbox)

    reply = create(client, EBOOK, customer=999)

    assert (reply.status_code, reply.json()["message"]) == (
        404,
        "No query results for model [FluentCart\\App\\Models\\Customer] 999",
    )


@pytest.mark.parametrize(
    "odd",
    [
        {"quantity": "2.9", "unit_price": " 12", "object_id": "1e3", "other_info": []},
        {"quantity": 10**30, "unit_price": 0, "cost": -(10**30), "object_id": 10**30},
        {"quantity": 1, "unit_price": -5, "discount_total": -5, "title": None},
    ],
)
def test_odd_values_are_converted_as_in_php(odd: dict[str, Any], sandbox: SandboxApp, client: TestClient) -> None:
    load_customer(sandbox, LIVE)

    reply = create(client, odd, discount={"value": "1e400"}, shipping_total="1e3")

    assert reply.status_code == 200, reply.text
    assert order(client, reply.json()["order_id"])["total_amount"] >= 0


@pytest.mark.parametrize(
    ("odd", "names"),
    [
        ({"quantity": "x", "unit_price": "12abc", "object_id": [1]}, ["object_id", "quantity", "unit_price"]),
        ({"quantity": -1, "other_info": "no"}, ["quantity", "other_info"]),
    ],
)
def test_values_that_the_plugin_cannot_read_are_named(
    odd: dict[str, Any], names: list[str], sandbox: SandboxApp, client: TestClient
) -> None:
    load_customer(sandbox, LIVE)

    reply = create(client, odd)

    assert (reply.status_code, list(reply.json())) == (422, [f"order_items.0.{name}" for name in names])
