"""Figures of orders in a period, next to those of the period before."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from refund_sandbox.apis.fluentcart.records import ITEMS, ORDERS
from refund_sandbox.apis.fluentcart.rendering import STORE_CURRENCY, Row
from refund_sandbox.apis.fluentcart.shop.reports import dates, figures
from refund_sandbox.apis.fluentcart.shop.reports.ledger import Ledger, Orders, created_in
from refund_sandbox.apis.fluentcart.shop.reports.period import Period, add, end_of_day, start_of_day, write
from refund_sandbox.apis.fluentcart.shop.reports.query import ReportQuery
from refund_sandbox.apis.fluentcart.wordpress.plain_text import sanitize_text
from refund_sandbox.stores.query import AllOf, Between, Exists, In

_STATS = {
    "total_orders": ("All Orders", "AllOrdersIcon"),
    "paid_orders": ("Paid Orders", "Money"),
    "total_paid_order_items": ("Paid Order Items", "OrderItemsIcon"),
    "total_paid_amounts": ("Order Value (Paid)", "OrderValueIcon"),
}


def stats(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/dashboard-stats: the only report that reads the dates (34-077 to 34-086).

    A partial refund takes its order out of the paid ones (34-203). With one date only, all figures are 0.
    """
    period = _stats_period(ledger, query)
    currency = query.currency or STORE_CURRENCY
    current, before = _stats(ledger, period, currency) if period else ((0, 0, 0, 0), (0, 0, 0, 0))
    rows = {}
    for (name, (title, icon)), count, compared in zip(_STATS.items(), current, before, strict=True):
        rows[name] = {"title": title, "icon": icon, "current_count": count, "compare_count": compared}
    rows["total_paid_amounts"]["is_cents"] = True
    return {"dashBoardStats": rows}


def _stats_period(ledger: Ledger, query: ReportQuery) -> Period | None:
    sent = [query.text("startDate"), query.text("endDate")]
    if not any(sent):
        first = ledger.first_order()
        start = dates.read(first, query.now) if first else None
        return Period(start, query.now) if start else None
    start, end = (dates.parse(text, query.now) if text else None for text in sent)
    return Period(start, end) if start and end else None


def _before(period: Period) -> Period:
    """Return the period of the same length before."""
    end = end_of_day(add(period.start, timedelta(days=-1)))
    days = abs(period.end - period.start).days
    return Period(start_of_day(add(end, timedelta(days=-days))), end)


_Counts = tuple[int, int, int, int]
"""Orders, paid orders, items of the paid orders, and their amount."""


def _stats(ledger: Ledger, period: Period, currency: str) -> tuple[_Counts, _Counts]:
    """Return the figures of a period and of the one before. Both are whole days."""
    days, before = Period(start_of_day(period.start), end_of_day(period.end)), _before(period)
    both = Between("created_at", min(days.first, before.first), max(days.last, before.last))
    orders = [row for row in ledger.orders(both) if row.currency.lower() == currency.lower()]
    return _count_up(ledger, orders, days), _count_up(ledger, orders, before)


def _count_up(ledger: Ledger, orders: Sequence[Orders], days: Period) -> _Counts:
    orders = [row for row in orders if days.first[:10] <= row.created_at <= days.last[:10]]
    paid = [order for order in orders if order.payment_status == "paid"]
    all_sums, sums = figures.add_up(orders), figures.add_up(paid)
    if not paid:
        return all_sums.orders, 0, 0, 0
    currencies = tuple({order.currency for order in paid})
    of_paid = AllOf((created_in(days), In("payment_status", ("paid",)), In("currency", currencies)))
    items = ledger.count(ITEMS, Exists("order_id", ORDERS, "id", of_paid))
    return all_sums.orders, sums.orders, items, sums.paid


def quick_stats(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/quick-order-stats: no order has the payment statuses it calls paid (34-033, 34-135 to 34-137)."""
    sent = sanitize_text(query.values.get("day_range", "-0 days"))
    to_date = end_of_day(query.now)
    if sent == "all_time":
        return {
            "stats": _quick(_count(ledger, "1970-01-01 00:00:00", to_date), None),
            "from_date": False,
            "to_date": write(to_date),
        }
    start = dates.read(sent, query.now) or datetime(1970, 1, 1, tzinfo=query.now.tzinfo)
    if sent == "this_month":
        start = query.now.replace(day=1)
    start = start_of_day(start)
    length = to_date - start
    earlier = start_of_day(add(start, -length)), end_of_day(add(to_date, -length))
    counts = _count(ledger, write(start), to_date), _count(ledger, write(earlier[0]), earlier[1])
    return {"stats": _quick(*counts), "from_date": write(start), "to_date": write(to_date)}


def _count(ledger: Ledger, first: str, last: datetime) -> int:
    return ledger.count(ORDERS, Between("created_at", first, write(last)))


def _quick(current: int, before: int | None) -> Row:
    nothing = None if before is None else 0
    values: dict[str, Any] = {
        "total_orders": current,
        "paid_orders": "0",
        "total_paid_order_items": "0",
        "total_paid_amounts": None,
    }
    rows: Row = {
        name: {"title": _STATS[name][0], "current_count": value, "compare_count": before if name == "total_orders" else nothing}
        for name, value in values.items()
    }
    rows["total_paid_amounts"]["is_cents"] = True
    return rows
