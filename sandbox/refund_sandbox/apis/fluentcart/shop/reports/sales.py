"""Reports on orders and sales. Orders without items are left out, and items count only if created in the period too."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from refund_sandbox.apis.fluentcart import php
from refund_sandbox.apis.fluentcart.records import ITEMS, ORDERS
from refund_sandbox.apis.fluentcart.rendering import Row
from refund_sandbox.apis.fluentcart.shop.reports import amounts, figures
from refund_sandbox.apis.fluentcart.shop.reports.amounts import Number, average, decimal_text, major, number
from refund_sandbox.apis.fluentcart.shop.reports.ledger import COUNTED, Ledger, Orders, sold_in
from refund_sandbox.apis.fluentcart.shop.reports.period import group_of
from refund_sandbox.apis.fluentcart.shop.reports.query import ReportQuery
from refund_sandbox.stores.query import Exists, In, Of

Pieces = Mapping[str, int]

_CHART = (
    "net_revenue",
    "gross_sale",
    "order_count",
    "total_item_count",
    "average_net",
    "average_order_items_count",
    "average_gross",
    "total_refund",
    "tax_total",
    "shipping_total",
)
_SUMS = ("net_revenue", "gross_sale", "order_count", "total_item_count", "total_refund", "tax_total", "shipping_total")
_AVERAGES = {"average_net": "net_revenue", "average_order_items_count": "total_item_count", "average_gross": "gross_sale"}
_MONTHLY = {"net": "net_revenue", "gross": "gross_sale", "orders": "order_count", "items": "total_item_count"}
_MONTHS = 2
"""Months of a period of a month and a day, as the plugin counts them (34-031)."""


def order_chart(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/order-chart (34-031)."""
    rows, summary = _order_chart(ledger, query)
    earlier = query.for_earlier()
    before = _order_chart(ledger, earlier)[1] if earlier else {}
    return {
        "orderChartData": rows,
        "summary": summary,
        "previousSummary": before or [],
        "fluctuations": amounts.changes(summary, before, tuple(summary)) if earlier else [],
    }


def _order_chart(ledger: Ledger, query: ReportQuery) -> tuple[list[Row], dict[str, Number]]:
    groups, pieces = _by_day(ledger, query)
    first_ids = {name: min(order.id for order in orders) for name, orders in groups.items()}
    of_first = ledger.pieces(query, "order_id", In("order_id", tuple(first_ids.values())), sold_in(query)) if groups else {}
    found = {name: _chart_row(name, orders, pieces[name], of_first[first_ids[name]]) for name, orders in groups.items()}
    return figures.chart_rows(found, query, _CHART), _chart_summary(list(found.values()))


def _by_day(ledger: Ledger, query: ReportQuery) -> tuple[Mapping[str, list[Orders]], Pieces]:
    """Return the orders that have items by group, and the pieces of each group."""
    with_items = Exists("id", ITEMS, "order_id", sold_in(query))
    orders = ledger.in_period(query, In("payment_status", COUNTED), with_items)
    pieces: dict[str, int] = {}
    for day, count in ledger.pieces(query, Of("order_id", ORDERS, "created_day"), sold_in(query)).items():
        group = group_of(day, query.chart_key)
        pieces[group] = pieces.get(group, 0) + count
    return figures.by_date(orders, query), pieces


def _chart_row(name: str, orders: Sequence[Orders], pieces: int, of_first: int) -> Row:
    """Return a group. `average_order_items_count` divides the pieces of one order only, as the plugin's query does."""
    sums = figures.add_up(orders)
    return {
        "group": name,
        "year": name[:4],
        "gross_sale": major(sums.paid),
        "net_revenue": major(sums.net),
        "order_count": str(sums.orders),
        "total_refund": major(sums.refunded),
        "shipping_total": major(sums.shipping),
        "tax_total": major(sums.tax),
        "average_net": average(sums.net, sums.orders),
        "average_gross": average(sums.paid, sums.orders),
        "total_item_count": str(pieces),
        "average_order_items_count": decimal_text(Fraction(of_first, sums.orders), 4),
        "average_order_gross": decimal_text(Fraction(sums.paid, 100 * sums.orders), 0),
    }


def _chart_summary(rows: list[Row]) -> dict[str, Number]:
    sums = {name: number(sum(float(row[name]) for row in rows)) for name in _SUMS}
    if not rows:
        return dict.fromkeys(_CHART, 0)
    averages = {name: number(sums[column] / sums["order_count"]) for name, column in _AVERAGES.items()}
    monthly = {f"monthly_{name}": number(sums[column] / _MONTHS) for name, column in _MONTHLY.items()}
    return {**{name: {**sums, **averages}[name] for name in _CHART}, **monthly}


_SALES = (
    "gross_sale",
    "net_revenue",
    "order_count",
    "subscription_renewal_count",
    "total_item_count",
    "total_refunded_amount",
    "total_refunded",
    "average_order_net",
    "average_order_items",
    "average_customer_orders",
    "average_customer_ltv",
)
"""Figures of the sales report. The renewals and the averages stay 0."""
_SALES_COMPARED = tuple(name for name in _SALES if name != "subscription_renewal_count")
_TYPES = {"onetime": "payment", "renewal": "renewal", "subscription": "subscription"}


def sales_report(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/sales-report: days with orders only (34-051)."""
    groups, pieces = _by_day(ledger, query)
    summary = _sales_summary(groups, pieces)
    earlier = query.for_earlier()
    before = _sales_summary(*_by_day(ledger, earlier)) if earlier else {}
    fluctuations = {name: amounts.change(summary[name], before[name], places=2) for name in _SALES_COMPARED} if earlier else []
    return {
        "graphs": _graphs(groups, pieces),
        "summaryData": summary,
        "previousSummary": before or [],
        "fluctuations": fluctuations,
    }


def _graphs(groups: Mapping[str, list[Orders]], pieces: Pieces) -> Row:
    graphs: Row = {}
    for name, orders in groups.items():
        sums, renewals = figures.add_up(orders), [order for order in orders if order.is_renewal]
        values = {
            "orderGraph": sums.orders,
            "grossSaleGraph": _amount(sums.paid),
            "refundsGraph": _amount(sums.refunded),
            "refundCountGraph": sums.refunded_orders,
            "netRevenueGraph": _amount(sums.net),
            "itemsSoldGraph": pieces[name],
            "subscriptionRenewalGraph": sum(order.count for order in renewals),
            "subscriptionRevenueGraph": _amount(sum(map(figures.net, renewals))),
        }
        for graph, value in values.items():
            graphs.setdefault(graph, {})[name] = value
    return {graph: graphs.get(graph, []) for graph in _GRAPHS}


_GRAPHS = (
    "orderGraph",
    "grossSaleGraph",
    "refundsGraph",
    "refundCountGraph",
    "netRevenueGraph",
    "itemsSoldGraph",
    "subscriptionRenewalGraph",
    "subscriptionRevenueGraph",
)


def _amount(cents: int) -> Number:
    return number(major(cents))


def _sales_summary(groups: Mapping[str, list[Orders]], pieces: Pieces) -> dict[str, Number]:
    orders = [order for group in groups.values() for order in group]
    sums = figures.add_up(orders)
    summary: dict[str, Number] = dict.fromkeys(_SALES, 0)
    summary |= {
        "gross_sale": _amount(sums.paid),
        "net_revenue": _amount(sums.net),
        "order_count": sums.orders,
        "total_item_count": sum(pieces.values()),
        "total_refunded_amount": _amount(sums.refunded),
        "total_refunded": sums.refunded_orders,
    }
    by_type = {name: figures.add_up([order for order in orders if order.type == kind]) for name, kind in _TYPES.items()}
    summary |= {f"{name}_count": part.orders for name, part in by_type.items()}
    summary |= {f"{name}_gross": _amount(part.paid) for name, part in by_type.items()}
    return summary | {f"{name}_net": _amount(part.net) for name, part in by_type.items()}


def growth_chart(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/sales-growth-chart: any payment status; `orderStatus` names the statuses to leave out (34-075)."""
    sent = list(map(php.to_text, php.entries(query.fields.get("orderStatus"))))
    left_out = ["on-hold", "failed"] if not sent or "all" in sent else sent
    orders = [order for order in ledger.in_period(query) if order.status not in left_out]
    rows = {}
    for name, group in figures.by_date(orders, query).items():
        sums = figures.add_up(group)
        rows[name] = {"year": name[:4], "group": name, "orders": sums.orders, "net_revenue": _amount(sums.net)}
    return {"salesGrowthChart": figures.chart_rows(rows, query, ("orders", "net_revenue"))}
