"""Reports on subscriptions."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from refund_sandbox.apis.fluentcart import php
from refund_sandbox.apis.fluentcart.records import Subscription
from refund_sandbox.apis.fluentcart.rendering import Row
from refund_sandbox.apis.fluentcart.shop.reports.amounts import major
from refund_sandbox.apis.fluentcart.shop.reports.distributions import count_rows
from refund_sandbox.apis.fluentcart.shop.reports.ledger import Ledger
from refund_sandbox.apis.fluentcart.shop.reports.period import Period, add_months, end_of_day, read, start_of_day, write
from refund_sandbox.apis.fluentcart.shop.reports.query import ReportQuery

_DAYS = {"daily": 1, "weekly": 7, "monthly": 30, "quarterly": 90, "yearly": 365, "biweekly": 14, "bimonthly": 60}
"""Days between renewals, as the projection counts them; 30 for others."""


def chart(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/subscription-chart: orders of subscriptions, or with `subscriptionType` subscriptions that ended (34-154)."""
    rows, count = _chart(ledger, query)
    earlier = query.for_earlier()
    return {
        "currentMetrics": rows,
        "compareMetrics": _chart(ledger, earlier)[0] if earlier else None,
        "summary": {"future_installments": _installments(ledger, query), "total_subscriptions": count},
        "fluctuations": [],
    }


def _chart(ledger: Ledger, query: ReportQuery) -> tuple[list[Row], int]:
    kind = query.text("subscriptionType") or "subscription"
    if kind in ("subscription", "renewal"):
        dates = [
            order.created_at
            for order in ledger.each_counted(query)
            if order.type == kind and order.status in ("completed", "processing")
        ]
    else:
        ended = [(row, row.canceled_at if kind == "canceled" else row.expire_at) for row in ledger.subscriptions]
        dates = [row.created_at for row, end in ended if row.status == kind and query.period.includes(end)]
    return count_rows(dates, query, "count"), len(dates)


def _installments(ledger: Ledger, query: ReportQuery) -> str | None:
    """Return what subscriptions with a limited number of bills will still pay."""
    orders = {order.id for order in ledger.each_counted(query)}
    limited = [row for row in ledger.subscriptions if row.parent_order_id in orders and 0 < row.bill_times > row.bill_count]
    return major(sum((row.bill_times - row.bill_count) * row.recurring_total for row in limited)) if limited else None


def daily_signups(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/daily-signups: new subscriptions by day (34-155)."""
    counts = Counter(row.created_at[:10] for row in _chosen(ledger, query))
    return {"signups": [{"trend_date": day, "value": str(counts[day])} for day in sorted(counts)]}


def _chosen(ledger: Ledger, query: ReportQuery) -> list[Subscription]:
    return [
        row
        for row in ledger.subscriptions
        if query.period.includes(row.created_at) and (not query.variation_ids or row.variation_id in query.variation_ids)
    ]


_LIFESPANS = {"day_7": 7, "day_15": 15, "day_30": 30, "day_90": 90, "day_180": 180, "day_365": 365}
"""Name of a column → the most days that it counts."""


def retention_chart(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/retention-chart: new subscriptions by the days from start to end, or to now (read in the source).

    `customDays` makes it one column: the subscriptions of at most that age.
    """
    days = [_lifespan(row, query.now) for row in _chosen(ledger, query)]
    limit = php.to_int(query.text("customDays"))
    if limit:
        return {"chartData": {f"day_{limit}": str(sum(count <= limit for count in days))}}
    columns: dict[str, int] = dict.fromkeys((*_LIFESPANS, "more_than_year"), 0)
    for count in days:
        columns[next((name for name, most in _LIFESPANS.items() if count <= most), "more_than_year")] += 1
    return {"chartData": {name: str(value) if days else None for name, value in columns.items()}}


def _lifespan(row: Subscription, now: datetime) -> int:
    end = read(row.canceled_at).date() if row.canceled_at else now.date()
    return (end - read(row.created_at).date()).days


def future_renewals(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/future-renewals: renewals of the next three months (34-157).

    The total counts every renewal. A month that the projections lack counts nowhere else: three times a month from the
    31st skips the short ones.
    """
    period = Period(start_of_day(query.now), end_of_day(add_months(query.now, 3)))
    projections: dict[str, Row] = {
        group: {"group": group, "renewals_count": 0, "projected_amount": 0} for group in _months(period)
    }
    total = counted = 0
    for row in ledger.subscriptions:
        for renewal in _renewals(row, period, query.now):
            total += row.recurring_total
            projection = projections.get(write(renewal)[:7])
            if projection:
                counted += 1
                projection["renewals_count"] += 1
                projection["projected_amount"] += row.recurring_total
    return {
        "totalProjected": total,
        "totalRenewals": counted,
        "projections": list(projections.values()),
        "period": [period.first, period.last],
        "groupBy": "monthly",
    }


def _months(period: Period) -> Iterator[str]:
    month = period.start
    while month <= period.end:
        yield write(month)[:7]
        month = add_months(month, 1)


def _renewals(row: Subscription, period: Period, now: datetime) -> list[datetime]:
    """Return the dates of renewal in a period."""
    is_expired = row.expire_at is not None and row.expire_at <= write(now)
    if row.status not in ("active", "trialing") or not row.next_billing_date or is_expired:
        return []
    left = row.bill_times - row.bill_count if row.bill_times > 0 else None
    renewal = read(row.next_billing_date).replace(tzinfo=UTC)
    interval = timedelta(days=_DAYS.get(row.billing_interval, 30))
    if renewal < period.start:  # skip those before, which may be many
        renewal -= (renewal - period.start) // interval * interval
    dates: list[datetime] = []
    while renewal <= period.end and (left is None or len(dates) < left):
        dates.append(renewal)
        renewal += interval
    return dates
