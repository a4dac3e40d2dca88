"""Reads of orders; changes are in order_actions.py."""

from refund_sandbox.apis.fluentcart import list_views, record_views
from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.core.context import Reply


def list_orders(context: FluentCartContext) -> Reply:
    """GET /orders."""
    return context.reply_view(list_views.orders)


def get_order(context: FluentCartContext) -> Reply:
    """GET /orders/{order_id}."""
    return context.reply_view(lambda reader, _: record_views.order(reader, context.params["order_id"]))


def list_shipping_methods(_context: FluentCartContext) -> Reply:
    """GET /orders/shipping_methods: empty, as the shop ships nothing (11-082)."""
    return Reply({"shipping_methods": [], "other_shipping_methods": []})
