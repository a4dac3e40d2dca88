"""State of the shop that the reads of group 11 were recorded from: 14 orders, 3 customers, 2 subscriptions."""

import json
from typing import Any

from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.fluentcart_calls import AUTH, BASE, load, refund
from tests.support.paths import RECORDINGS

LIVE = {"validation": "live", "fluentcart": {"version": "1.3.25"}}
READS: list[dict[str, Any]] = json.loads((RECORDINGS / "11_reads.json").read_text())

_DAY = "2026-11-21 19:00:20"
_TITLES = {"offline_payment": "Cash", "stripe": "Card", "paypal": "PayPal"}
_ADDRESS = {"country": "US", "city": "Springfield", "state": "CA", "postcode": "90001", "created_at": _DAY, "updated_at": _DAY}
_PURCHASE_DATES = {"first_purchase_date": _DAY, "last_purchase_date": _DAY}
_CUSTOMERS = (
    (11, "jane", "Jane", "Doe", 6, 21033, "3505.50"),
    (12, "john", "John", "Smith", 3, 14900, "4966.67"),
    (13, "zoe", "Zoë", "Ünal", 3, 7777, "2592.33"),
)
# Id, customer, total, payment method, receipt number. _OVERRIDES has the fields that differ from the defaults.
_ORDERS = (
    (1001, 11, 10000, "offline_payment", 1),
    (1002, 12, 12345, "stripe", 2),
    (1003, 13, 5000, "paypal", 3),
    (1004, 11, 2900, "stripe", 4),
    (1005, 11, 10000, "stripe", None),
    (1006, 11, 10000, "stripe", None),
    (1007, 11, 2900, "paypal", 5),
    (1008, 11, 2900, "stripe", 6),
    (1009, 11, 1000, "offline_payment", 7),
    (1010, 12, 1111, "offline_payment", 8),
    (1011, 13, 1222, "offline_payment", 9),
    (1012, 11, 1333, "offline_payment", 10),
    (1013, 12, 1444, "offline_payment", 11),
    (1014, 13, 1555, "offline_payment", 12),
)
_PLAN = {"payment_type": "subscription", "post_title": "Pro Plan", "title": "Monthly", "object_id": "204", "post_id": 103}
_EBOOK = {"payment_type": "onetime", "post_title": "Ebook", "title": "Ebook", "object_id": "203", "post_id": 102}
_DESK = {"payment_type": "onetime", "post_title": "Walnut Desk", "title": "Small", "object_id": "201", "post_id": 101}
_OVERRIDES: dict[int, dict[str, Any]] = {
    1001: {"status": "processing", "fulfillment_type": "physical", "shipping_status": "unshipped", "completed_at": None},
    1004: {"type": "subscription"},
    1005: {"status": "on-hold", "payment_status": "pending", "total_paid": 0, "completed_at": None, "invoice_no": ""},
    1006: {"status": "failed", "payment_status": "failed", "total_paid": 0, "completed_at": None, "invoice_no": ""},
    1007: {"type": "subscription"},
    1008: {"type": "renewal", "parent_id": 1004},
    1014: {"status": "canceled", "completed_at": None},
}
_SUBSCRIPTIONS: dict[int, dict[str, Any]] = {
    1004: {
        "id": 301,
        "vendor_subscription_id": "sub_ok_1",
        "vendor_customer_id": "cus_golden",
        "current_payment_method": "stripe",
    },
    1007: {
        "id": 302,
        "vendor_subscription_id": "I-OK1",
        "current_payment_method": "paypal",
        "status": "canceled",
        "canceled_at": "2026-01-02 03:04:05",
    },
}
_MONTHLY = {
    "vendor_plan_id": "",
    "product_id": 103,
    "variation_id": 204,
    "item_name": "Pro Plan - Monthly",
    "recurring_amount": 2900,
    "recurring_total": 2900,
    "bill_count": 1,
    "next_billing_date": "2026-12-21 19:00:20",
    "config": {"is_trial_days_simulated": "no", "currency": "USD"},
}


def _customer(number: int, login: str, first: str, last: str, count: int, value: int, average: str) -> dict[str, Any]:
    figures = {"purchase_count": count, "ltv": value, "aov": average}
    name = {"email": f"{login}@example.test", "first_name": first, "last_name": last}
    return {"id": number, **name, **figures, **_ADDRESS, **_PURCHASE_DATES}


def _order(order_id: int, customer_id: int, total: int, method: str, receipt: int | None) -> dict[str, Any]:
    subscription = _SUBSCRIPTIONS.get(order_id)
    return {
        "id": order_id,
        "customer_id": customer_id,
        "receipt_number": receipt,
        "invoice_no": f"INV-{receipt}",
        "payment_method": method,
        "payment_method_title": _TITLES[method],
        "subtotal": total,
        "total_amount": total,
        "total_paid": total,
        "ip_address": "127.0.0.1",
        "config": {"user_tz": "UTC", "create_account_after_paid": "no"},
        "created_at": _DAY,
        "completed_at": _DAY,
        **_OVERRIDES.get(order_id, {}),
        "transactions": [_charge(order_id, total, method)],
        "items": _items(order_id, total),
        "subscriptions": [{**_MONTHLY, **subscription}] if subscription else [],
    }


def _charge(order_id: int, total: int, method: str) -> dict[str, Any]:
    card: dict[str, Any] = {
        "card_last_4": 4242,
        "card_brand": "visa",
        "payment_method_type": "card",
        "vendor_charge_id": f"pi_ok_{order_id}",
    }
    vendor = {"stripe": card, "paypal": {"vendor_charge_id": f"CAPOK{order_id}"}}.get(method, {})
    subscription = {1004: 301, 1007: 302, 1008: 301}.get(order_id, 0)
    status = {1005: "pending", 1006: "failed"}.get(order_id, "succeeded")
    return {"id": order_id + 4000, "total": total, "status": status, "subscription_id": subscription, **vendor}


def _items(order_id: int, total: int) -> list[dict[str, Any]]:
    if order_id == 1001:
        return [_item(7001, 6000, _DESK), _item(7002, 4000, _EBOOK)]
    return [_item(order_id + 6001, total, _PLAN if order_id in _SUBSCRIPTIONS else _EBOOK)]


def _item(item_id: int, price: int, product: dict[str, Any]) -> dict[str, Any]:
    plan = {"repeat_interval": "monthly", "times": 0, "trial_days": 0, "manage_setup_fee": "no", "signup_fee": 0}
    info = {"payment_type": product["payment_type"], **(plan if product is _PLAN else {})}
    prices = dict.fromkeys(("unit_price", "subtotal", "line_total"), price)
    return {"id": item_id, **product, **prices, "other_info": info}


def load_shop(sandbox: SandboxApp, settings: dict[str, Any] | None = None) -> None:
    """Load the shop as it was before any refund."""
    stock = [{"id": 201, "available": 100}, *[{"id": number, "available": 100, "manage_stock": False} for number in (203, 204)]]
    customers = [_customer(*row) for row in _CUSTOMERS]
    load(sandbox, *[_order(*row) for row in _ORDERS], settings=settings, customers=customers, variations=stock)


def refund_as_recorded(client: TestClient) -> None:
    """Make the refunds that precede the last recorded reads (11-137 to 11-141)."""
    for order_id, amount, more in (
        (1001, 25.5, {"reason": "damaged"}),
        (1001, 10, {}),
        (1002, 123.45, {}),
        (1003, 20, {}),
        (1004, 29, {"cancelSubscription": True}),
    ):
        info = {"transaction_id": order_id + 4000, "amount": amount, **more}
        assert refund(client, order_id, info).status_code == 200


def read(client: TestClient, path: str) -> Any:
    """Return the body of a GET as the administrator."""
    return client.get(f"{BASE}{path}", auth=AUTH).json()
