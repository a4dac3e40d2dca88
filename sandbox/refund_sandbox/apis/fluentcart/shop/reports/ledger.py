"""The records that reports are made of."""

from collections.abc import Iterable, Mapping
from typing import Any

from refund_sandbox.apis.fluentcart.records import CUSTOMERS, ITEMS, ORDERS, SUBSCRIPTIONS, TRANSACTIONS, Customer, Item, Order
from refund_sandbox.apis.fluentcart.records import Subscription as SubscriptionRecord
from refund_sandbox.apis.fluentcart.records import Transaction as TransactionRecord
from refund_sandbox.apis.fluentcart.shop.records import ORDER_ADDRESSES, OrderAddress
from refund_sandbox.apis.fluentcart.shop.reports.period import Period
from refund_sandbox.apis.fluentcart.shop.reports.query import ReportQuery
from refund_sandbox.stores.protocol import ReadTransaction, RecordType

COUNTED = frozenset({"paid", "refunded", "partially_paid", "partially_refunded"})
"""Payment statuses of the orders in reports. `paymentStatus` and `orderStatus` of a request have no effect (34-103)."""


class Ledger:
    """Orders and what belongs to them. Each type is read once."""

    def __init__(self, store: ReadTransaction) -> None:
        self.store = store
        self._read: dict[str, list[Any]] = {}

    def all(self, kind: RecordType[Any]) -> list[Any]:
        if kind.name not in self._read:
            self._read[kind.name] = self.store.all(kind)
        return self._read[kind.name]

    @property
    def orders(self) -> list[Order]:
        """All orders, whatever their status, currency and mode."""
        return self.all(ORDERS)

    @property
    def customers(self) -> dict[int, Customer]:
        return {customer.id: customer for customer in self.all(CUSTOMERS)}

    @property
    def subscriptions(self) -> list[SubscriptionRecord]:
        return self.all(SUBSCRIPTIONS)

    def counted(self, query: ReportQuery) -> list[Order]:
        """Return the orders that a report counts. Both modes and all currencies count, unless one is asked for."""
        return [order for order in self.in_period(query) if order.payment_status in COUNTED]

    def in_period(self, query: ReportQuery) -> list[Order]:
        """Return the orders of a report's period, currency, types and variations. An order counts when it was created."""
        first, last = query.period.first, query.period.last
        chosen = [order for order in self.orders if first <= order.created_at <= last]
        if query.currency:
            chosen = [order for order in chosen if order.currency.lower() == query.currency.lower()]
        if query.order_types:
            chosen = [order for order in chosen if order.type in query.order_types]
        if query.variation_ids:
            sold = {item.order_id for item in self.items_of(chosen) if _variation(item) in query.variation_ids}
            chosen = [order for order in chosen if order.id in sold]
        return chosen

    def items_of(self, orders: Iterable[Order]) -> list[Item]:
        """Return the items of some orders."""
        numbers = {order.id for order in orders}
        return [item for item in self.all(ITEMS) if item.order_id in numbers]

    def pieces(self, orders: Iterable[Order], period: Period | None = None, query: ReportQuery | None = None) -> dict[int, int]:
        """Return the number of pieces by order id; with a period, of items created in it. Orders without items are missing."""
        pieces: dict[int, int] = {}
        variations = query.variation_ids if query else ()
        for item in self.items_of(orders):
            is_chosen = not variations or _variation(item) in variations
            if is_chosen and (period is None or period.includes(item.created_at)):
                pieces[item.order_id] = pieces.get(item.order_id, 0) + item.quantity
        return pieces

    def transactions_of(self, orders: Iterable[Order]) -> list[TransactionRecord]:
        """Return the transactions of some orders."""
        numbers = {order.id for order in orders}
        return [row for row in self.all(TRANSACTIONS) if row.order_id in numbers]

    def addresses(self, orders: Iterable[Order], kind: str) -> list[OrderAddress]:
        """Return the billing or shipping addresses of some orders."""
        numbers = {order.id for order in orders}
        return [row for row in self.all(ORDER_ADDRESSES) if row.order_id in numbers and row.type == kind]

    def countries(self, orders: Iterable[Order], group_key: str) -> Mapping[int, str]:
        """Return the country of each order that has such an address."""
        return {row.order_id: row.country for row in self.addresses(orders, group_key.removesuffix("_country"))}


def _variation(item: Item) -> int:
    return int(item.object_id or 0)
