"""Operations on customers."""

from refund_sandbox.apis.fluentcart import errors, list_views, php, views
from refund_sandbox.apis.fluentcart.operations.base import BaseOperations
from refund_sandbox.apis.fluentcart.records import CUSTOMERS
from refund_sandbox.core.context import Context, Reply


class CustomerOperations(BaseOperations):
    """Customers, their orders and addresses, and their statistics."""

    def list_customers(self, context: Context) -> Reply:
        """GET /customers."""
        return self._read(context, list_views.customers)

    def get_customer(self, context: Context) -> Reply:
        """GET /customers/{customer_id}."""
        return self._read(context, lambda reader, query: list_views.customer(reader, query, context.params["customer_id"]))

    def list_customer_orders(self, context: Context) -> Reply:
        """GET /customers/{customer_id}/orders: one page."""
        customer_id = context.params["customer_id"]
        return self._read(context, lambda reader, query: list_views.customer_orders(reader, query, customer_id))

    def find_customer_orders(self, context: Context) -> Reply:
        """GET /customers/{customer_id}/order: all orders without pages."""
        return self._read(context, lambda reader, _: views.customer_orders(reader, context.params["customer_id"]))

    def list_customer_addresses(self, context: Context) -> Reply:
        """GET /customers/{customer_id}/address."""
        customer_id = context.params["customer_id"]
        return self._read(context, lambda reader, query: views.addresses(reader, customer_id, query.text("type")))

    def get_customer_stats(self, context: Context) -> Reply:
        """GET /customers/get-stats/{customer}: no widgets without an add-on, for any id (11-135, 11-162)."""
        return self._read(context, lambda _reader, _query: {"widgets": []})

    def recalculate_ltv(self, context: Context) -> Reply:
        """POST /customers/{customer_id}/recalculate-ltv (read in the source).

        Assumed: the statistics have the JSON types of the reads.
        """
        with self._unit_of_work(context) as work:
            key = php.as_id(context.params["customer_id"])
            customer = work.store.get(CUSTOMERS, key) if key is not None else None
            if customer is None:
                raise errors.refused("Customer not found.")
            work.bookkeeping.recalculate_customer(customer.id)
            row = work.reader.customer(work.store.get(CUSTOMERS, customer.id) or customer)
        return Reply({"message": "Lifetime value recalculated successfully", "customer": row})
