"""Rules of a customer's statistics: records in, records out."""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart.records import Customer, Order, Transaction

_PURCHASED = frozenset(("paid", "partially_refunded", "partially_paid"))
"""Payment statuses of the orders that count as purchases."""


def recalculate(customer: Customer, orders: Iterable[Order], updated_at: str) -> Customer:
    """Return the customer with purchase count, lifetime value and average over all of their orders."""
    dates, value = [], 0
    for order in orders:
        if order.payment_status in _PURCHASED:
            dates.append(order.created_at)
            value += max(0, order.total_paid - order.total_refund)
    count = len(dates)
    first, last = (min(dates), max(dates)) if dates else (None, None)
    average = (200 * value + count) // (2 * count) if count else 0  # hundredths, rounded half up
    return replace(
        customer,
        purchase_count=count,
        ltv=value,
        aov=f"{average // 100}.{average % 100:02d}",
        first_purchase_date=first,
        last_purchase_date=last,
        updated_at=updated_at,
    )


def count_every_order(
    customer: Customer, orders: Sequence[Order], transactions: Iterable[Transaction], updated_at: str
) -> Customer:
    """Return the customer as the bulk change of payment statuses counts: every order is a purchase (33-097).

    `purchase_value` adds up the succeeded transactions by currency; one alone stays text, as the database has it. Lifetime
    value and average stay (33-215).
    """
    currencies = {order.id: order.currency for order in orders}
    totals: dict[str, str | int] = {}
    for transaction in transactions:
        if transaction.status == "succeeded":
            currency, total = currencies[transaction.order_id], transaction.total
            totals[currency] = int(totals[currency]) + total if currency in totals else str(total)
    dates = [order.created_at for order in orders]
    return replace(
        customer,
        purchase_value=totals or [],
        purchase_count=len(orders),
        first_purchase_date=min(dates),
        last_purchase_date=max(dates),
        updated_at=updated_at,
    )
