"""Operations on an order's transactions."""

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart import errors, php, rendering, views
from refund_sandbox.apis.fluentcart.operations.base import BaseOperations, UnitOfWork
from refund_sandbox.apis.fluentcart.records import ORDERS, TRANSACTIONS
from refund_sandbox.apis.fluentcart.rules import transactions
from refund_sandbox.core.context import Context, Reply


class TransactionOperations(BaseOperations):
    """Read a transaction, set its status, sync it with the gateway, accept a dispute."""

    def list_transactions(self, context: Context) -> Reply:
        """GET /orders/{order_id}/transactions."""
        return self._read(context, lambda reader, _: views.transactions(reader, context.params["order_id"]))

    def get_transaction(self, context: Context) -> Reply:
        """GET /orders/{order_id}/transactions/{transaction_id}."""
        order_id, transaction_id = context.params["order_id"], context.params["transaction_id"]
        return self._read(context, lambda reader, _: views.transaction(reader, order_id, transaction_id))

    def update_transaction_status(self, context: Context) -> Reply:
        """PUT /orders/{order}/transactions/{transaction}/status.

        The order is not bound: an unknown id gets the reply of another order's id.
        """
        with self._unit_of_work(context) as work:
            is_1_3 = work.version == "1.3.25"
            status = context.document.get("status") if is_1_3 else work.text("status")
            order, transaction = work.find_order(context.params["order"]), work.transaction()
            transactions.check_status(order, transaction, status, work.version)
            assert order is not None
            changed = replace(transaction, status=php.to_text(status), updated_at=work.now)
            work.store.put(TRANSACTIONS, changed)
            order = transactions.recalculate_refund_rows(order, work.bookkeeping.transactions(order))
            if not is_1_3 and status == "succeeded":
                work.bookkeeping.sync_order(order)
            else:
                work.store.put(ORDERS, transactions.copy_status_to_order(order, status, work.now))
            row = {**rendering.transaction_row(changed, work.version), "status": status}
        return Reply({"transaction": row, "message": "Payment status has been successfully updated"})

    def sync_transaction(self, context: Context) -> Reply:
        """POST /orders/{order}/transactions/{transaction}/sync, since 1.6.0 (read in the source of 1.6.3).

        Assumed: the gateway reports every payment that it knows as made, unless a fault makes it refuse.
        """
        with self._unit_of_work(context) as work:
            order, charge = work.find_order(context.params["order"]), work.transaction()
            transactions.check_syncable(order, charge)
            assert order is not None
            error = work.bookkeeping.claim_error("gateway")
            if error is not None:
                raise errors.refused(error)
            paid = replace(charge, status="succeeded", updated_at=work.now)
            work.store.put(TRANSACTIONS, paid)
            work.bookkeeping.sync_order(order)
            row = rendering.transaction_row(paid, work.version)
        message = "Transaction has been synced from the payment gateway successfully!"
        return Reply({"message": message, "transaction": row})

    def accept_dispute(self, context: Context) -> Reply:
        """POST /orders/{order}/transactions/{transaction_id}/accept-dispute. The plugin ignores the order in the path."""
        with self._unit_of_work(context) as work:
            key = php.as_id(context.params["transaction_id"])
            dispute = work.store.get(TRANSACTIONS, key) if key is not None else None
            order = work.store.get(ORDERS, dispute.order_id, for_update=True) if dispute else None
            if dispute is None or order is None:
                raise self._dispute_not_found(work)
            transactions.check_disputed(dispute)
            error = work.bookkeeping.claim_error("gateway")
            if error is not None:
                return self._reply_gateway_error(error)
            note = work.text("dispute_note")
            lost, order = transactions.lose_dispute(dispute, order, note, work.now)
            work.store.put(TRANSACTIONS, lost)
            work.store.put(ORDERS, order)
            title = f"Dispute accepted on {dispute.payment_method}"
            work.bookkeeping.log_order(order, title, f"Dispute accepted! {note}", name="order")
        return Reply({"message": "Dispute accepted!"})

    def _dispute_not_found(self, work: UnitOfWork) -> errors.Refusal:
        """Return 404 with strict validation, else the plugin's crash."""
        if self._services.settings.validation == "strict":
            return errors.model_not_found("OrderTransaction", work.context.params["transaction_id"])
        return errors.plugin_exception("Call to a member function acceptDispute() on null", work.version)
