"""Complete orders from a few fields, for tests: the missing fields follow from the given ones."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from refund_sandbox.apis.fluentcart.records import CUSTOMERS, ITEMS, ORDERS, SUBSCRIPTIONS, TRANSACTIONS
from refund_sandbox.apis.fluentcart.state_loading import SCHEMA
from refund_sandbox.core.errors import BadDocument, Problem
from refund_sandbox.core.validation.validator import Validator
from refund_sandbox.core.validation.violation import bad_document
from refund_sandbox.stores.protocol import RecordType

Document = Mapping[str, Any]
NextId = Callable[[RecordType[Any]], int]

_DEFAULT_PAID = 10000
"""Default of `paid` in minor units."""
_AMOUNT = {"type": "integer", "format": "minor-units", "minimum": 0, "maximum": 10**15}
_SHORTHANDS: Mapping[str, Any] = {
    "paid": {**_AMOUNT, "description": "Paid amount in minor units; 0 for an unpaid order."},
    "refunded": {**_AMOUNT, "description": "Refunded amount in minor units."},
    "subscription": {
        "type": ["boolean", "object"],
        "description": "Whether the order started a subscription, or the subscription's fields.",
    },
}
_TOTALS = ("total_amount", "total_paid", "total_refund")
_CHILDREN: Mapping[str, RecordType[Any]] = {"transactions": TRANSACTIONS, "items": ITEMS, "subscriptions": SUBSCRIPTIONS}
_GATEWAYS = {"stripe": "pi_ok_", "paypal": "CAPOK"}
"""Prefixes of charge ids that the gateway refunds successfully."""


def complete(document: Document, next_id: NextId, now: str) -> dict[str, Any]:
    """Return a whole order of the state document from any subset of its fields.

    The shorthands `paid`, `refunded` and `subscription` set the fields that follow from them. Given fields do not change;
    `now` is the time of the payment.

    Raises BadDocument with every violation.
    """
    violations = _validator().violations(document)
    if violations:
        raise bad_document(violations)
    fields = {name: value for name, value in document.items() if name not in _SHORTHANDS}
    paid, refunded = _paid(document), _refunded(document)
    if refunded > paid:
        raise BadDocument([Problem("/refunded", f"must be at most the amount paid, {paid}")])
    order = {**_defaults(paid, refunded), "completed_at": now if paid else None, **fields}
    order["id"] = int(order["id"]) if "id" in order else next_id(ORDERS)  # JSON may write it as 1.0
    order.setdefault("customer_id", next_id(CUSTOMERS))
    if document.get("subscription"):
        order.setdefault("type", "subscription")
        order.setdefault("subscriptions", [_subscription(order, document["subscription"], paid)])
    order.setdefault("transactions", _transactions(order, paid, refunded))
    order.setdefault("items", [_item(order, paid, refunded)])
    for name, record_type in _CHILDREN.items():
        order[name] = [
            {**child, "id": int(child["id"]) if "id" in child else next_id(record_type)} for child in order.get(name, [])
        ]
    return _link(order)


@cache
def _validator() -> Validator:
    order = SCHEMA["properties"]["orders"]["items"]
    properties = dict(order["properties"])
    for name in _TOTALS:
        properties[name] = {**properties[name], "format": "minor-units"}
    for name in _CHILDREN:
        properties[name] = {"type": "array", "items": {**properties[name]["items"], "required": []}}
    return Validator({**order, "required": [], "properties": {**properties, **_SHORTHANDS}})


def _paid(document: Document) -> int:
    """Return the paid amount in minor units, from the first given field that determines it."""
    charges = [row for row in document.get("transactions", []) if row.get("transaction_type", "charge") != "refund"]
    charged = sum(row.get("total", 0) for row in charges if row.get("status", "succeeded") == "succeeded")
    amounts = (document.get("paid"), document.get("total_paid"), charged or None, document.get("total_amount"))
    return next((int(amount) for amount in amounts if amount is not None), _DEFAULT_PAID)


def _refunded(document: Document) -> int:
    """Return the refunded amount in minor units, from the first given field that determines it."""
    rows = [row for row in document.get("transactions", []) if row.get("transaction_type") == "refund"]
    amounts = (document.get("refunded"), document.get("total_refund"), sum(row.get("total", 0) for row in rows))
    return next(int(amount) for amount in amounts if amount is not None)


def _defaults(paid: int, refunded: int) -> dict[str, Any]:
    totals = {
        "total_amount": paid or _DEFAULT_PAID,
        "subtotal": paid or _DEFAULT_PAID,
        "total_paid": paid,
        "total_refund": refunded,
    }
    if not paid:
        return {**totals, "status": "on-hold", "payment_status": "pending"}
    status = "paid" if not refunded else "refunded" if refunded >= paid else "partially_refunded"
    return {**totals, "payment_status": status}


def _transactions(order: Document, paid: int, refunded: int) -> list[dict[str, Any]]:
    """Return one charge, and one refund of the refunded amount."""
    method = order.get("payment_method", "stripe")
    charge: dict[str, Any] = {"total": paid or order["total_amount"], "status": "succeeded" if paid else "pending"}
    if method in _GATEWAYS:
        charge |= {"vendor_charge_id": f"{_GATEWAYS[method]}{order['id']}"}
    if method == "stripe":
        charge |= {"payment_method_type": "card", "card_brand": "visa", "card_last_4": 4242}
    if not refunded:
        return [charge]
    return [charge, {"transaction_type": "refund", "status": "refunded", "total": refunded}]


def _item(order: Document, paid: int, refunded: int) -> dict[str, Any]:
    price = paid or order["total_amount"]
    payment_type = "subscription" if order.get("subscriptions") else "onetime"
    item = {"title": "Sandbox item", "post_title": "Sandbox item", "payment_type": payment_type, "refund_total": refunded}
    return {**item, "unit_price": price, "subtotal": price, "line_total": price}


def _subscription(order: Document, shorthand: Any, paid: int) -> dict[str, Any]:
    price = paid or order["total_amount"]
    fields = shorthand if isinstance(shorthand, Mapping) else {}
    return {
        "current_payment_method": order.get("payment_method", "stripe"),
        "vendor_subscription_id": f"sub_ok_{order['id']}",
        "item_name": "Sandbox item",
        "recurring_amount": price,
        "recurring_total": price,
        "bill_count": 1,
        **fields,
    }


def _link(order: dict[str, Any]) -> dict[str, Any]:
    """Set the subscription and the refunded amount of charges, and the charge of refunds."""
    first = next(iter(order["subscriptions"]), None)
    refunds = [row for row in order["transactions"] if row.get("transaction_type") == "refund"]
    charges = [row for row in order["transactions"] if row not in refunds]
    for row in charges:
        if first:
            row.setdefault("subscription_id", first["id"])
    if charges and refunds:
        refunded = sum(row.get("total", 0) for row in refunds if row.get("status") == "refunded")
        charges[0].setdefault("meta", {"refunded_total": refunded})
        for row in refunds:
            row.setdefault("meta", {"parent_id": charges[0]["id"], "reason": ""})
    return order
