"""Statistics of customers."""

from typing import Any

from refund_sandbox.apis.fluentcart import bookkeeping, errors
from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.records import CUSTOMERS, Customer
from refund_sandbox.apis.fluentcart.rendering import Row, php_date
from refund_sandbox.apis.fluentcart.versions import Rules
from refund_sandbox.core.context import Reply


def recalculate_ltv(context: FluentCartContext) -> Reply:
    """POST /customers/{customer_id}/recalculate-ltv: the new statistics are numbers and dates (measured in 1.5.2)."""
    customer = context.find(CUSTOMERS, context.params["customer_id"], for_update=False)
    if customer is None:
        raise errors.refused("Customer not found.")
    bookkeeping.recalculate_customer(context, customer.id)
    changed = context.transaction.get(CUSTOMERS, customer.id) or customer
    row = {**context.reader.customer(changed), **_fresh_statistics(changed, context.rules)}
    return Reply({"message": "Lifetime value recalculated successfully", "customer": row})


def _fresh_statistics(customer: Customer, rules: Rules) -> Row:
    """Return the statistics as PHP has them before the database makes text of them."""
    count = customer.purchase_count
    average = customer.ltv / count if count else 0
    dates: dict[str, Any] = {name: getattr(customer, name) for name in ("first_purchase_date", "last_purchase_date")}
    if not rules.text_dates:
        dates = {name: date and php_date(date) for name, date in dates.items()}
    return {"purchase_count": count, "ltv": customer.ltv, **dates, "aov": int(average) if average == int(average) else average}
