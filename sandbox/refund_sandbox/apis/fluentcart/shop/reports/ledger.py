"""The figures that reports are made of. The store adds them up, so that a report of many orders reads few rows."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from refund_sandbox.apis.fluentcart.records import CUSTOMERS, ITEMS, ORDERS, SUBSCRIPTIONS, TRANSACTIONS, Customer
from refund_sandbox.apis.fluentcart.records import Subscription as SubscriptionRecord
from refund_sandbox.apis.fluentcart.shop.records import ORDER_ADDRESSES
from refund_sandbox.apis.fluentcart.shop.reports.period import Period
from refund_sandbox.apis.fluentcart.shop.reports.query import ReportQuery
from refund_sandbox.stores.protocol import ReadTransaction, RecordType, TotalsQuery
from refund_sandbox.stores.query import AllOf, Between, Condition, EqualsText, Exists, In, Of

COUNTED = ("paid", "refunded", "partially_paid", "partially_refunded")
"""Payment statuses of the orders in reports. `paymentStatus` and `orderStatus` of a request have no effect (34-103)."""
_REFUNDED = ("refunded", "partially_refunded")
"""Statuses of transactions that count as refunds, whatever their type."""
ANY = AllOf(())
"""Condition that holds for every record."""

_KINDS = ("status", "payment_status", "payment_method", "currency", "type", "is_renewal")
_BY_DAY = ("created_day", *_KINDS)
_BY_ORDER = ("created_at", *_KINDS, "id", "customer_id", "completed_at")
_SUMS = ("is_refunded", "total_amount", "total_paid", "total_refund", "tax_total", "shipping_tax", "shipping_total")


class Orders(Struct, frozen=True, gc=False):
    """Sums of the orders of one day that have the same properties; `id` is the lowest one.

    The last fields have values for a single order only.
    """

    created_at: str
    status: str
    payment_status: str
    payment_method: str
    currency: str
    type: str
    is_renewal: int
    count: int
    refunded: int
    total_amount: int
    total_paid: int
    total_refund: int
    tax_total: int
    shipping_tax: int
    shipping_total: int
    id: int = 0
    customer_id: int | None = None
    completed_at: str | None = None


class Items(Struct, frozen=True, gc=False):
    """An item of an order. `count` is 1."""

    id: int
    order_id: int
    variation_id: int
    post_id: int
    created_at: str
    count: int
    quantity: int
    line_total: int


class Ledger:
    """Orders and what belongs to them."""

    def __init__(self, store: ReadTransaction) -> None:
        self.store = store

    @property
    def customers(self) -> dict[int, Customer]:
        return {customer.id: customer for customer in self.store.all(CUSTOMERS)}

    @property
    def subscriptions(self) -> list[SubscriptionRecord]:
        return self.store.all(SUBSCRIPTIONS)

    def count(self, kind: RecordType[Any], *where: Condition) -> int:
        [(count,)] = self.store.totals(kind, TotalsQuery(where=where))
        return int(count)

    def first_order(self, *where: Condition) -> str | None:
        """Return the date of the first order."""
        first: str | None
        [(_, first)] = self.store.totals(ORDERS, TotalsQuery(lowest=("created_at",), where=where))
        return first

    def orders(self, *where: Condition) -> list[Orders]:
        """Return the orders, whatever their status, currency and mode, by day."""
        rows = self.store.totals(ORDERS, TotalsQuery(_BY_DAY, _SUMS, ("id",), where=where))
        return sorted([Orders(*row) for row in rows], key=lambda row: (row.created_at, row.id))

    def each_order(self, *where: Condition) -> list[Orders]:
        """Return the orders, each for itself, oldest first."""
        rows = self.store.totals(ORDERS, TotalsQuery(_BY_ORDER, _SUMS, where=where))
        start, end = len(_KINDS) + 1, len(_BY_ORDER)
        orders = [Orders(*row[:start], *row[end:], *row[start:end]) for row in rows]
        return sorted(orders, key=lambda order: order.id)

    def counted(self, query: ReportQuery) -> list[Orders]:
        """Return the orders that a report counts. Both modes and all currencies count, unless one is asked for."""
        return self.in_period(query, In("payment_status", COUNTED))

    def in_period(self, query: ReportQuery, *where: Condition) -> list[Orders]:
        """Return the orders of a report's period, currency, types and variations. An order counts when it was created."""
        return self.orders(*conditions(query), *where)

    def each_counted(self, query: ReportQuery) -> list[Orders]:
        """Return the orders that a report counts, each for itself."""
        return self.each_order(*conditions(query), In("payment_status", COUNTED))

    def items(self, period: Period) -> list[Items]:
        """Return the items of the orders of a period, by order."""
        by = ("id", "order_id", "variation_id", "post_id", "created_at")
        where = (Exists("order_id", ORDERS, "id", created_in(period)),)
        rows = self.store.totals(ITEMS, TotalsQuery(by, ("quantity", "line_total"), where=where))
        return sorted([Items(*row) for row in rows], key=lambda item: item.id)

    def items_of(self, orders: Iterable[Orders], period: Period) -> list[Items]:
        """Return the items of some orders of a period."""
        numbers = {order.id for order in orders}
        return [item for item in self.items(period) if item.order_id in numbers]

    def pieces(self, query: ReportQuery, by: str | Of, *where: Condition) -> dict[Any, int]:
        """Return the number of pieces of the counted orders, by a field of the items or of their orders."""
        counted = AllOf((*conditions(query), In("payment_status", COUNTED)))
        chosen = (Exists("order_id", ORDERS, "id", counted), *where)
        rows = self.store.totals(ITEMS, TotalsQuery((by,), ("quantity",), where=chosen))
        return {value: pieces for value, _, pieces in rows}

    def refund_rows(self, query: ReportQuery, by: tuple[str | Of, ...], *of_orders: Condition) -> list[tuple[Any, ...]]:
        """Return the refunded transactions of the counted orders: the values `by`, number, total and number of orders."""
        counted = AllOf((*conditions(query), In("payment_status", COUNTED), *of_orders))
        where = (In("status", _REFUNDED), Exists("order_id", ORDERS, "id", counted))
        return self.store.totals(TRANSACTIONS, TotalsQuery(by, ("total",), distinct=("order_id",), where=where))

    def countries(self, group_key: str, *where: Condition) -> Mapping[int, str]:
        """Return the country by the id of each order that has such an address."""
        chosen = (In("type", (group_key.removesuffix("_country"),)), Exists("order_id", ORDERS, "id", AllOf(where)))
        rows = self.store.totals(ORDER_ADDRESSES, TotalsQuery(("order_id", "id", "country"), where=chosen))
        return {order_id: country for order_id, _, country, _ in sorted(rows)}


def created_in(period: Period) -> Condition:
    """Return the condition that a record was created in a period."""
    return Between("created_at", period.first, period.last)


def conditions(query: ReportQuery) -> list[Condition]:
    """Return the conditions of a report's period, currency, types and variations on orders."""
    found = [created_in(query.period)]
    if query.currency:
        found.append(EqualsText("currency", query.currency))
    if query.order_types:
        found.append(In("type", tuple(sorted(query.order_types))))
    if query.variation_ids:
        found.append(Exists("id", ITEMS, "order_id", _of_variations(query)))
    return found


def sold_in(query: ReportQuery) -> Condition:
    """Return the condition on items that they were created in a report's period, and are one of its variations."""
    return AllOf((created_in(query.period), *([_of_variations(query)] if query.variation_ids else [])))


def _of_variations(query: ReportQuery) -> Condition:
    return In("variation_id", tuple(sorted(query.variation_ids)))
