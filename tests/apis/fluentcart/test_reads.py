"""Reads compared with recordings of a running 1.3.25 (group 11), and reads after refunds."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.conformance.replay import shape_difference
from tests.support.fluentcart_calls import AUTH, BASE, call, load, paid, refund
from tests.support.recorded_shop import LIVE, READS, load_shop, read, refund_as_recorded

VIEWER = ("viewer", "view VIEW 1234 view VIEW 5678")


SERVED = [pytest.param(case, id=case["id"]) for case in READS if case["request"]["method"] == "GET"]


@pytest.mark.parametrize("case", SERVED)
def test_a_recorded_read_has_the_recorded_status_keys_and_types(
    case: dict[str, Any], sandbox: SandboxApp, client: TestClient
) -> None:
    load_shop(sandbox, LIVE)
    if case["name"].startswith("AFTER"):
        refund_as_recorded(client)

    reply = client.get(case["request"]["path"], auth=AUTH)

    assert reply.status_code == case["expect"]["status"]
    assert shape_difference(case["expect"]["body"], reply.json()) is None


def test_a_refund_follows_its_charge_and_changes_the_totals(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid())
    refund(client, 1, {"transaction_id": 10, "amount": 2500, "reason": "damaged"})

    order = read(client, "/orders/1")["order"]

    charge, row = order["transactions"]
    assert (charge["id"], charge["status"], charge["refundable"]) == (10, "succeeded", 7500)
    assert charge["meta"] == {"refunded_total": 2500}
    assert (row["transaction_type"], row["status"], row["total"]) == ("refund", "refunded", "2500")
    assert row["meta"] == {"parent_id": 10, "reason": "damaged"}
    assert row["url"] == f"https://dashboard.stripe.com/refunds/{row['vendor_charge_id']}"
    assert (order["total_paid"], order["total_refund"]) == ("10000", "2500")
    assert order["payment_status"] == "partially_refunded"
    assert order["refunded_at"] is None


def test_the_log_of_an_order_is_sorted_newest_first(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(payment_method="offline_payment"))
    refund(client, 1, {"transaction_id": 10, "amount": 2500})

    entries = read(client, "/orders/1")["order"]["activities"]

    assert [entry["title"] for entry in entries] == ["Refund failed on Offline_payment", "Order Refund"]
    assert entries[0]["user"] == {"ID": 1, "display_name": "admin", "user_email": "admin@example.test"}


def test_a_refund_changes_the_statistics_of_the_customer(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(), paid(2))
    refund(client, 1, {"transaction_id": 10, "amount": 2500})
    refund(client, 2, {"transaction_id": 20, "amount": 10000})

    customer = read(client, "/customers/7")["customer"]

    assert (customer["purchase_count"], customer["ltv"], customer["aov"]) == ("1", "7500", "7500.00")


def test_a_renewal_shows_the_subscriptions_of_its_first_order(sandbox: SandboxApp, client: TestClient) -> None:
    load_shop(sandbox)

    renewal = read(client, "/orders/1008")["order"]
    first = read(client, "/orders/1004")["order"]

    assert [one["id"] for one in renewal["subscriptions"]] == [301]
    assert (renewal["parent_order"]["id"], renewal["parent_order"]["subscriptions"][0]["id"]) == (1004, 301)
    assert [(child["id"], child["parent_id"]) for child in first["children"]] == [(1008, "1004")]


def test_a_cancelled_subscription_shows_its_log(sandbox: SandboxApp, client: TestClient) -> None:
    load_shop(sandbox)
    refund(client, 1004, {"transaction_id": 5004, "amount": 2900, "cancelSubscription": True})

    subscription = read(client, "/subscriptions/301")["subscription"]

    assert subscription["status"] == subscription["overridden_status"] == "canceled"
    assert subscription["config"]["cancellation_reason"] == "refunded"
    assert [entry["title"] for entry in subscription["activities"]] == ["Subscription Canceled"]
    assert [order["id"] for order in subscription["related_orders"]] == [1008, 1004]


def test_names_and_prices_are_formatted(sandbox: SandboxApp, client: TestClient) -> None:
    load_shop(sandbox)

    order = read(client, "/orders/1004")["order"]

    assert order["customer"]["formatted_address"]["country"] == "United States (US)"
    assert order["billing_address"]["formatted_address"]["full_address"] == "Springfield, California, United States (US)"
    assert order["subscriptions"][0]["payment_info"] == "&#36;29.00 per month until cancel"
    assert order["order_items"][0]["variants"]["formatted_total"] == "&#36;29.00"


@pytest.mark.parametrize(
    ("charge", "url"),
    [
        ({"vendor_charge_id": "pi_1"}, "https://dashboard.stripe.com/payments/pi_1"),
        ({"vendor_charge_id": ""}, "https://dashboard.stripe.com/payments/"),
        ({"vendor_charge_id": "CAP1", "payment_method": "paypal"}, "https://www.sandbox.paypal.com/activity/payment/CAP1"),
        (
            {"vendor_charge_id": "CAP1", "payment_method": "paypal", "payment_mode": "live"},
            "https://www.paypal.com/activity/payment/CAP1",
        ),
        ({"vendor_charge_id": "x", "payment_method": "offline_payment"}, ""),
    ],
)
def test_a_transaction_links_to_the_dashboard_of_its_gateway(
    charge: dict[str, Any], url: str, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, paid(transactions=[{"id": 10, "total": 10000, **charge}]))

    assert read(client, "/orders/1")["order"]["transactions"][0]["url"] == url


SIMULATED = {"status": "trialing", "config": {"is_trial_days_simulated": "yes"}}


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"bill_times": 12, "recurring_total": 2900}, ("&#36;29.00 per month, for 12 month", "active", "sub_1")),
        (
            {"billing_interval": "half_yearly", "recurring_total": 100},
            ("&#36;1.00 per six month until cancel", "active", "sub_1"),
        ),
        ({"billing_interval": "every_2-weeks"}, ("&#36;0.00 per Every 2 Weeks until cancel", "active", "sub_1")),
        ({"status": "trialing", "vendor_subscription_id": ""}, ("&#36;0.00 per month until cancel", "trialing", "")),
        (SIMULATED, ("&#36;0.00 per month until cancel", "active", "sub_1")),
    ],
)
@pytest.mark.parametrize("version", ["1.3.25", "1.6.5"])
def test_a_subscription_shows_its_bills_its_status_and_its_url(
    version: str, changes: dict[str, Any], shown: tuple[str, str, str], sandbox: SandboxApp, client: TestClient
) -> None:
    plan = {"id": 301, "current_payment_method": "stripe", "vendor_subscription_id": "sub_1", **changes}
    load(sandbox, paid(subscriptions=[plan]), settings={"fluentcart": {"version": version}})

    (row,) = read(client, "/orders/1")["order"]["subscriptions"]

    page = "https://dashboard.stripe.com/subscriptions/"
    assert (row["payment_info"], row["overridden_status"], row["url"]) == (*shown[:2], f"{page}{shown[2]}")


@pytest.mark.parametrize(("info", "is_custom"), [({}, False), ({"is_custom": True}, True), ({"is_custom": "true"}, "true")])
def test_an_item_says_itself_whether_it_is_custom(info: Any, is_custom: Any, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(items=[{"id": 100, "object_id": "0", "line_total": 10000, "other_info": info}]))

    assert read(client, "/orders/1")["order"]["order_items"][0]["is_custom"] == is_custom


@pytest.mark.parametrize(
    ("changes", "can_send"),
    [
        ({"payment_status": "pending", "total_paid": 0}, True),
        ({"payment_status": "failed", "total_paid": 0}, True),
        ({"payment_status": "partially_paid", "total_paid": 9999}, True),
        ({"payment_status": "pending", "total_paid": 10000}, False),
        ({"payment_status": "authorized", "total_paid": 0}, False),
    ],
)
def test_an_order_with_something_left_to_pay_can_be_reminded(
    changes: dict[str, Any], can_send: bool, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, paid(**changes))

    assert read(client, "/orders/1")["can_send_payment_reminder"] is can_send


def test_a_subscription_shows_its_labels(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(subscriptions=[{"id": 301}]), labels=[{"id": 4, "value": "vip"}])
    selection = {"bind_to_type": "Subscription", "bind_to_id": 301, "selectedLabels": [4]}
    call(client, "POST", "/labels/update-label-selections", selection)

    body = read(client, "/subscriptions/301")

    assert body["selected_labels"] == [4]
    assert [row["label_id"] for row in body["subscription"]["labels"]] == [4]


def test_an_order_without_customer_has_no_address(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(customer_id=None))

    order = read(client, "/orders/1")["order"]

    assert (order["customer"], order["billing_address"], order["order_addresses"]) == (None, None, [])


def test_a_subscription_without_its_order_can_be_read(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, subscriptions=[{"id": 5, "parent_order_id": 99, "current_payment_method": "offline_payment"}])

    subscription = read(client, "/subscriptions/5")["subscription"]

    assert (subscription["order"], subscription["customer"], subscription["related_orders"]) == (None, None, [])
    assert (subscription["url"], subscription["currency"]) == ("", "USD")


@pytest.mark.parametrize(
    ("path", "message", "route"),
    [
        ("/orders/99999", "Order not found", "/orders"),
        ("/orders/99999/transactions", "Order not found", "/orders"),
        ("/orders/abc/transactions", "Order not found", "/orders"),
        ("/orders/99999999999999999999", "Order not found", "/orders"),
        ("/subscriptions/99999", "Subscription not found", "/subscriptions"),
        ("/subscriptions/abc", "Subscription not found", "/subscriptions"),
        ("/customers/99999", "Customer not found", "/customers"),
    ],
)
def test_the_404_of_a_read_has_the_route_back(
    path: str, message: str, route: str, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, paid())

    reply = client.get(f"{BASE}{path}", auth=AUTH)

    assert reply.status_code == 404
    assert reply.json()["code"] == "fluent_cart_entity_not_found"
    assert (reply.json()["data"]["message"], reply.json()["data"]["route"]) == (message, route)


def test_a_customer_id_that_is_not_a_number_is_refused(client: TestClient) -> None:
    reply = client.get(f"{BASE}/customers/abc", auth=AUTH)

    assert (reply.status_code, reply.json()) == (422, {"message": "You are not authorized to view this customer"})


def test_order_0_of_an_empty_shop_is_not_found(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox)

    assert client.get(f"{BASE}/orders/0", auth=AUTH).status_code == 404


@pytest.mark.parametrize(
    ("version", "path", "status"),
    [
        ("1.3.25", "/orders/1/transactions/20", 200),
        ("1.3.25", "/orders/1/transactions/abc", 200),
        ("1.6.2", "/orders/1/transactions/10", 200),
        ("1.6.2", "/orders/1/transactions/20", 404),
        ("1.6.2", "/orders/1/transactions/abc", 404),
    ],
)
def test_since_1_6_1_a_transaction_must_belong_to_the_order(
    version: str, path: str, status: int, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, paid(), paid(2), settings={"fluentcart": {"version": version}})

    assert client.get(f"{BASE}{path}", auth=AUTH).status_code == status


@pytest.mark.parametrize(("version", "tax", "has_refundable"), [("1.3.25", "0", False), ("1.6.2", 0, True)])
def test_newer_versions_have_refundable_and_a_numeric_tax_behavior(
    version: str, tax: Any, has_refundable: bool, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, paid(), settings={"fluentcart": {"version": version}})

    order = read(client, "/orders/1")["order"]

    assert order["tax_behavior"] == tax
    assert ("refundable" in order["transactions"][0]) is has_refundable


@pytest.mark.parametrize("path", ["/orders", "/orders/1", "/orders/1/transactions", "/subscriptions", "/customers/7"])
def test_head_gets_the_reply_to_get_without_a_body(path: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid())

    reply = client.head(f"{BASE}{path}", auth=AUTH)

    assert (reply.status_code, reply.content) == (200, b"")
    assert reply.headers["Allow"] == client.get(f"{BASE}{path}", auth=AUTH).headers["Allow"]


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/orders", "GET, POST"),
        ("/orders/1", "GET, POST, DELETE"),
        ("/orders/1/transactions", "GET"),
        ("/customers", "GET, POST"),
        ("/customers/7", "GET"),
        ("/customers/abc", "PUT, GET"),
        ("/customers/7/address", "GET, PUT, POST, DELETE"),
    ],
)
def test_allow_names_the_methods_that_are_served(path: str, allow: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid())

    assert client.get(f"{BASE}{path}", auth=AUTH).headers["Allow"] == allow
    assert client.options(f"{BASE}{path}").json()["methods"] == allow.split(", ")


def test_a_user_with_orders_view_can_only_view_orders(sandbox: SandboxApp, client: TestClient) -> None:
    login, password = VIEWER
    load(sandbox, paid(), users=[{"login": login, "application_password": password, "permissions": ["orders/view"]}])

    seen = client.get(f"{BASE}/orders/1", auth=VIEWER)

    assert (seen.status_code, seen.headers["Allow"]) == (200, "GET")
    assert client.get(f"{BASE}/subscriptions", auth=VIEWER).status_code == 403
    assert client.get(f"{BASE}/customers", auth=VIEWER).status_code == 403


def test_a_path_without_parameters_has_its_url(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, site={"url": "https://shop.example"})

    links = client.options(f"{BASE}/orders").json()["_links"]

    assert links == {"self": [{"href": f"https://shop.example{BASE}/orders"}]}
