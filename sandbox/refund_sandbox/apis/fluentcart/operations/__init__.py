"""Operations of the API, one function each.

The path names the file:

| path | file |
|---|---|
| `/orders/{order_id}/refund` | refunds.py |
| `/orders/.../transactions/...` | transactions.py |
| `/orders/.../subscriptions/...`, `/subscriptions` | subscriptions.py |
| other `/orders` | order_actions.py |
| `/customers`, `/activity`, `/notes`, `/app` | the file of that name; `/` is in app.py |
| any of these and of the shop, if it only shows records | reads.py |
| others | `shop/operations/`, which has a table of its own |
"""

from collections.abc import Mapping

from refund_sandbox.apis.fluentcart.operations import (
    activity,
    app,
    customers,
    notes,
    order_actions,
    refunds,
    subscriptions,
    transactions,
)
from refund_sandbox.apis.fluentcart.operations.reads import READS
from refund_sandbox.apis.fluentcart.shop.operations import SHOP_OPERATIONS
from refund_sandbox.core.api import Operation

OPERATIONS: Mapping[str, Operation] = {
    "getRouteIndex": Operation(app.get_route_index, reads_only=True),
    "getApp": Operation(app.get_app, reads_only=True),
    "refundOrder": Operation(refunds.refund_order, locate=refunds.locate_refundable, phases=("gateway", "cancel")),
    "createOrder": Operation(order_actions.create_order),
    "deleteOrder": Operation(order_actions.delete_order, alone=True),
    "markOrderAsPaid": Operation(order_actions.mark_order_as_paid),
    "updateOrderStatuses": Operation(order_actions.update_order_statuses),
    "syncOrderStatuses": Operation(order_actions.sync_order_statuses),
    "changeOrderCustomer": Operation(order_actions.change_order_customer, alone=True),
    "updateTransactionStatus": Operation(transactions.update_transaction_status),
    "syncTransaction": Operation(transactions.sync_transaction, phases=("gateway",)),
    "acceptDispute": Operation(transactions.accept_dispute, phases=("gateway",)),
    "cancelSubscription": Operation(subscriptions.cancel_subscription, phases=("cancel",)),
    "pauseSubscription": Operation(subscriptions.pause_subscription),
    "resumeSubscription": Operation(subscriptions.resume_subscription, phases=("gateway",)),
    "reactivateSubscription": Operation(subscriptions.reactivate_subscription),
    "fetchSubscription": Operation(subscriptions.fetch_subscription, phases=("gateway",)),
    "createEarlyPaymentLink": Operation(subscriptions.create_early_payment_link),
    "recalculateLtv": Operation(customers.recalculate_ltv),
    "markActivityRead": Operation(activity.mark_activity_read),
    "deleteActivity": Operation(activity.delete_activity),
    "attachNote": Operation(notes.attach_note),
    **READS,
    **SHOP_OPERATIONS,
}
"""Operations by their operationId in `specs/fluentcart.yaml`."""
