"""State that the workspaces start with, refunds of it, and the refunds that a state document holds."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.bench.chaos import CHANCE

ORDERS = 30
"""Orders of each API in a workspace."""
PAID = 100
"""Amount of an order in minor units. A refund is of 1 to 9, so that every order is refunded up to its amount."""
_FUNNELFOX, _FLUENTCART = "funnelfox", "fluentcart"
APIS = (_FUNNELFOX, _FLUENTCART)


class Refund(NamedTuple):
    """A refund request: path in the workspace and body. `name` is unique and stored with the refund."""

    name: str
    path: str
    body: Mapping[str, Any]


class Booked(NamedTuple):
    """Refunds of a state: how often each name is booked, the ids of FunnelFox's refunds, and what is wrong with orders."""

    names: Mapping[str, int]
    ids: frozenset[str]
    mistakes: tuple[str, ...]


def document(hook: str | None) -> dict[str, Any]:
    """Return the state document. FunnelFox notifies the URL `hook`."""
    webhooks = [{"url": hook}] if hook else []
    org = {"id": "your-org-id", "keys": [{"key": "sandbox-secret-key", "group": "admin"}], "webhooks": webhooks}
    return {
        "settings": {"webhooks": {"retries": 100, "first_retry": "1s", "longest_retry": "2s", "timeout": "5s"}},
        _FUNNELFOX: {"orgs": [org], "orders": [_funnelfox_order(number) for number in range(ORDERS)]},
        _FLUENTCART: {"orders": [_fluentcart_order(number + 1) for number in range(ORDERS)]},
    }


def refund(api: str, name: str) -> Refund:
    """Return a refund of any order."""
    amount, number = CHANCE.randint(1, 9), CHANCE.randrange(ORDERS)
    if api == _FUNNELFOX:
        body = {"external_id": "user", "order_id": _order_id(number), "amount": f"0.0{amount}", "comment": name}
        return Refund(name, "/your-org-id/v1/payment/refund", body)
    info = {"transaction_id": number + 1, "amount": amount, "reason": name}
    return Refund(name, f"/wp-json/fluent-cart/v2/orders/{number + 1}/refund", {"refund_info": info})


def booked(state: Mapping[str, Any]) -> Booked:
    """Return the refunds of a state document."""
    names: dict[str, int] = {}
    ids, mistakes = set(), []
    for order in state[_FUNNELFOX]["orders"]:
        rows = [row for row in order["transactions"] if row["psp_transaction_type"] == "REFUND"]
        ids |= {row["trx_id"] for row in rows}
        for row in rows:
            names[row["comment"]] = names.get(row["comment"], 0) + 1
        if sum(round(float(row["amount"]) * 100) for row in rows) > PAID:
            mistakes.append(f"{order['order_id']}: more refunded than paid")
    for order in state[_FLUENTCART]["orders"]:
        rows = [row for row in order["transactions"] if row["transaction_type"] == "refund"]
        for row in rows:
            names[row["meta"]["reason"]] = names.get(row["meta"]["reason"], 0) + 1
        total = sum(row["total"] for row in rows)
        if total > PAID:
            mistakes.append(f"{order['id']}: more refunded than paid")
        if total != order["total_refund"]:
            mistakes.append(f"{order['id']}: the rows sum up to {total}, the order says {order['total_refund']}")
    return Booked(names, frozenset(ids), tuple(mistakes))


def _order_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def _funnelfox_order(number: int) -> dict[str, Any]:
    return {"order_id": _order_id(number), "external_id": "user", "amount": f"{PAID / 100:.2f}"}


def _fluentcart_order(number: int) -> dict[str, Any]:
    charge = {"id": number, "total": PAID, "vendor_charge_id": f"pi_ok_{number}"}
    return {"id": number, "total_amount": PAID, "total_paid": PAID, "transactions": [charge]}
