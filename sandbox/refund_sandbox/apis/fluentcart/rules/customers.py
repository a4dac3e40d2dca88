"""Rules of a customer's statistics: records in, records out."""

from collections.abc import Iterable

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart.records import Customer, Order

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
