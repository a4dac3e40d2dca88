"""Statistics of customers."""

from refund_sandbox.apis.fluentcart import bookkeeping, errors
from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.records import CUSTOMERS
from refund_sandbox.core.context import Reply


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
