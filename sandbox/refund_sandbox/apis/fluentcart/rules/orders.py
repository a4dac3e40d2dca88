"""Rules of an order: payment by hand, statuses, deletion. Records in, records out, or a refusal raised.

Recorded in group 14. Behaviour without a recording follows the plugin's source.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from refund_sandbox.apis.fluentcart import errors, php
from refund_sandbox.apis.fluentcart.errors import PluginCrash
from refund_sandbox.apis.fluentcart.records import Order, Subscription, Transaction
from refund_sandbox.apis.fluentcart.rules import transactions
from refund_sandbox.apis.fluentcart.versions import Rules

_ORDER_STATUSES = ("on-hold", "processing", "completed", "canceled")
_SHIPPING_STATUSES = ("unshipped", "shipped", "delivered", "unshippable")
_PAID = ("paid", "partially_refunded", "partially_paid")

# `action` -> the column that it changes, the allowed values, and the column's name in the log.
_STATUS_ACTIONS = {
    "change_order_status": ("status", _ORDER_STATUSES, "Order status"),
    "change_shipping_status": ("shipping_status", _SHIPPING_STATUSES, "Shipping status"),
}

LogEntries = list[tuple[str, str]]
"""Titles and contents of entries for the order's log, oldest first."""


class Payment(Struct, frozen=True):
    """A payment made outside the shop and recorded by hand."""

    method: str
    vendor_charge_id: str
    transaction_type: str
    note: str


def check_payable(order: Order) -> int:
    """Return the amount due in minor units, or raise a refusal. A refunded order counts as paid (14-002, 14-006, 14-010)."""
    due = order.total_amount - order.total_paid
    if due <= 0:
        raise errors.refused("Order has already been paid", 423)
    if order.status == "canceled":
        raise errors.refused("Unable to mark paid for canceled order", 423)
    return due


def find_pending(charges: Iterable[Transaction], rules: Rules) -> Transaction | None:
    """Return the pending charge that a payment settles: an offline charge (14-007), since 1.6 any without a vendor id."""
    pending = (charge for charge in charges if charge.status == "pending")
    if not rules.store_billing:
        return next((charge for charge in pending if charge.payment_method == "offline_payment"), None)
    return next((charge for charge in pending if not charge.vendor_charge_id), None)


def settle(charge: Transaction, order: Order, payment: Payment, due: int, rules: Rules, now: str) -> Transaction:
    """Return the charge as paid. Before 1.6.0 also with the requested type, even an empty one (facts §10)."""
    transaction_type = charge.transaction_type if rules.store_billing else payment.transaction_type
    return transactions.succeed(
        charge,
        rules,
        now,
        total=due,
        payment_method=payment.method,
        payment_method_type=payment.method,
        vendor_charge_id=payment.vendor_charge_id,
        payment_mode=order.mode,
        order_type=order.type,
        transaction_type=transaction_type,
        currency=order.currency,
    )


def mark_paid(order: Order, payment: Payment, rules: Rules, now: str) -> tuple[Order, LogEntries]:
    """Return the order as paid in full and in processing. Since 1.6 an empty note does not replace the old one."""
    keep_note = rules.store_billing and not payment.note
    status = order.payment_status if order.payment_status == "partially_refunded" else "paid"
    note = order.note if keep_note else payment.note
    paid = replace(order, note=note, payment_status=status, total_paid=order.total_amount, updated_at=now)
    return _advance_status(paid, now)


def _advance_status(order: Order, now: str, *, has_refund: bool = False) -> tuple[Order, LogEntries]:
    """Return the order in processing; a digital one without refunds is completed right away (14-007, 14-052)."""
    log_entries = [_status_entry(order, "processing")]
    order = replace(order, status="processing")
    if order.fulfillment_type == "digital" and not has_refund:
        log_entries.append(_status_entry(order, "completed"))
        order = replace(order, status="completed", completed_at=now)
    return order, log_entries


def _status_entry(order: Order, status: str) -> tuple[str, str]:
    """Return the log entry of a status change; without a change the plugin writes an empty one (read in its source)."""
    if order.status == status:
        return "", ""
    return "Order status updated", f"Order status has been updated from {order.status} to {status}"


def assign_numbers(order: Order, last: Order | None) -> Order:
    """Return the order with receipt and invoice number. `last` is the order with the highest receipt number."""
    if order.receipt_number:
        return order
    receipt = 1 + max(0, last.receipt_number or 0 if last else 0)
    return replace(order, receipt_number=receipt, invoice_no=f"INV-{receipt}")


def change_status(order: Order, action: Any, statuses: Any, rules: Rules, now: str) -> tuple[Order, LogEntries]:
    """Return the order with the status that `action` and `statuses` request (14-032 to 14-036)."""
    is_known = isinstance(action, str) and action in _STATUS_ACTIONS
    if not is_known and rules.named_status_action:
        raise errors.resource_error(400, "Unsupported action — this endpoint changes order or shipping status only.")
    column, allowed, name = _STATUS_ACTIONS[action] if is_known else ("", (), "")
    status = statuses.get(column if column != "status" else "order_status") if isinstance(statuses, Mapping) else None
    if not column or status is None:
        raise errors.resource_error(400, "Failed to update status")
    if isinstance(status, php.ARRAY):
        raise PluginCrash("Illegal offset type in isset or empty")
    if status not in allowed:
        raise errors.resource_error(400, "Provided status is not valid")
    before = getattr(order, column)
    if status == before:
        raise errors.resource_error(400, "Order already has the same status")
    if column == "status" and before == "canceled":
        raise errors.resource_error(400, "You cannot change the order status once it has been canceled.")
    changes: dict[str, Any] = {column: status, "updated_at": now}
    if status == "completed":
        changes["completed_at"] = now
    changed = replace(order, **changes)
    return changed, [(f"{name} updated", f"{name} has been updated from {before} to {status}")]


def sync(order: Order, charges: Sequence[Transaction], rules: Rules, now: str) -> tuple[Order, LogEntries]:
    """Return the order with totals and statuses recalculated from its transactions (14-041 to 14-046).

    A fully refunded charge still counts as paid. Before 1.6.4 the order never becomes fully refunded here.
    """
    if not charges:
        raise errors.no_transaction()
    paid = sum(charge.total for charge in charges if charge.status in ("succeeded", "authorized"))
    refunded = sum(charge.total for charge in charges if charge.status == "refunded")
    status, refunded_at = order.payment_status, order.refunded_at
    if order.total_amount <= paid - refunded:
        status = "paid"
    elif refunded and refunded >= paid and rules.sync_keeps_refunded:
        status, refunded_at = "refunded", refunded_at or now
    elif refunded:
        status = "partially_refunded"
    synced = replace(
        order, payment_status=status, total_paid=paid, total_refund=refunded, refunded_at=refunded_at, updated_at=now
    )
    if status != "paid" or order.status in ("completed", "processing"):
        return synced, []
    return _advance_status(synced, now, has_refund=refunded > 0)


def check_deletable(order: Order, subscriptions: Iterable[Subscription]) -> None:
    """Raise a refusal for an order in live mode that is in progress (14-058), is paid or has an active subscription."""
    if order.mode == "test":
        return
    if order.status not in ("canceled", "on-hold"):
        raise errors.undeletable(order.id, order.invoice_no, f"due to its current order status: {order.status}")
    if order.payment_status in _PAID and order.total_amount:
        raise errors.undeletable(order.id, order.invoice_no, f"due to its current payment status: {order.payment_status}")
    first = next(iter(subscriptions), None)
    if order.type == "subscription" and first and first.status == "active":
        raise errors.undeletable(order.id, order.invoice_no, "as it has an active subscription")


def render_bulk_deletion(order_ids: Sequence[int], failed: Sequence[int]) -> dict[str, Any]:
    """Return the reply to the deletion of several orders, or raise a refusal if none was deleted. Read in the source."""
    deleted = [order_id for order_id in order_ids if order_id not in failed]
    failure = (
        f"The order ID - {' , '.join(map(str, failed))} cannot be deleted at the moment as these orders status is not canceled."
    )
    if not deleted:
        raise errors.resource_error(400, failure)
    partial = f"{failure} And remaining order and its associated data have been deleted"
    data = {
        "deleted_order_ids": deleted,
        "deleted_count": len(deleted),
        "failed_order_ids": list(failed),
        "failed_count": len(failed),
    }
    return {"message": partial if failed else "Selected order and associated data have been deleted", "data": data}
