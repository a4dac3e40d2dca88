"""Notes of orders."""

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart import errors
from refund_sandbox.apis.fluentcart.operations.base import BaseOperations
from refund_sandbox.apis.fluentcart.records import ORDERS
from refund_sandbox.core.context import Context, Reply


class NoteOperations(BaseOperations):
    """The operation that sets an order's note."""

    def attach_note(self, context: Context) -> Reply:
        """POST /notes/attach: replace the note of an order (read in the source)."""
        with self._unit_of_work(context) as work:
            order_id = work.text("order_id")
            order = work.find_order(order_id)
            if order is None:
                raise errors.model_not_found("Order", order_id)
            work.store.put(ORDERS, replace(order, note=work.text("note"), updated_at=work.now))
        return Reply({"message": "Order Note Updated successfully."})
