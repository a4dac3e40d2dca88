"""Reports on refunds. A refund counts on the day its order was created, not when it was made (34-204)."""

from fractions import Fraction

from refund_sandbox.apis.fluentcart.records import ORDERS
from refund_sandbox.apis.fluentcart.rendering import Row
from refund_sandbox.apis.fluentcart.shop.reports import figures
from refund_sandbox.apis.fluentcart.shop.reports.amounts import Number, average, decimal_text, major, number
from refund_sandbox.apis.fluentcart.shop.reports.figures import Figures
from refund_sandbox.apis.fluentcart.shop.reports.ledger import Ledger, created_in
from refund_sandbox.apis.fluentcart.shop.reports.period import read
from refund_sandbox.apis.fluentcart.shop.reports.query import ReportQuery
from refund_sandbox.stores.query import Compare, Of

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
    orders = ledger.counted(query)
    rows = [_row(name, figures.add_up(group)) for name, group in figures.by_date(orders, query).items()]
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
    key, totals = query.group_key, dict[str, tuple[int, int]]()
    if key == "payment_method":
        for name, _, total, count in ledger.refund_rows(query, (Of("order_id", ORDERS, "payment_method"),), refunded):
            totals[name or "Uncategorized"] = total, count
    else:
        country_key = "billing_country" if key == "billing_country" else "shipping_country"
        countries = ledger.countries(country_key, created_in(query.period), refunded)
        for order_id, _, total, _ in ledger.refund_rows(query, ("order_id",), refunded) if countries else ():
            if order_id in countries:
                before, count = totals.get(countries[order_id], (0, 0))
                totals[countries[order_id]] = before + total, count + 1
    return {"data": [_group_row(key or "", name, *totals[name]) for name in sorted(totals, key=str.lower)]}


def _group_row(key: str, name: str, total: int, count: int) -> Row:
    amounts = {"total": number(major(total)), "average": number(average(total, count))}
    return {key: name, "totalRefunded": count, "totalRefundedAmount": amounts}


def weeks_between(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/weeks-between-refund: weeks from an order to its first refund. Both must be in the period."""
    first: dict[int, tuple[str, str]] = {}
    for order_id, refunded_at, ordered_at, *_ in ledger.refund_rows(
        query, ("order_id", "created_at", Of("order_id", ORDERS, "created_at"))
    ):
        if query.period.includes(refunded_at):
            first[order_id] = min((refunded_at, ordered_at), first.get(order_id, (refunded_at, ordered_at)))
    counts: dict[int, int] = {}
    for refunded_at, ordered_at in first.values():
        days = (read(refunded_at) - read(ordered_at)).days
        weeks = (max(days, 1) + 6) // 7
        counts[weeks] = counts.get(weeks, 0) + 1
    return {"data": [{"occurrence": str(counts[weeks]), "weekBetween": str(weeks)} for weeks in sorted(counts)]}
