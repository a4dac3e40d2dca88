"""Notes of orders."""

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart import errors
from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.records import ORDERS
from refund_sandbox.core.context import Reply


def attach_note(context: FluentCartContext) -> Reply:
    """POST /notes/attach: replace the note of an order (read in the source)."""
    order_id = context.text("order_id")
    order = context.find(ORDERS, order_id)
    if order is None:
        raise errors.model_not_found("Order", order_id)
    context.transaction.put(ORDERS, replace(order, note=context.text("note"), updated_at=context.time))
    return Reply({"message": "Order Note Updated successfully."})
