"""Sums over orders, in minor units, and the groups of a chart."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct

from refund_sandbox.apis.fluentcart.rendering import Row
from refund_sandbox.apis.fluentcart.shop.reports.ledger import Orders
from refund_sandbox.apis.fluentcart.shop.reports.period import empty_groups, group_of
from refund_sandbox.apis.fluentcart.shop.reports.query import ReportQuery


class Figures(Struct, frozen=True):
    """Sums over some orders."""

    orders: int = 0
    refunded_orders: int = 0
    paid: int = 0
    refunded: int = 0
    net: int = 0
    shipping: int = 0
    tax: int = 0


def net(order: Orders) -> int:
    """Return the net revenue. Tax is taken off even if the refund returned it, and after a bulk `refunded` it is below 0."""
    return order.total_paid - order.total_refund - order.tax_total - order.shipping_tax


def add_up(orders: Sequence[Orders]) -> Figures:
    """Return the figures of some orders (34-044, 34-048, 34-218)."""
    return Figures(
        orders=sum(order.count for order in orders),
        refunded_orders=sum(order.refunded for order in orders),
        paid=sum(order.total_paid for order in orders),
        refunded=sum(order.total_refund for order in orders),
        net=sum(map(net, orders)),
        shipping=sum(order.shipping_total for order in orders),
        tax=sum(order.tax_total + order.shipping_tax for order in orders),
    )


def by_date(orders: Iterable[Orders], query: ReportQuery) -> Mapping[str, list[Orders]]:
    """Return the orders by the days, months or years of a chart."""
    return group(orders, lambda order: group_of(order.created_at, query.chart_key))


def chart_rows(found: Mapping[str, Row], query: ReportQuery, columns: Iterable[str]) -> list[Row]:
    """Return the rows of a chart, one for each day, month or year. Those that are not found are 0."""
    groups = empty_groups(query.period, query.chart_key)
    empty = {name: {"year": year, "group": name, **dict.fromkeys(columns, 0)} for year, name in groups}
    return list({**empty, **found}.values())


def group(orders: Iterable[Orders], key: Callable[[Orders], str]) -> Mapping[str, list[Orders]]:
    """Return the orders by a key, in the order of the keys."""
    groups: dict[str, list[Orders]] = {}
    for order in orders:
        groups.setdefault(key(order), []).append(order)
    return {name: groups[name] for name in sorted(groups, key=str.lower)}
