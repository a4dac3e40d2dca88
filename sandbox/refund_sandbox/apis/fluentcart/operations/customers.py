"""Operations on customers, their orders and addresses, and their statistics."""

from refund_sandbox.apis.fluentcart import bookkeeping, errors, list_views, record_views
from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.records import CUSTOMERS
from refund_sandbox.core.context import Reply


def list_customers(context: FluentCartContext) -> Reply:
    """GET /customers."""
    return context.reply_view(list_views.customers)


def get_customer(context: FluentCartContext) -> Reply:
    """GET /customers/{customer_id}."""
    return context.reply_view(lambda reader, query: list_views.customer(reader, query, context.params["customer_id"]))


def list_customer_orders(context: FluentCartContext) -> Reply:
    """GET /customers/{customer_id}/orders: one page."""
    return context.reply_view(lambda reader, query: list_views.customer_orders(reader, query, context.params["customer_id"]))


def find_customer_orders(context: FluentCartContext) -> Reply:
    """GET /customers/{customer_id}/order: all orders without pages."""
    return context.reply_view(lambda reader, _: record_views.customer_orders(reader, context.params["customer_id"]))


def list_customer_addresses(context: FluentCartContext) -> Reply:
    """GET /customers/{customer_id}/address."""
    customer_id = context.params["customer_id"]
    return context.reply_view(lambda reader, query: record_views.customer_addresses(reader, customer_id, query.text("type")))


def get_customer_stats(_context: FluentCartContext) -> Reply:
    """GET /customers/get-stats/{customer}: no widgets without an add-on, for any id (11-135, 11-162)."""
    return Reply({"widgets": []})


def recalculate_ltv(context: FluentCartContext) -> Reply:
    """POST /customers/{customer_id}/recalculate-ltv (read in the source).

    Assumed: the statistics have the JSON types of the reads.
    """
    customer = context.find(CUSTOMERS, context.params["customer_id"], for_update=False)
    if customer is None:
        raise errors.refused("Customer not found.")
    bookkeeping.recalculate_customer(context, customer.id)
    row = context.reader.customer(context.transaction.get(CUSTOMERS, customer.id) or customer)
    return Reply({"message": "Lifetime value recalculated successfully", "customer": row})
