"""Payment operations other than the refund."""

from refund_sandbox.apis.funnelfox.bookkeeping import withdraw_entitlement
from refund_sandbox.apis.funnelfox.context import FunnelFoxContext
from refund_sandbox.apis.funnelfox.records import ORDERS, TRANSACTIONS
from refund_sandbox.apis.funnelfox.rules import refunds
from refund_sandbox.apis.funnelfox.timestamps import write_time
from refund_sandbox.core.context import Reply


def cancel_payment(context: FunnelFoxContext) -> Reply:
    """POST /payment/cancel: cancel an authorized order before its capture, and withdraw the entitlement.

    Assumed: the flag may have either name, as only its text is known (facts §1.2). The order emits no event.
    """
    document, transaction, now = context.document, context.transaction, write_time(context.now)
    order = context.find_order(document["order_id"].lower(), document["external_id"])
    refunds.check_cancellable(order)
    rows = transaction.where(TRANSACTIONS, "order_id", order.order_id)
    order, cancelled_rows = refunds.cancel(order, rows, now)
    transaction.put(ORDERS, order)
    for row in cancelled_rows:
        transaction.put(TRANSACTIONS, row)
    soft = document.get("soft_refund", False) or document.get("soft_cancel", False)
    context.drafts += withdraw_entitlement(context, order, now, soft=soft, full=True)
    return Reply({})
