"""GET /reports/overview: months and quarters compared with those of the year before, and the best countries."""

from collections.abc import Mapping, Sequence

from refund_sandbox.apis.fluentcart import php
from refund_sandbox.apis.fluentcart.rendering import STORE_CURRENCY, Row
from refund_sandbox.apis.fluentcart.shop.records import ORDER_ADDRESSES
from refund_sandbox.apis.fluentcart.shop.reports import figures
from refund_sandbox.apis.fluentcart.shop.reports.ledger import ANY, COUNTED, Ledger, Orders
from refund_sandbox.apis.fluentcart.shop.reports.period import add_months, write
from refund_sandbox.apis.fluentcart.shop.reports.query import ReportQuery
from refund_sandbox.stores.query import Between, Condition, Exists, In

_MONTHS_READ = 30
_MONTHS, _QUARTERS, _COUNTRIES = 12, 4, 5
_OF_COUNTRIES = ("paid", "refunded")
"""Payment statuses in the country tables. The plugin writes the partial ones with a hyphen, so none matches (34-060)."""

Sums = Mapping[str, int]


def overview(ledger: Ledger, query: ReportQuery) -> Row:
    """Months and quarters count all currencies, the country tables one (34-122 to 34-124)."""
    first = query.now.replace(day=1)
    months = [write(add_months(first, -back))[:7] for back in range(_MONTHS_READ, -1, -1)]
    by_month = figures.group(ledger.orders(In("payment_status", COUNTED), _since(months[0])), lambda row: row.created_at[:7])
    sums = {month: figures.add_up(by_month.get(month, [])) for month in months}
    gross = {month: figure.paid for month, figure in sums.items()}
    net = {month: figure.net for month, figure in sums.items()}
    gross_months, net_months = _compare_months(gross), _compare_months(net)
    countries = _country_figures(ledger, query, months[-_MONTHS:])
    return {
        "data": {
            "gross_revenue": gross_months,
            "gross_revenue_quarterly": _compare_quarters(gross),
            "net_revenue": net_months,
            "net_revenue_quarterly": _compare_quarters(net),
            "gross_summary": _summary(gross_months),
            "net_summary": _summary(net_months),
            "top_country_net": _tables(
                {month: {name: pair[1] for name, pair in row.items()} for month, row in countries.items()}
            ),
            "top_country_gross": _tables(
                {month: {name: pair[0] for name, pair in row.items()} for month, row in countries.items()}
            ),
        }
    }


def _since(month: str) -> Condition:
    """Return the condition that an order was created in a month or later."""
    return Between("created_at", month, "9999")


def _growth(current: int, before: int) -> str | None:
    return php.number_format((current - before) / before * 100, 2) if before else None


def _compare_months(sums: Sums) -> dict[str, Row]:
    compared = {}
    for month, current in list(sums.items())[-_MONTHS:]:
        before = sums.get(f"{int(month[:4]) - 1:04}{month[4:]}", 0)
        compared[month] = {"current": current, "prev": before, "yoy_growth": _growth(current, before)}
    return compared


def _compare_quarters(sums: Sums) -> dict[str, Row]:
    quarters: dict[str, int] = {}
    for month, amount in sums.items():
        name = f"Q{(int(month[5:]) + 2) // 3}-{month[:4]}"
        quarters[name] = quarters.get(name, 0) + amount
    compared = {}
    for name, current in list(quarters.items())[-_QUARTERS:]:
        before = quarters.get(f"{name[:3]}{int(name[3:]) - 1:04}", 0)
        compared[name] = {"current": current, "prev_year": before, "yy_growth": _growth(current, before)}
    return compared


def _summary(months: Mapping[str, Row]) -> Row:
    total, before = (sum(row[name] for row in months.values()) for name in ("current", "prev"))
    return {"total": total, "total_prev": before, "yoy_growth": _growth(total, before) or 100}


def _country_figures(ledger: Ledger, query: ReportQuery, months: Sequence[str]) -> dict[str, dict[str, tuple[int, int]]]:
    """Return gross and net revenue of the best countries of each month: those that earned most after refunds."""
    currency = (query.currency or STORE_CURRENCY).lower()
    where = (In("payment_status", _OF_COUNTRIES), _since(months[0]))
    countries = ledger.countries("billing_country", *where)
    found = ledger.each_order(*where, Exists("id", ORDER_ADDRESSES, "order_id", ANY)) if countries else []
    orders = [row for row in found if row.currency.lower() == currency]
    by_month = figures.group([row for row in orders if countries.get(row.id)], lambda row: row.created_at[:7])
    return {month: _best(by_month.get(month, []), countries) for month in months}


def _best(orders: Sequence[Orders], countries: Mapping[int, str]) -> dict[str, tuple[int, int]]:
    sums = {name: figures.add_up(group) for name, group in figures.group(orders, lambda row: countries[row.id]).items()}
    ranked = sorted(sums, key=lambda name: sums[name].refunded - sums[name].paid)
    earned = [sums[name].paid - sums[name].refunded for name in ranked]
    best = [name for name, amount in zip(ranked, earned, strict=True) if amount >= earned[min(_COUNTRIES, len(earned)) - 1]]
    return {name: (sums[name].paid, sums[name].net) for name in best}


def _tables(months: Mapping[str, Sums]) -> Row:
    totals: dict[str, int] = {}
    for row in months.values():
        for name, amount in row.items():
            totals[name] = totals.get(name, 0) + amount
    return {"by_month": {month: _top(row) for month, row in months.items()}, "by_countries": _top(totals)}


def _top(amounts: Sums) -> dict[str, int] | list[str]:
    """Return the five highest amounts; PHP writes an empty table as a list."""
    return dict(sorted(amounts.items(), key=lambda pair: -pair[1])[:_COUNTRIES]) or []
