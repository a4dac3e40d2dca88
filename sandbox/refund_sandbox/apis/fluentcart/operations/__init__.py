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
from functools import wraps

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.errors import PluginCrash
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
from refund_sandbox.core.context import Reply

_OPERATIONS: Mapping[str, Operation] = {
    "getRouteIndex": Operation(app.get_route_index, reads_only=True),
    "getApp": Operation(app.get_app, reads_only=True),
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


def _with_php_errors(operation: Operation) -> Operation:
    """Return an operation that replies to an error of PHP as the plugin does. Nothing of it stays booked."""

    @wraps(operation.handle)
    def handle(context: FluentCartContext) -> Reply:
        try:
            return operation.handle(context)
        except PluginCrash as crash:
            raise context.crash_refusal(crash) from None

    return replace(operation, handle=handle)


_REFUND = Operation(refunds.refund_order, locate=refunds.locate_refundable, phases=("gateway", "cancel"))
"""The refund, which stays booked after an error of PHP."""
OPERATIONS: Mapping[str, Operation] = {
    "refundOrder": _REFUND,
    **{name: _with_php_errors(operation) for name, operation in _OPERATIONS.items()},
}
"""Operations by their operationId in `specs/fluentcart.yaml`."""
