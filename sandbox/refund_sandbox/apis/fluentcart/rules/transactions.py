"""Rules of a transaction: its status, its sync with the gateway, and disputes. Records in, records out, or a refusal raised.

Recorded in groups 14 and 22. Behaviour without a recording follows the plugin's source.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart import errors, gateways, php
from refund_sandbox.apis.fluentcart.records import Order, Transaction
from refund_sandbox.apis.fluentcart.versions import Rules

_STATUSES = ("pending", "succeeded", "authorized", "failed", "refunded")


def check_status(order: Order | None, charge: Transaction, status: Any, rules: Rules) -> None:
    """Raise a refusal for an invalid or unchanged status, and for a transaction of another order.

    Before 1.4.0 any value is a status (14-020 to 14-022).
    """
    if rules.checked_statuses and status not in _STATUSES:
        raise errors.refused("Provided transaction status is not valid")
    if php.equals(charge.status, status):
        raise errors.refused("Transaction already has the same status", reload=True)
    if order is None or charge.order_id != order.id:
        raise errors.refused("The selected transaction does not match with the provided order")
    if rules.final_success and charge.status == "succeeded":
        raise errors.refused("A succeeded transaction cannot be changed here. Use the refund action to return the payment.")


def check_syncable(order: Order | None, charge: Transaction) -> None:
    """Raise a refusal for a transaction that cannot be synced with a gateway (read in the source)."""
    if order is None or charge.order_id != order.id:
        raise errors.refused("The selected transaction does not match with the provided order")
    if charge.transaction_type != "charge":
        raise errors.refused("Only charge transactions can be synced from the payment gateway.")
    if charge.status != "pending":
        raise errors.refused("Only pending transactions can be synced from the payment gateway.")
    if not charge.vendor_charge_id:
        raise errors.refused("This transaction has no gateway charge ID to sync against.")
    if charge.payment_method not in gateways.REMOTE:
        raise errors.refused("This payment method does not support remote transaction sync")


def succeed(charge: Transaction, rules: Rules, now: str, **changes: Any) -> Transaction:
    """Return the transaction with status succeeded, and since 1.6.2 with the time of its payment, unless it has one."""
    if rules.settled_at and charge.status != "succeeded":
        meta = charge.meta if isinstance(charge.meta, Mapping) else {}
        changes["meta"] = meta if meta.get("settled_at") else {**meta, "settled_at": now}
    return replace(charge, status="succeeded", **changes)


def copy_status_to_order(order: Order, status: Any, now: str) -> Order:
    """Return the order with the transaction's new status as payment status, whatever the text is (14-017 to 14-023)."""
    payment_status = php.to_text(status)
    if payment_status == order.payment_status:
        return order
    refunded_at = now if payment_status == "refunded" else order.refunded_at
    return replace(order, payment_status=payment_status, refunded_at=refunded_at, updated_at=now)


def recalculate_refund_rows(order: Order, transactions: Iterable[Transaction]) -> Order:
    """Return the order with the current sum of its refund rows."""
    return replace(order, refund_rows=sum(row.total for row in transactions if row.is_refund))


def check_disputed(charge: Transaction) -> None:
    """Raise a refusal for a transaction that is not a dispute (14-048) or whose gateway cannot settle one."""
    if charge.transaction_type != "dispute":
        raise errors.refused("The selected transaction is not a dispute")
    if charge.payment_method not in gateways.REMOTE:
        raise errors.refused("This payment method does not support remote dispute management")


def lose_dispute(charge: Transaction, order: Order, note: str, now: str) -> tuple[Transaction, Order]:
    """Return the transaction as lost and the order without its amount. Read in the source, not recorded."""
    meta = charge.meta if isinstance(charge.meta, Mapping) else {}
    note_field = {"dispute_note": note} if note else {}
    meta = {**meta, "is_dispute_actionable": False, "is_charge_refundable": False, **note_field}
    total_paid = order.total_paid - charge.total
    status = "partially_paid" if total_paid > 0 else "failed"
    order = replace(order, total_paid=max(0, total_paid), payment_status=status, updated_at=now)
    return replace(charge, status="dispute_lost", meta=meta, updated_at=now), order
