"""Rules of a customer's statistics: records in, records out."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart.records import Customer, Order

# Payment statuses of the orders that count as purchases.
_PURCHASED = frozenset(("paid", "partially_refunded", "partially_paid"))


def recalculate(customer: Customer, orders: Iterable[Order]) -> Customer:
    """Return the customer with purchase count, lifetime value and average over all of their orders."""
    purchases = [order for order in orders if order.payment_status in _PURCHASED]
    value = sum(max(0, order.total_paid - order.total_refund) for order in purchases)
    dates = [order.created_at for order in purchases]
    return replace(
        customer,
        purchase_count=len(purchases),
        ltv=value,
        aov=f"{_average(value, len(purchases)):.2f}",
        first_purchase_date=min(dates, default=None),
        last_purchase_date=max(dates, default=None),
    )


def _average(value: int, count: int) -> Decimal:
    return (Decimal(value) / count).quantize(Decimal("0.01"), ROUND_HALF_UP) if count else Decimal("0.00")
