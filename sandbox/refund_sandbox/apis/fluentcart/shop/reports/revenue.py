"""Reports on revenue."""

from collections.abc import Sequence

from refund_sandbox.apis.fluentcart.errors import PluginCrash
from refund_sandbox.apis.fluentcart.records import ORDERS
from refund_sandbox.apis.fluentcart.rendering import Row
from refund_sandbox.apis.fluentcart.shop.reports import amounts, figures
from refund_sandbox.apis.fluentcart.shop.reports.amounts import average, major, number
from refund_sandbox.apis.fluentcart.shop.reports.ledger import COUNTED, Ledger, Orders, conditions, created_in
from refund_sandbox.apis.fluentcart.shop.reports.query import ReportQuery
from refund_sandbox.stores.protocol import TotalsQuery
from refund_sandbox.stores.query import In, Of

_COLUMNS = ("total_sales", "net_revenue", "shipping_total", "total_tax", "total_refunds", "order_count", "refunded_orders")
_SUMMARY = {
    "net_revenue": "net_revenue",
    "gross_sale": "total_sales",
    "total_refunded_amount": "total_refunds",
    "tax_total": "total_tax",
    "shipping_total": "shipping_total",
    "order_count": "order_count",
    "refunded_orders": "refunded_orders",
}
"""Figure of the summary → column that it adds up."""
_COMPARED = ("net_revenue", "gross_sale", "total_refunded_amount", "tax_total", "shipping_total", "discount")
_COUNTRY_KEYS = ("billing_country", "shipping_country")
_ORDER_KEYS = ("payment_method", "payment_status")


def report(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/revenue: each day, also without orders (34-048, 34-127, 34-129)."""
    rows, summary = _report(ledger, query)
    earlier = query.for_earlier()
    rows_before, before = _report(ledger, earlier) if earlier else ([], {})
    return {
        "revenueReport": rows,
        "summary": summary,
        "previousSummary": before or [],
        "fluctuations": amounts.changes(summary, before, _COMPARED) if earlier else [],
        "previousMetrics": rows_before,
        "appliedGroupKey": query.chart_key,
    }


def _report(ledger: Ledger, query: ReportQuery) -> tuple[list[Row], Row]:
    found = {name: _row(name, orders) for name, orders in figures.by_date(ledger.counted(query), query).items()}
    summary = {name: number(sum(float(row[column]) for row in found.values())) for name, column in _SUMMARY.items()}
    return figures.chart_rows(found, query, _COLUMNS), summary


def _row(name: str, orders: Sequence[Orders]) -> Row:
    sums = figures.add_up(orders)
    return {
        "year": name[:4],
        "group": name,
        "total_sales": major(sums.paid),
        "net_revenue": major(sums.net),
        "shipping_total": major(sums.shipping),
        "total_tax": major(sums.tax),
        "total_refunds": major(sums.refunded),
        "order_count": str(sums.orders),
        "refunded_orders": str(sums.refunded_orders),
    }


def by_group(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/revenue-by-group (34-049, 34-131, 34-206)."""
    groups = grouped(ledger, query)
    if query.group_key in _ORDER_KEYS:
        key = query.group_key
        pieces = ledger.pieces(query, Of("order_id", ORDERS, key))
        where = (*conditions(query), In("payment_status", COUNTED))
        rows = ledger.store.totals(ORDERS, TotalsQuery((key,), distinct=("customer_id",), where=where))
        customers = {value: count for value, _, count in rows}
        return {"data": [_group_row(key, name, orders, pieces.get(name, 0), customers[name]) for name, orders in groups]}
    by_order = ledger.pieces(query, "order_id")
    return {
        "data": [
            _group_row(
                query.group_key or "",
                name,
                orders,
                sum(by_order.get(order.id, 0) for order in orders),
                len({order.customer_id for order in orders} - {None}),
            )
            for name, orders in groups
        ]
    }


def grouped(ledger: Ledger, query: ReportQuery) -> list[tuple[str, list[Orders]]]:
    """Return the counted orders by the group key. Keys that are no column crash the plugin, and so does none (34-144)."""
    key = query.group_key
    if key in _COUNTRY_KEYS:
        countries = ledger.countries(key or "", created_in(query.period))
        orders = ledger.each_counted(query)
        return list(figures.group(orders, lambda order: countries.get(order.id, "Uncategorized")).items())
    if key in _ORDER_KEYS:
        return list(figures.group(ledger.counted(query), lambda order: getattr(order, key)).items())
    raise PluginCrash(f"Unknown column 'o.{key or ''}' in 'field list'")


def _group_row(key: str, name: str, orders: Sequence[Orders], pieces: int, customers: int) -> Row:
    sums = figures.add_up(orders)
    return {
        key: name,
        "orders": str(sums.orders),
        "refunded_orders": str(sums.refunded_orders),
        "gross_sale": major(sums.paid),
        "net_sale": major(sums.net),
        "average_order_gross": average(sums.paid, sums.orders),
        "average_order_net": average(sums.net, sums.orders),
        "items": str(pieces),
        "shipping_total": major(sums.shipping),
        "total_tax": major(sums.tax),
        "total_refunds": major(sums.refunded),
        "customer_count": str(customers),
    }


def orders_by_group(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/fetch-order-by-group."""
    rows = []
    for name, orders in grouped(ledger, query):
        sums = figures.add_up(orders)
        rows.append(
            {
                query.group_key or "": name,
                "orders": str(sums.orders),
                "gross_sale": major(sums.paid),
                "net_sale": major(sums.net),
                "average_order_gross": average(sums.paid, sums.orders),
                "average_order_net": average(sums.net, sums.orders),
            }
        )
    return {"data": rows}
