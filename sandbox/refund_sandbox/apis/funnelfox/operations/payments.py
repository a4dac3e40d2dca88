"""Payment operations other than the refund."""

from refund_sandbox.apis.funnelfox.operations.entitlements import EntitlementOperations
from refund_sandbox.apis.funnelfox.records import ORDERS, TRANSACTIONS
from refund_sandbox.apis.funnelfox.rules import refunds
from refund_sandbox.core.context import Context, Reply


class PaymentOperations(EntitlementOperations):
    """Payment management."""

    def cancel_payment(self, context: Context) -> Reply:
        """POST /payment/cancel: cancel an authorized order before its capture, and withdraw the entitlement.

        Assumed: the flag may have either name, as only its text is known (facts §1.2). The order emits no event.
        """
        document = self._read(context)
        with self.transaction(context) as transaction:
            order = self._find_order(transaction, context, document["order_id"].lower(), document["external_id"])
            refunds.check_cancellable(order)
            rows = transaction.where(TRANSACTIONS, "order_id", order.order_id)
            order, cancelled_rows = refunds.cancel(order, rows, self._now())
            transaction.put(ORDERS, order)
            for row in cancelled_rows:
                transaction.put(TRANSACTIONS, row)
            soft = document.get("soft_refund", False) or document.get("soft_cancel", False)
            self._emit_all(transaction, self._withdraw_entitlement(transaction, order, soft=soft, full=True))
        return Reply({})
