"""Completion of a partial order document for the order factory."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from refund_sandbox.apis.funnelfox.state_entries import ORDER_LIST
from refund_sandbox.core.errors import BadDocument, Problem
from refund_sandbox.core.ids import Ids
from refund_sandbox.core.validation.validator import Validator
from refund_sandbox.core.validation.violation import bad_document

Document = Mapping[str, Any]

_DEFAULT_AMOUNT = "9.99"
"""Amount of an order without one, in major units."""
_AMOUNT_SCHEMA = {"type": "string", "format": "major-units"}
_SHORTHANDS: Mapping[str, Any] = {
    "paid": {**_AMOUNT_SCHEMA, "description": "The same as amount."},
    "refunded": {**_AMOUNT_SCHEMA, "description": "Refunded amount, in major units."},
    "subscription": {"type": "boolean", "description": "true for an order of a subscription, false for a one-off."},
}


def complete(document: Document, ids: Ids) -> dict[str, Any]:
    """Return a complete order, in the state document's form, from any subset of its fields.

    The shorthands `paid`, `refunded` and `subscription` expand to the fields that follow from them. Other fields of the
    document stay unchanged. Raise BadDocument that lists every problem.
    """
    violations = _validator().violations(document)
    if violations:
        raise bad_document(violations)
    amount, refunded = document.get("paid", _DEFAULT_AMOUNT), document.get("refunded")
    order = {"amount": amount, **{name: value for name, value in document.items() if name not in _SHORTHANDS}}
    if refunded is not None and Decimal(refunded) > Decimal(order["amount"]):
        raise BadDocument([Problem("/refunded", f"must be at most the amount paid, {order['amount']}")])
    order.setdefault("order_id", ids.uuid())
    order.setdefault("external_id", f"user_{ids.hex(8)}")
    if "subs_id" not in order and "oneoff_id" not in order:
        order["subs_id" if document.get("subscription") else "oneoff_id"] = ids.uuid()
    if refunded is not None and Decimal(refunded):
        refund = {"psp_transaction_type": "REFUND", "psp_status": "SETTLED", "amount": refunded}
        order.setdefault("transactions", [refund])
    return order


@cache
def _validator() -> Validator:
    order = ORDER_LIST["items"]
    return Validator({**order, "required": [], "properties": {**order["properties"], **_SHORTHANDS}})
