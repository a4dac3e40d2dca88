"""The rules of what a shop's owner does to an order beside refunding it: records in, records out, or a named refusal.

Recorded in group 14. What no recording shows follows the plugin's source, 1.3.25 and 1.6.3; Assumed: in this part 1.6.2 is
as 1.6.3, which came two days later and whose changelog does not name it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from refund_sandbox.apis.fluentcart import errors, php
from refund_sandbox.apis.fluentcart.records import Order, Subscription, Transaction
from refund_sandbox.frozen import frozen, replace
from refund_sandbox.settings import Version

_ORDER_STATUSES = ("on-hold", "processing", "completed", "canceled")
_SHIPPING_STATUSES = ("unshipped", "shipped", "delivered", "unshippable")
_CHARGE_STATUSES = ("pending", "succeeded", "authorized", "failed", "refunded")
_PAID = ("paid", "partially_refunded", "partially_paid")

# What an `action` changes: the column, the values it may get, and what the log calls it.
_CHANGES = {
    "change_order_status": ("status", _ORDER_STATUSES, "Order status"),
    "change_shipping_status": ("shipping_status", _SHIPPING_STATUSES, "Shipping status"),
}

Log = list[tuple[str, str]]
"""Titles and contents for the log of the order, oldest first."""


@frozen
class Payment:
    """A payment that somebody says was made outside of the shop."""

    method: str
    vendor_charge_id: str
    transaction_type: str
    note: str


def check_payable(order: Order) -> int:
    """What is due, in minor units. Raises a refusal when nothing is; also a refunded order was paid (14-002, 14-006, 14-010)."""
    due = order.total_amount - order.total_paid
    if due <= 0:
        raise errors.refused("Order has already been paid", 423)
    if order.status == "canceled":
        raise errors.refused("Unable to mark paid for canceled order", 423)
    return due


def find_pending(charges: Iterable[Transaction], version: Version) -> Transaction | None:
    """The pending charge that a payment settles: an offline one (14-007), since 1.6 any that no gateway knows."""
    pending = (charge for charge in charges if charge.status == "pending")
    if version == "1.3.25":
        return next((charge for charge in pending if charge.payment_method == "offline_payment"), None)
    return next((charge for charge in pending if not charge.vendor_charge_id), None)


def settle(charge: Transaction, order: Order, payment: Payment, due: int, version: Version) -> Transaction:
    """The charge as paid. 1.3.25 also takes over the type that was sent, an empty one too (facts §10)."""
    kind = payment.transaction_type if version == "1.3.25" else charge.transaction_type
    return replace(
        charge,
        total=due,
        status="succeeded",
        payment_method=payment.method,
        payment_method_type=payment.method,
        vendor_charge_id=payment.vendor_charge_id,
        payment_mode=order.mode,
        order_type=order.type,
        transaction_type=kind,
        currency=order.currency,
    )


def mark_paid(order: Order, payment: Payment, version: Version, now: str) -> tuple[Order, Log]:
    """The order as paid in full, on its way to completed; since 1.6 an empty note does not wipe the old one."""
    keeps_note = version != "1.3.25" and not payment.note
    status = order.payment_status if order.payment_status == "partially_refunded" else "paid"
    note = order.note if keeps_note else payment.note
    paid = replace(order, note=note, payment_status=status, total_paid=order.total_amount, updated_at=now)
    return _advance(paid, now)


def _advance(order: Order, now: str, *, refunded: bool = False) -> tuple[Order, Log]:
    """The order in processing, and completed at once when it is digital and nothing was refunded (14-007, 14-052)."""
    logged = [_status_line(order, "processing")]
    order = replace(order, status="processing")
    if order.fulfillment_type == "digital" and not refunded:
        logged.append(_status_line(order, "completed"))
        order = replace(order, status="completed", completed_at=now)
    return order, logged


def _status_line(order: Order, status: str) -> tuple[str, str]:
    """The line of a change of status; for one that changes nothing the plugin writes an empty line (read in its source)."""
    if order.status == status:
        return "", ""
    return "Order status updated", f"Order status has been updated from {order.status} to {status}"


def number(order: Order, last: Order | None) -> Order:
    """The order with a receipt and an invoice number, if it has none yet; `last` is the one with the highest receipt number."""
    if order.receipt_number:
        return order
    receipt = 1 + max(0, last.receipt_number or 0 if last else 0)
    return replace(order, receipt_number=receipt, invoice_no=f"INV-{receipt}")


def change_status(order: Order, action: Any, statuses: Any, now: str) -> tuple[Order, Log]:
    """The order with the status that `action` and `statuses` ask for (14-032 to 14-036)."""
    column, allowed, name = _CHANGES.get(action, ("", (), "")) if isinstance(action, str) else ("", (), "")
    wanted = statuses.get(column if column != "status" else "order_status") if isinstance(statuses, Mapping) else None
    if not column or wanted is None:
        raise errors.status_refused("Failed to update status")
    if wanted not in allowed:
        raise errors.status_refused("Provided status is not valid")
    before = getattr(order, column)
    if wanted == before:
        raise errors.status_refused("Order already has the same status")
    if column == "status" and before == "canceled":
        raise errors.status_refused("You cannot change the order status once it has been canceled.")
    changes: dict[str, Any] = {column: wanted, "updated_at": now}
    if wanted == "completed":
        changes["completed_at"] = now
    changed = replace(order, **changes)
    return changed, [(f"{name} updated", f"{name} has been updated from {before} to {wanted}")]


def sync(order: Order, charges: Sequence[Transaction], now: str) -> tuple[Order, Log]:
    """The order with its totals and statuses made to follow its transactions (14-041 to 14-046).

    A charge that was refunded in full still counts as paid, so that the order is never fully refunded by this.
    """
    if not charges:
        raise errors.no_transaction()
    paid = sum(charge.total for charge in charges if charge.status in ("succeeded", "authorized"))
    refunded = sum(charge.total for charge in charges if charge.status == "refunded")
    status = order.payment_status
    if order.total_amount <= paid - refunded:
        status = "paid"
    elif refunded:
        status = "partially_refunded"
    synced = replace(order, payment_status=status, total_paid=paid, total_refund=refunded, updated_at=now)
    if status != "paid" or order.status in ("completed", "processing"):
        return synced, []
    return _advance(synced, now, refunded=refunded > 0)


def check_charge_status(order: Order | None, charge: Transaction, wanted: Any, version: Version) -> None:
    """Raises a refusal for a status that the transaction has, that is none, or that is meant for another order's.

    1.3.25 takes any value for a status (14-020 to 14-022). Assumed: in 1.6.2 a succeeded one can't be changed, as in 1.6.3.
    """
    if version != "1.3.25" and wanted not in _CHARGE_STATUSES:
        raise errors.refused("Provided transaction status is not valid")
    if _loosely_same(charge.status, wanted):
        raise errors.refused("Transaction already has the same status", reload=True)
    if order is None or charge.order_id != order.id:
        raise errors.refused("The selected transaction does not match with the provided order")
    if version != "1.3.25" and charge.status == "succeeded":
        raise errors.refused("A succeeded transaction cannot be changed here. Use the refund action to return the payment.")


def _loosely_same(text: str, value: Any) -> bool:
    """PHP's `==` between a text and anything."""
    if value is None:
        return text == ""
    if isinstance(value, bool):
        return php.is_empty(text) != value
    if isinstance(value, php.ARRAY):
        return False
    return text == php.to_text(value)


def check_syncable(order: Order | None, charge: Transaction) -> None:
    """Raises a refusal for a transaction that no gateway can be asked about (read in the source of 1.6.3)."""
    if order is None or charge.order_id != order.id:
        raise errors.refused("The selected transaction does not match with the provided order")
    if charge.transaction_type != "charge":
        raise errors.refused("Only charge transactions can be synced from the payment gateway.")
    if charge.status != "pending":
        raise errors.refused("Only pending transactions can be synced from the payment gateway.")
    if not charge.vendor_charge_id:
        raise errors.refused("This transaction has no gateway charge ID to sync against.")
    if charge.payment_method not in ("stripe", "paypal"):
        raise errors.refused("This payment method does not support remote transaction sync")


def follow_charge(order: Order, wanted: Any, now: str) -> Order:
    """The order with a transaction's new status as its payment status, whatever word that is (14-017 to 14-023)."""
    status = php.to_text(wanted)
    if status == order.payment_status:
        return order
    refunded_at = now if status == "refunded" else order.refunded_at
    return replace(order, payment_status=status, refunded_at=refunded_at, updated_at=now)


def count_refund_rows(order: Order, charges: Iterable[Transaction]) -> Order:
    """The order with the sum of its refund rows counted anew."""
    return replace(order, refund_rows=sum(row.total for row in charges if row.is_refund))


def check_disputed(charge: Transaction) -> None:
    """Raises a refusal for a transaction that is no dispute (14-048), or whose gateway has no way to settle one."""
    if charge.transaction_type != "dispute":
        raise errors.refused("The selected transaction is not a dispute")
    if charge.payment_method not in ("stripe", "paypal"):
        raise errors.refused("This payment method does not support remote dispute management")


def lose_dispute(charge: Transaction, order: Order, note: str, now: str) -> tuple[Transaction, Order]:
    """The transaction as lost, and its order without that money. Read in the source, not recorded."""
    meta = charge.meta if isinstance(charge.meta, Mapping) else {}
    noted = {"dispute_note": note} if note else {}
    lost = {**meta, "is_dispute_actionable": False, "is_charge_refundable": False, **noted}
    left = order.total_paid - charge.total
    status = "partially_paid" if left > 0 else "failed"
    order = replace(order, total_paid=max(0, left), payment_status=status, updated_at=now)
    return replace(charge, status="dispute_lost", meta=lost, updated_at=now), order


def check_deletable(order: Order, subscriptions: Iterable[Subscription]) -> None:
    """Raises a refusal for a live order that is not cancelled or on hold (14-058), is paid, or has a running subscription."""
    if order.mode == "test":
        return
    if order.status not in ("canceled", "on-hold"):
        raise errors.undeletable(order.id, order.invoice_no, f"due to its current order status: {order.status}")
    if order.payment_status in _PAID and order.total_amount:
        raise errors.undeletable(order.id, order.invoice_no, f"due to its current payment status: {order.payment_status}")
    first = next(iter(subscriptions), None)
    if order.type == "subscription" and first and first.status == "active":
        raise errors.undeletable(order.id, order.invoice_no, "as it has an active subscription")


def deleted_together(wanted: Sequence[int], failed: Sequence[int]) -> dict[str, Any]:
    """The answer to the deletion of several orders; a refusal when none of them could be. Read in the source."""
    deleted = [order_id for order_id in wanted if order_id not in failed]
    which = (
        f"The order ID - {' , '.join(map(str, failed))} cannot be deleted at the moment as these orders status is not canceled."
    )
    if not deleted:
        raise errors.status_refused(which)
    rest = f"{which} And remaining order and its associated data have been deleted"
    data = {
        "deleted_order_ids": deleted,
        "deleted_count": len(deleted),
        "failed_order_ids": list(failed),
        "failed_count": len(failed),
    }
    return {"message": rest if failed else "Selected order and associated data have been deleted", "data": data}
