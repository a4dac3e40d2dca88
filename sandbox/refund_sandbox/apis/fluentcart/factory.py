"""Makes a whole order of whatever a test states about one: the rest follows from it."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from refund_sandbox.apis.fluentcart.records import CUSTOMERS, ITEMS, ORDERS, SUBSCRIPTIONS, TRANSACTIONS
from refund_sandbox.apis.fluentcart.state import SCHEMA
from refund_sandbox.core.errors import BadDocument, Problem
from refund_sandbox.core.validation.validator import Validator
from refund_sandbox.stores.protocol import RecordType

Document = Mapping[str, Any]
NextId = Callable[[RecordType[Any]], int]

_PAID = 10000
"""What an order brought when nothing else is said, in minor units."""
_AMOUNT = {"type": "integer", "minimum": 0, "maximum": 10**15}
_SHORTHANDS: Mapping[str, Any] = {
    "paid": {**_AMOUNT, "description": "What was paid, in minor units; 0 is an order that waits for its payment."},
    "refunded": {**_AMOUNT, "description": "What of it was refunded already."},
    "subscription": {"type": ["boolean", "object"], "description": "Whether it began a subscription, or that one's fields."},
}
_CHILDREN: Mapping[str, RecordType[Any]] = {"transactions": TRANSACTIONS, "items": ITEMS, "subscriptions": SUBSCRIPTIONS}
_GATEWAYS = {"stripe": "pi_ok_", "paypal": "CAPOK"}
"""How a charge id begins that the gateway refunds without objection."""


def complete(document: Document, next_id: NextId, now: str) -> dict[str, Any]:
    """A whole order, as in the state document, of any subset of its fields.

    The shorthands `paid`, `refunded` and `subscription` stand for what follows from them. What is stated stays as it is
    stated; `now` dates the payment.

    Raises BadDocument, listing everything that makes no sense.
    """
    violations = _validator().violations(document)
    if violations:
        raise BadDocument([Problem(violation.pointer, violation.message) for violation in violations])
    given = {name: value for name, value in document.items() if name not in _SHORTHANDS}
    paid, refunded = _paid(document), _refunded(document)
    if refunded > paid:
        raise BadDocument([Problem("/refunded", f"is more than the {paid} that were paid")])
    order = {**_defaults(paid, refunded), "completed_at": now if paid else None, **given}
    order.setdefault("id", next_id(ORDERS))
    order.setdefault("customer_id", next_id(CUSTOMERS))
    if document.get("subscription"):
        order.setdefault("type", "subscription")
        order.setdefault("subscriptions", [_subscription(order, document["subscription"], paid)])
    order.setdefault("transactions", _transactions(order, paid, refunded))
    order.setdefault("items", [_item(order, paid, refunded)])
    for name, kind in _CHILDREN.items():
        order[name] = [{**child, "id": child["id"] if "id" in child else next_id(kind)} for child in order.get(name, [])]
    return _linked(order)


@cache
def _validator() -> Validator:
    order = SCHEMA["properties"]["orders"]["items"]
    properties = dict(order["properties"])
    for name in _CHILDREN:
        properties[name] = {"type": "array", "items": {**properties[name]["items"], "required": []}}
    return Validator({**order, "required": [], "properties": {**properties, **_SHORTHANDS}})


def _paid(document: Document) -> int:
    """What was paid, by what is stated of it; in minor units."""
    charges = [row for row in document.get("transactions", []) if row.get("transaction_type", "charge") != "refund"]
    charged = sum(row.get("total", 0) for row in charges if row.get("status", "succeeded") == "succeeded")
    stated = (document.get("paid"), document.get("total_paid"), charged or None, document.get("total_amount"))
    return next((int(amount) for amount in stated if amount is not None), _PAID)


def _refunded(document: Document) -> int:
    """What was refunded, by what is stated of it; in minor units."""
    rows = [row for row in document.get("transactions", []) if row.get("transaction_type") == "refund"]
    stated = (document.get("refunded"), document.get("total_refund"), sum(row.get("total", 0) for row in rows))
    return next(int(amount) for amount in stated if amount is not None)


def _defaults(paid: int, refunded: int) -> dict[str, Any]:
    totals = {"total_amount": paid or _PAID, "subtotal": paid or _PAID, "total_paid": paid, "total_refund": refunded}
    if not paid:
        return {**totals, "status": "on-hold", "payment_status": "pending"}
    status = "paid" if not refunded else "refunded" if refunded >= paid else "partially_refunded"
    return {**totals, "payment_status": status}


def _transactions(order: Document, paid: int, refunded: int) -> list[dict[str, Any]]:
    """One charge, and the refund of what was refunded."""
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
    kind = "subscription" if order.get("subscriptions") else "onetime"
    item = {"title": "Sandbox item", "post_title": "Sandbox item", "payment_type": kind, "refund_total": refunded}
    return {**item, "unit_price": price, "subtotal": price, "line_total": price}


def _subscription(order: Document, stated: Any, paid: int) -> dict[str, Any]:
    price = paid or order["total_amount"]
    wanted = stated if isinstance(stated, Mapping) else {}
    return {
        "current_payment_method": order.get("payment_method", "stripe"),
        "vendor_subscription_id": f"sub_ok_{order['id']}",
        "item_name": "Sandbox item",
        "recurring_amount": price,
        "recurring_total": price,
        "bill_count": 1,
        **wanted,
    }


def _linked(order: dict[str, Any]) -> dict[str, Any]:
    """Charges know their subscription and what was refunded of them, refunds their charge."""
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
