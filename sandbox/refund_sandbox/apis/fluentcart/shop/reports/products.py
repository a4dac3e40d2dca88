"""Reports on products."""

from collections.abc import Callable, Sequence
from fractions import Fraction

from refund_sandbox.apis.fluentcart.records import ITEMS
from refund_sandbox.apis.fluentcart.rendering import Row
from refund_sandbox.apis.fluentcart.shop.product_views import placeholder
from refund_sandbox.apis.fluentcart.shop.records import PRODUCTS, VARIANTS
from refund_sandbox.apis.fluentcart.shop.reports import amounts, figures
from refund_sandbox.apis.fluentcart.shop.reports.amounts import Number, decimal_text, major, number
from refund_sandbox.apis.fluentcart.shop.reports.ledger import Items, Ledger, Orders
from refund_sandbox.apis.fluentcart.shop.reports.period import group_of
from refund_sandbox.apis.fluentcart.shop.reports.query import ReportQuery

_COLUMNS = ("units_sold", "gross_sale", "total_refunds", "net_sale", "average_selling_price", "customer_count")
_TOP_PRODUCTS, _TOP_VARIANTS = 20, 10


def _sold(ledger: Ledger, query: ReportQuery, key: Callable[[Items], int]) -> list[tuple[int, int, Number]]:
    """Return the ids that were sold with pieces and amount, most pieces first."""
    sums: dict[int, tuple[int, int]] = {}
    for item in ledger.items_of(ledger.each_counted(query), query.period):
        if key(item) > 0:
            pieces, total = sums.get(key(item), (0, 0))
            sums[key(item)] = pieces + item.quantity, total + item.line_total
    rows = [(number_, pieces, number(major(total))) for number_, (pieces, total) in sorted(sums.items())]
    return sorted(rows, key=lambda row: -row[1])


def top_products(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/fetch-top-sold-products. The name is that of the last order item."""
    names = {item.post_id: item.post_title for item in ledger.store.all(ITEMS)}
    known = {product.ID for product in ledger.store.all(PRODUCTS)}
    rows = [
        {
            "product_id": product_id,
            "product_name": names[product_id],
            "quantity_sold": pieces,
            "total_amount": total,
            "media": placeholder(query.site_url) if product_id in known else None,
        }
        for product_id, pieces, total in _sold(ledger, query, lambda item: item.post_id)[:_TOP_PRODUCTS]
    ]
    return {"topSoldProducts": rows}


def top_variants(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/fetch-top-sold-variants (34-151)."""
    last = {item.variation_id: item for item in ledger.store.all(ITEMS)}
    products = {item.post_id: item.post_title for item in ledger.store.all(ITEMS)}
    known = {variant.id for variant in ledger.store.all(VARIANTS)}
    rows = [
        {
            "product_id": last[variation_id].post_id,
            "product_name": products[last[variation_id].post_id],
            "variation_id": variation_id,
            "variation_name": last[variation_id].title,
            "quantity": pieces,
            "total_amount": total,
            "media_url": placeholder(query.site_url) if variation_id in known else None,
        }
        for variation_id, pieces, total in _sold(ledger, query, lambda item: item.variation_id)[:_TOP_VARIANTS]
    ]
    return {"topSoldVariants": rows}


def report(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/product-report: an order with two variations counts twice (34-152)."""
    rows, summary = _report(ledger, query)
    earlier = query.for_earlier()
    rows_before, before = _report(ledger, earlier) if earlier else ([], {})
    compared = ("units_sold", "gross_sale", "average_selling_price", "customer_count", "total_refunds", "net_sale")
    return {
        "summary": summary,
        "previousSummary": before or [],
        "fluctuations": amounts.changes(summary, before, compared) if earlier else [],
        "currentMetrics": rows,
        "previousMetrics": rows_before,
    }


def _report(ledger: Ledger, query: ReportQuery) -> tuple[list[Row], dict[str, Number]]:
    orders = {order.id: order for order in ledger.each_counted(query)}
    groups: dict[str, list[tuple[Orders, int]]] = {}
    for (order_id, _), count in _pieces_by_variation(ledger, query, list(orders.values())).items():
        day = group_of(orders[order_id].created_at, query.chart_key)
        groups.setdefault(day, []).append((orders[order_id], count))
    found = {day: _row(day, groups[day]) for day in sorted(groups)}
    return figures.chart_rows(found, query, _COLUMNS), _summary(list(found.values()))


def _pieces_by_variation(ledger: Ledger, query: ReportQuery, orders: Sequence[Orders]) -> dict[tuple[int, int], int]:
    pieces: dict[tuple[int, int], int] = {}
    for item in ledger.items_of(orders, query.period):
        variation = item.variation_id
        is_chosen = not query.variation_ids or variation in query.variation_ids
        if is_chosen and query.period.includes(item.created_at):
            line = item.order_id, variation
            pieces[line] = pieces.get(line, 0) + item.quantity
    return pieces


def _row(name: str, lines: Sequence[tuple[Orders, int]]) -> Row:
    sums, units = figures.add_up([order for order, _ in lines]), sum(count for _, count in lines)
    return {
        "year": int(name[:4]),
        "group": name,
        "units_sold": units,
        "gross_sale": number(major(sums.paid)),
        "total_refunds": number(major(sums.refunded)),
        "net_sale": number(major(sums.net)),
        "average_selling_price": number(decimal_text(Fraction(sums.paid, units * 100), 2)) if units else 0,
        "customer_count": len({order.customer_id for order, _ in lines}),
    }


def _summary(rows: Sequence[Row]) -> dict[str, Number]:
    """Return the sums of all days, so a customer counts once a day."""
    sums = {name: number(sum(row[name] for row in rows)) for name in _COLUMNS}
    average = number(sums["gross_sale"] / sums["units_sold"]) if sums["units_sold"] else 0
    return {**sums, "average_selling_price": average}


def performance(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/product-performance: pieces by month and variation. Read in the source of 1.3.25."""
    orders = {order.id: order for order in ledger.each_counted(query)}
    titles = {variant.id: variant.title for variant in ledger.store.all(VARIANTS)}
    products = {product.ID: product.post_title for product in ledger.store.all(PRODUCTS)}
    post_ids = {item.variation_id: item.post_id for item in ledger.items_of(orders.values(), query.period)}
    sums: dict[str, dict[int, int]] = {}
    for (order_id, variation), count in _pieces_by_variation(ledger, query, list(orders.values())).items():
        month = sums.setdefault(orders[order_id].created_at[:7], {})
        month[variation] = month.get(variation, 0) + count
    return {
        "productPerformance": {
            month: [
                {
                    "name": titles.get(variation),
                    "post_title": products.get(post_ids[variation]),
                    "value": count,
                    "variation_id": variation,
                }
                for variation, count in sorted(sums[month].items())
            ]
            for month in sorted(sums)
        }
        or []
    }
