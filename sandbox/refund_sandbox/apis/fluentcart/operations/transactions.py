"""Operations on an order's transactions: set a status, sync with the gateway, open and accept a dispute."""

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart import bookkeeping, errors, models, parsing, php, rendering
from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.records import ORDERS, TRANSACTIONS, Transaction
from refund_sandbox.apis.fluentcart.rules import transactions
from refund_sandbox.core.context import Reply, UnitOfWork
from refund_sandbox.core.errors import BadDocument, Problem


def update_transaction_status(context: FluentCartContext) -> Reply:
    """PUT /orders/{order}/transactions/{transaction}/status.

    The order is not bound: an unknown id gets the reply of another order's id.
    """
    rules = context.rules
    status = context.text("status") if rules.checked_statuses else context.document.get("status")
    order, charge = context.find(ORDERS, context.params["order"]), _bound_charge(context)
    transactions.check_status(order, charge, status, rules)
    assert order is not None
    if status == "succeeded":
        changed = transactions.succeed(charge, rules, context.time, updated_at=context.time)
    else:
        changed = replace(charge, status=php.to_text(status), updated_at=context.time)
    context.transaction.put(TRANSACTIONS, changed)
    order = transactions.recalculate_refund_rows(order, bookkeeping.transactions_of(context, order))
    if rules.final_success and status == "succeeded":
        bookkeeping.sync_order(context, order)
    else:
        bookkeeping.save_order(context, order, transactions.copy_status_to_order(order, status, context.time))
    row = {**rendering.transaction_row(changed, rules), "status": status}
    return Reply({"transaction": row, "message": "Payment status has been successfully updated"})


def sync_transaction(context: FluentCartContext) -> Reply:
    """POST /orders/{order}/transactions/{transaction}/sync, since 1.6.0 (read in the source).

    Assumed: the gateway reports every payment that it knows as made, unless a fault makes it refuse.
    """
    order, charge = context.find(ORDERS, context.params["order"]), _bound_charge(context)
    transactions.check_syncable(order, charge)
    assert order is not None
    error = context.gateway_error("gateway")
    if error is not None:
        raise errors.refused(error)
    paid = transactions.succeed(charge, context.rules, context.time, updated_at=context.time)
    context.transaction.put(TRANSACTIONS, paid)
    bookkeeping.sync_order(context, order)
    message = "Transaction has been synced from the payment gateway successfully!"
    return Reply({"message": message, "transaction": rendering.transaction_row(paid, context.rules)})


def _bound_charge(context: FluentCartContext) -> Transaction:
    charge: Transaction = context.bound("transaction")
    return charge


def accept_dispute(context: FluentCartContext) -> Reply:
    """POST /orders/{order}/transactions/{transaction_id}/accept-dispute. The plugin ignores the order in the path."""
    transaction = context.transaction
    dispute = context.find(TRANSACTIONS, context.params["transaction_id"], for_update=False)
    order = transaction.get(ORDERS, dispute.order_id, for_update=True) if dispute else None
    if dispute is None or order is None:
        raise _dispute_not_found(context)
    transactions.check_disputed(dispute)
    error = context.gateway_error("gateway")
    if error is not None:
        return Reply({"message": error}, 422)
    note = context.text("dispute_note")
    lost, changed = transactions.lose_dispute(dispute, order, note, context.time)
    transaction.put(TRANSACTIONS, lost)
    bookkeeping.save_order(context, order, changed)
    title = f"Dispute accepted on {dispute.payment_method}"
    bookkeeping.log(context, models.ORDER, order.id, title, f"Dispute accepted! {note}", name="order")
    return Reply({"message": "Dispute accepted!"})


def open_dispute(work: UnitOfWork, order_id: str) -> None:
    """Add a dispute of the order's charge. Assumed: a row of its own with the charge's total; no webhook is sent."""
    rows = work.transaction.where(TRANSACTIONS, "order_id", php.as_id(order_id))
    charge = next((row for row in rows if row.transaction_type == "charge" and row.status == "succeeded"), None)
    if charge is None:
        raise BadDocument([Problem("", f"Order {order_id} was not paid.")])
    at = parsing.write_time(work.now)
    meta = {"dispute_id": f"dp_{work.ids.base62(24)}", "dispute_reason": "general", "is_dispute_actionable": True}
    number = work.transaction.next_id(TRANSACTIONS)
    work.transaction.put(
        TRANSACTIONS,
        replace(charge, id=number, transaction_type="dispute", uuid=work.ids.hex(32), meta=meta, created_at=at, updated_at=at),
    )


def _dispute_not_found(context: FluentCartContext) -> errors.Refusal:
    """Return 404 with strict validation, else the plugin's crash."""
    if context.validation == "strict":
        return errors.model_not_found("OrderTransaction", context.params["transaction_id"])
    return errors.plugin_exception("Call to a member function acceptDispute() on null", context.rules)
