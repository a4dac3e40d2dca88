"""Reports on refunds. A refund counts on the day its order was created, not when it was made (34-204)."""

from datetime import datetime
from fractions import Fraction

from refund_sandbox.apis.fluentcart.records import TRANSACTIONS
from refund_sandbox.apis.fluentcart.rendering import Row
from refund_sandbox.apis.fluentcart.shop.reports import figures
from refund_sandbox.apis.fluentcart.shop.reports.amounts import Number, average, decimal_text, major, number
from refund_sandbox.apis.fluentcart.shop.reports.figures import Figures
from refund_sandbox.apis.fluentcart.shop.reports.ledger import COUNTED, Ledger, created_in
from refund_sandbox.apis.fluentcart.shop.reports.period import chart_key, group_of
from refund_sandbox.apis.fluentcart.shop.reports.query import ReportQuery
from refund_sandbox.stores.query import Compare, Exists, In

_REFUNDED = ("refunded", "partially_refunded")
_COMPARED = ("refund_count", "refunded_amount", "average_refunded_amount", "refund_rate")
_EMPTY: Row = {"refund_rate": 0, "refund_count": 0, "refunded_amount": 0, "average_refunded_amount": 0}


def chart(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/refund-chart. Days without orders are missing."""
    summary, rows = _chart(ledger, query)
    earlier = query.for_earlier()
    before, rows_before = _chart(ledger, earlier) if earlier else ([], [])
    return {
        "summary": summary,
        "previousSummary": before,
        "chartData": rows,
        "fluctuations": _changes(summary, before) if isinstance(before, dict) else [],
        "previousMetrics": rows_before,
    }


def _chart(ledger: Ledger, query: ReportQuery) -> tuple[Row, list[Row]]:
    key, orders = chart_key(query.period, query.group_key), ledger.counted(query)
    rows = [
        _row(name, figures.add_up(group))
        for name, group in figures.group(orders, lambda order: group_of(order.created_at, key)).items()
    ]
    return (_row("TOTAL", figures.add_up(orders)) if orders else dict(_EMPTY)), rows


def _row(name: str, sums: Figures) -> Row:
    """Return the refunds of a group. The average is over all of its orders, not over the refunded ones."""
    rate = Fraction(sums.refunded * 100, sums.paid) if sums.paid > 0 else Fraction(0)
    return {
        "group": name,
        "refund_count": str(sums.refunded_orders),
        "refunded_amount": major(sums.refunded),
        "average_refunded_amount": average(sums.refunded, sums.orders),
        "refund_rate": decimal_text(rate, 4),
    }


def _changes(current: Row, before: Row) -> dict[str, Number]:
    """Return the changes in per cent; 100 where there was nothing before (34-106)."""
    changes = {}
    for name in _COMPARED:
        now, earlier = float(current[name]), float(before[name])
        changes[name] = number((now - earlier) / earlier * 100) if earlier else 100 if now > 0 else 0
    return changes


def by_group(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/refund-data-by-group: by payment method, or by the country of an address (34-116 to 34-120).

    Counts the transactions with status refunded, so a charge that a bulk action set to refunded too (34-221).
    """
    refunded = Compare("total_refund", ">", 0)
    orders = ledger.each_in_period(query, In("payment_status", COUNTED), refunded)
    key = query.group_key
    names = {order.id: order.payment_method or "Uncategorized" for order in orders}
    if key != "payment_method":
        country_key = "billing_country" if key == "billing_country" else "shipping_country"
        countries = ledger.countries(country_key, created_in(query.period), refunded)
        names = {order_id: countries[order_id] for order_id in names if order_id in countries}
    totals: dict[str, dict[int, int]] = {}
    for order_id, _, total in ledger.refund_rows(query, _REFUNDED, ("order_id",)):
        if order_id in names:
            totals.setdefault(names[order_id], {})[order_id] = total
    return {"data": [_group_row(key or "", name, totals[name]) for name in sorted(totals, key=str.lower)]}


def _group_row(key: str, name: str, by_order: dict[int, int]) -> Row:
    total = sum(by_order.values())
    amounts = {"total": number(major(total)), "average": number(average(total, len(by_order)))}
    return {key: name, "totalRefunded": len(by_order), "totalRefundedAmount": amounts}


def weeks_between(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/weeks-between-refund: weeks from an order to its first refund. Both must be in the period."""
    rows = ledger.refund_rows(query, _REFUNDED, ("order_id", "created_at"))
    with_refund = Exists("id", TRANSACTIONS, "order_id", In("status", _REFUNDED))
    found = ledger.each_in_period(query, In("payment_status", COUNTED), with_refund) if rows else []
    orders = {order.id: order for order in found}
    first: dict[int, str] = {}
    for order_id, created_at, _, _ in rows:
        if order_id in orders and query.period.includes(created_at):
            first[order_id] = min(created_at, first.get(order_id, created_at))
    counts: dict[int, int] = {}
    for number_, date in first.items():
        days = (datetime.fromisoformat(date) - datetime.fromisoformat(orders[number_].created_at)).days
        weeks = (max(days, 1) + 6) // 7
        counts[weeks] = counts.get(weeks, 0) + 1
    return {"data": [{"occurrence": str(counts[weeks]), "weekBetween": str(weeks)} for weeks in sorted(counts)]}
