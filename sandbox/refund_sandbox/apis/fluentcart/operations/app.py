"""Answers what is about the shop as a whole: its routes, its settings, its log, notes, and the figures of customers."""

from refund_sandbox.apis.fluentcart import errors, php
from refund_sandbox.apis.fluentcart.operations.base import Action, Actions
from refund_sandbox.apis.fluentcart.records import ACTIVITIES, CUSTOMERS, ORDERS, Activity
from refund_sandbox.apis.fluentcart.wordpress import route_index
from refund_sandbox.core.context import Context, Reply
from refund_sandbox.frozen import replace


class ShopHandlers(Actions):
    """The route index, the app's start, the activity log, notes, lifetime values."""

    def get_route_index(self, context: Context) -> Reply:
        """GET /: what this version serves, for anybody (05-064)."""
        return Reply(route_index.of_plugin(self._operations(), context.caller.url))

    def get_app(self, context: Context) -> Reply:
        """GET /app/init: what the admin screen starts with (read in the source). No plugin version is among it."""
        return Reply(route_index.app(context.caller.url, self._site().name))

    def attach_note(self, context: Context) -> Reply:
        """POST /notes/attach: another note instead of the order's (read in the source)."""
        with self._open(context) as action:
            wanted = action.text("order_id")
            order = action.find_order(wanted)
            if order is None:
                raise errors.model_not_found("Order", wanted)
            action.store.put(ORDERS, replace(order, note=action.text("note"), updated_at=action.now))
        return Reply({"message": "Order Note Updated successfully."})

    def mark_activity_read(self, context: Context) -> Reply:
        """PUT /activity/{activity_id}/mark-read. An unknown line is answered like a known one (read in the source)."""
        with self._open(context) as action:
            status, activity = action.text("status"), self._find_activity(action)
            if activity:
                action.store.put(ACTIVITIES, replace(activity, read_status=status))
        return Reply({"message": f"Activity Marked as {'Read' if status == 'read' else 'Unread'}"})

    def delete_activity(self, context: Context) -> Reply:
        """DELETE /activity/{activity_id}. An unknown line is answered like a known one (read in the source)."""
        with self._open(context) as action:
            activity = self._find_activity(action)
            if activity:
                action.store.delete(ACTIVITIES, activity.id)
        return Reply({"message": "Activity Deleted Successfully"})

    def _find_activity(self, action: Action) -> Activity | None:
        key = php.as_id(action.context.params["activity_id"])
        return action.store.get(ACTIVITIES, key, for_update=True) if key is not None else None

    def recalculate_ltv(self, context: Context) -> Reply:
        """POST /customers/{customer_id}/recalculate-ltv: the figures counted anew (read in the source).

        Assumed: they come in the types of reads.
        """
        with self._open(context) as action:
            key = php.as_id(context.params["customer_id"])
            customer = action.store.get(CUSTOMERS, key) if key is not None else None
            if customer is None:
                raise errors.refused("Customer not found.")
            action.books.recount(customer.id)
            row = action.reader.customer(action.store.get(CUSTOMERS, customer.id) or customer)
        return Reply({"message": "Lifetime value recalculated successfully", "customer": row})
