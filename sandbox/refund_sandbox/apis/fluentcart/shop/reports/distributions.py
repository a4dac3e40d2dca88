"""Reports that count orders by a property, and customers."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from refund_sandbox.apis.fluentcart.records import CUSTOMERS
from refund_sandbox.apis.fluentcart.rendering import Row
from refund_sandbox.apis.fluentcart.shop.reports import amounts, figures
from refund_sandbox.apis.fluentcart.shop.reports.amounts import Number, major, number
from refund_sandbox.apis.fluentcart.shop.reports.ledger import Ledger, Orders, created_in, sold_in
from refund_sandbox.apis.fluentcart.shop.reports.period import group_of, read
from refund_sandbox.apis.fluentcart.shop.reports.query import ReportQuery
from refund_sandbox.stores.protocol import TotalsQuery

_STEPS = 10
_STEP = 10000
_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


def order_values(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/order-value-distribution: orders by their total in steps of 100; null without any (34-146)."""
    orders = ledger.each_counted(query)
    counts = Counter(min(max(order.total_amount - 1, 0) // _STEP, _STEPS) for order in orders)
    names = [*(f"{step * 100}-{step * 100 + 100}" for step in range(_STEPS)), "1000+"]
    return {"data": {name: str(counts[step]) if orders else None for step, name in enumerate(names)}}


def item_counts(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/item-count-distribution: orders by their number of pieces (34-147)."""
    counts = Counter(ledger.pieces(query, "order_id", sold_in(query)).values())
    return {"data": [{"order_count": str(counts[count]), "item_count": str(count)} for count in sorted(counts)]}


def completion_times(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/order-completion-time: orders by hours until completion."""
    counts: Counter[int] = Counter()
    for order in ledger.each_counted(query):
        if order.completed_at:
            taken = read(order.completed_at) - read(order.created_at)
            counts[int(taken.total_seconds() / 3600)] += 1
    return {"data": [{"hour": str(hour), "orders": str(counts[hour])} for hour in sorted(counts)]}


def by_day_and_hour(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/fetch-report-by-day-and-hour. Days without orders are numbered 0 (34-149)."""
    orders = [(order, read(order.created_at)) for order in ledger.each_counted(query)]
    cells = Counter((moment.hour, _day(moment)) for _, moment in orders)
    by_day = [[order for order, moment in orders if _day(moment) == day] for day in range(7)]
    by_hour = [[order for order, moment in orders if moment.hour == hour] for hour in range(24)]
    return {
        "orderByDayAndHour": [
            {"hour": _hour_name(hour), **{name: cells[hour, day] for day, name in enumerate(_DAYS)}} for hour in range(24)
        ],
        "grossSaleByDay": [{"day": str(day + 1) if group else 0, **_gross(group)} for day, group in enumerate(by_day)],
        "grossSaleByHour": [{"hour": _hour_name(hour), **_gross(group)} for hour, group in enumerate(by_hour)],
    }


def _day(moment: datetime) -> int:
    """Return the day of the week; Sunday is 0."""
    return moment.isoweekday() % 7


def _hour_name(hour: int) -> str:
    return f"{hour % 12 or 12} {'AM' if hour < 12 else 'PM'}"


def _gross(orders: Sequence[Orders]) -> Row:
    return {"gross_sale": number(major(figures.add_up(orders).paid)), "order_count": len(orders)}


def new_and_returning(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/fetch-new-vs-returning-customer: a customer without a date of purchase is returning (34-145)."""
    customers = ledger.customers
    groups: dict[str, list[Orders]] = {}
    for order in ledger.each_counted(query):
        customer = customers.get(order.customer_id or 0)
        first = customer.first_purchase_date if customer else None
        groups.setdefault("New" if first is not None and first >= query.period.first else "Returning", []).append(order)
    rows = [_customer_type(name, groups[name]) for name in sorted(groups)]
    return {
        "newVsReturning": rows or [{"customer_type": name, **dict.fromkeys(_NO_CUSTOMERS, 0)} for name in ("new", "returning")]
    }


_NO_CUSTOMERS = ("customer_count", "order_count", "net_sales", "average_net", "gross_sales", "average_gross")


def _customer_type(name: str, orders: Sequence[Orders]) -> Row:
    sums = figures.add_up(orders)
    return {
        "customer_type": name,
        "customer_count": str(len({order.customer_id for order in orders})),
        "order_count": str(sums.orders),
        "gross_sales": major(sums.paid),
        "net_sales": major(sums.net),
        "average_net": number(float(major(sums.net)) / sums.orders),
        "average_gross": number(float(major(sums.paid)) / sums.orders),
    }


def customers(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/customer-report: new customers by day (34-143)."""
    rows, count = _new_customers(ledger, query)
    earlier = query.for_earlier()
    rows_before, before = _new_customers(ledger, earlier) if earlier else ([], 0)
    summary: dict[str, Number] = {"customer_count": count}
    return {
        "summary": summary,
        "previousSummary": {"customer_count": before} if earlier else [],
        "fluctuations": amounts.changes(summary, {"customer_count": before}, ("customer_count",)) if earlier else [],
        "currentMetrics": rows,
        "previousMetrics": rows_before,
    }


def _new_customers(ledger: Ledger, query: ReportQuery) -> tuple[list[Row], int]:
    by_date = TotalsQuery(("created_at",), where=(created_in(query.period),))
    dates = Counter(dict(ledger.store.totals(CUSTOMERS, by_date)))
    return count_rows(list(dates.elements()), query, "customer_count"), dates.total()


def count_rows(dates: Sequence[str], query: ReportQuery, column: str) -> list[Row]:
    """Return the number of dates in each group of a period. The year of a found group is a number."""
    counts = Counter(group_of(date, query.chart_key) for date in dates)
    found = {name: {"year": int(name[:4]), "group": name, column: counts[name]} for name in sorted(counts)}
    return figures.chart_rows(found, query, (column,))
