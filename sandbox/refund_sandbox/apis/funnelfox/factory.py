"""Makes a whole order of whatever a test states about one: the rest follows from it."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from refund_sandbox.apis.funnelfox.state import SCHEMA
from refund_sandbox.core.errors import BadDocument, Problem
from refund_sandbox.core.ids import Ids
from refund_sandbox.core.validation.validator import Validator

Document = Mapping[str, Any]

_AMOUNT = "9.99"
"""What an order brought when nothing else is said, in major units."""
_MONEY = {"type": "string", "pattern": r"^[0-9]{1,15}(\.[0-9]{1,4})?$"}
_SHORTHANDS: Mapping[str, Any] = {
    "paid": {**_MONEY, "description": "The same as amount."},
    "refunded": {**_MONEY, "description": "What of it was refunded already, in major units."},
    "subscription": {"type": "boolean", "description": "Whether it paid for a subscription; else for a one-off."},
}


def complete(document: Document, ids: Ids) -> dict[str, Any]:
    """A whole order, as in the state document, of any subset of its fields.

    The shorthands `paid`, `refunded` and `subscription` stand for what follows from them. What is stated stays as it is
    stated.

    Raises BadDocument, listing everything that makes no sense.
    """
    violations = _validator().violations(document)
    if violations:
        raise BadDocument([Problem(violation.pointer, violation.message) for violation in violations])
    amount, refunded = document.get("paid", _AMOUNT), document.get("refunded")
    order = {"amount": amount, **{name: value for name, value in document.items() if name not in _SHORTHANDS}}
    if refunded is not None and Decimal(refunded) > Decimal(order["amount"]):
        raise BadDocument([Problem("/refunded", f"is more than the {order['amount']} that were paid")])
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
    order = SCHEMA["properties"]["orders"]["items"]
    return Validator({**order, "required": [], "properties": {**order["properties"], **_SHORTHANDS}})
