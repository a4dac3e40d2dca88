"""The two operations."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from acme_refunds.lifecycle import AcmeContext, Fault
from acme_refunds.records import CHARGES, REFUNDS, Charge, Refund
from refund_sandbox.core.api import Operation
from refund_sandbox.core.clock import write_instant
from refund_sandbox.core.context import Reply
from refund_sandbox.stores.protocol import ReadTransaction


def find_charge(context: AcmeContext) -> Charge:
    """Return the charge of the path, locked until the refund is booked. An unknown one is refused before the body is checked."""
    charge = context.transaction.get(CHARGES, context.params["charge_id"], for_update=True)
    if charge is None:
        raise Fault(404, "no_charge", "There is no such charge.")
    return charge


def create_refund(context: AcmeContext, charge: Charge) -> Reply:
    """POST /charges/{charge_id}/refunds: book a refund. A fault at the gateway lets it fail."""
    amount = context.document["amount"]
    if amount > charge.refundable:
        raise Fault(409, "too_much", f"{charge.refundable} of the charge can be refunded.")
    fault = context.claim_fault("gateway")
    failed = fault is not None and fault.is_refusal
    refund = Refund(
        f"re_{context.ids.hex(12)}", charge.id, amount, "failed" if failed else "succeeded",
        context.document.get("reason", ""), write_instant(context.now),
    )  # fmt: skip
    context.transaction.put(REFUNDS, refund)
    if not failed:
        context.transaction.put(CHARGES, replace(charge, refunded=charge.refunded + amount))
        context.emit(refund)
    return Reply(describe(refund), 201)


def get_charge(context: AcmeContext) -> Reply:
    """GET /charges/{charge_id}."""
    charge = find_charge(context)
    fields = {"id": charge.id, "amount": charge.amount, "currency": charge.currency, "refunded": charge.refunded}
    return Reply({**fields, "refunds": [describe(one) for one in refunds_of(context.transaction, charge)]})


def refunds_of(transaction: ReadTransaction, charge: Charge) -> list[Refund]:
    return transaction.where(REFUNDS, "charge", charge.id)


def describe(refund: Refund) -> dict[str, Any]:
    return {"id": refund.id, "charge": refund.charge, "amount": refund.amount, "status": refund.status}


OPERATIONS: Mapping[str, Operation] = {
    "getCharge": Operation(get_charge, reads_only=True),
    "createRefund": Operation(create_refund, locate=find_charge),
}
