"""The two operations, and the webhook `refund.created`."""

from collections.abc import Iterator
from typing import Any

from acme_refunds.lifecycle import AcmeContext, Refusal
from acme_refunds.records import CHARGES, ENDPOINTS, REFUNDS, Charge, Endpoint, Refund
from msgspec.structs import replace

from refund_sandbox.core.api import Operation
from refund_sandbox.core.clock import write_instant
from refund_sandbox.core.context import Reply, UnitOfWork
from refund_sandbox.core.record_schema import read, write
from refund_sandbox.core.webhooks.outbox import Event, Target
from refund_sandbox.stores.protocol import ReadTransaction, Transaction


def find_charge(context: AcmeContext) -> Charge:
    """Return the charge of the path, locked until the transaction ends."""
    charge = context.transaction.get(CHARGES, context.params["charge_id"], for_update=True)
    if charge is None:
        raise Refusal(404, "no_charge", "There is no such charge.")
    return charge


def create_refund(context: AcmeContext, charge: Charge) -> Reply:
    """POST /charges/{charge_id}/refunds: book a refund. A fault at the gateway makes it fail."""
    amount, left = context.document["amount"], charge.amount - charge.refunded
    if amount > left:
        raise Refusal(409, "too_much", f"At most {left} can be refunded.")
    status = "failed" if (fault := context.claim_fault("gateway")) and fault.is_refusal else "succeeded"
    reason, at = context.document.get("reason", ""), write_instant(context.now)
    refund = Refund(f"re_{context.ids.hex(12)}", charge.id, amount, status, reason, at)
    context.transaction.put(REFUNDS, refund)
    if status == "succeeded":
        context.transaction.put(CHARGES, replace(charge, refunded=charge.refunded + amount))
        context.emit(refund)
    return Reply(describe(refund), 201)


def get_charge(context: AcmeContext) -> Reply:
    """GET /charges/{charge_id}."""
    charge = find_charge(context)
    fields = {name: getattr(charge, name) for name in ("id", "amount", "currency", "refunded")}
    return Reply({**fields, "refunds": [describe(one) for one in context.transaction.where(REFUNDS, "charge", charge.id)]})


def describe(refund: Refund) -> dict[str, Any]:
    return {name: getattr(refund, name) for name in ("id", "charge", "amount", "status")}


def build_events(work: UnitOfWork) -> Iterator[Event]:
    for refund in work.drafts:
        yield Event(work.ids.uuid(), "refund.created", "", describe(refund))


def targets(transaction: ReadTransaction, _event: Event) -> list[Target]:
    return [Target(endpoint.url, {"Content-Type": "application/json"}) for endpoint in transaction.all(ENDPOINTS)]


def build_draft(work: UnitOfWork, _topic: str, order_id: str) -> Refund | None:
    return next(iter(work.transaction.where(REFUNDS, "charge", order_id)), None)


def list_targets(transaction: ReadTransaction) -> list[dict[str, Any]]:
    return [write(endpoint) for endpoint in transaction.all(ENDPOINTS)]


def replace_targets(transaction: Transaction, documents: Any) -> None:
    transaction.clear(ENDPOINTS)
    for document in documents:
        transaction.put(ENDPOINTS, read(Endpoint, document))


OPERATIONS = {
    "getCharge": Operation(get_charge, reads_only=True),
    "createRefund": Operation(create_refund, locate=find_charge, phases=("gateway",)),
}
URL_FIELD, SECRET_FIELD, RULES = "url", None, "Deliveries are not signed, and retried on failure."
TOPICS = {"refund.created": "A refund succeeds."}
