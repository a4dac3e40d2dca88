"""Reads of orders; changes are in order_actions.py."""

from refund_sandbox.apis.fluentcart import list_views, views
from refund_sandbox.apis.fluentcart.operations.base import BaseOperations
from refund_sandbox.core.context import Context, Reply


class OrderOperations(BaseOperations):
    """Operations that return orders."""

    def list_orders(self, context: Context) -> Reply:
        """GET /orders."""
        return self._read(context, list_views.orders)

    def get_order(self, context: Context) -> Reply:
        """GET /orders/{order_id}."""
        return self._read(context, lambda reader, _: views.order(reader, context.params["order_id"]))

    def list_shipping_methods(self, context: Context) -> Reply:
        """GET /orders/shipping_methods: empty, as the shop ships nothing (11-082)."""
        return self._read(context, lambda _reader, _query: {"shipping_methods": [], "other_shipping_methods": []})
