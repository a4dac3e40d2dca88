"""Comparison of the figures of reports with those of the ledger, and why they differ."""

from collections.abc import Callable, Mapping
from datetime import datetime

from msgspec import Struct

from refund_sandbox.apis.fluentcart.records import DECIMALS, ORDERS, TRANSACTIONS
from refund_sandbox.apis.fluentcart.rendering import STORE_CURRENCY
from refund_sandbox.apis.fluentcart.shop.reports import figures
from refund_sandbox.apis.fluentcart.shop.reports.ledger import COUNTED, Ledger, Orders, created_in
from refund_sandbox.apis.fluentcart.shop.reports.period import Period, last_month
from refund_sandbox.core.api_views import ReportComparison, ReportDifference, ReportFigure
from refund_sandbox.stores.protocol import ReadTransaction, TotalsQuery
from refund_sandbox.stores.query import In

_MAX_ORDERS = 5
_OLDER = "A report counts a refund on the day its order was created. These orders are older than the period."
_LEFT_OUT = "The report leaves out orders with this payment status."
_WITHOUT_REFUND = "The amounts were set without a refund, as the bulk action `refunded` does."
_TWICE = "The bulk action `refunded` sets the paid amount to 0 and the refunded amount too, so the order counts below 0."
_NOT_PAID = "A refund takes the order out of the paid orders, a partial one too."
_CURRENCY = f"The report counts orders in {STORE_CURRENCY} only."
_NO_CHARGE = "The order is marked as paid, but no charge succeeded."
_TAX = "The report takes the tax off, and leaves out orders that are on hold or failed."
_OTHER = "Other differences between the order and its transactions."
_MIXED = "Amounts of several currencies are added up."


class _Money(Struct, frozen=True):
    """Figures of one order. `order` is None for one that was created before the period."""

    order: Orders | None
    charged: int = 0
    refunded: int = 0


_Books = Mapping[int, _Money]
_Amount = Callable[[_Money], int]


def compare(store: ReadTransaction, now: datetime) -> ReportComparison:
    """Compare the reports of the last month with the transactions of that time."""
    period = last_month(now)
    books = _read(Ledger(store), period)
    return ReportComparison(
        period.first,
        period.last,
        (
            _figure("Refunded amount", "getRefundChart", books, _reported_refund, lambda one: one.refunded, _why_refund),
            _figure("Net revenue", "getDashboardStats", books, _reported_net, _net, _why_net),
            _figure(
                "Paid orders",
                "getReportDashboardStats",
                books,
                _reported_paid,
                lambda one: int(one.order is not None and one.charged > 0),
                _why_paid,
                decimals=0,
            ),
        ),
    )


def _read(ledger: Ledger, period: Period) -> _Books:
    """Return the orders that were created in a period, and those with a charge or a refund in it."""
    orders = {order.id: order for order in ledger.each_order(created_in(period))}
    where = (created_in(period), In("status", ("succeeded", "refunded")))
    rows = ledger.store.totals(TRANSACTIONS, TotalsQuery(("order_id", "transaction_type", "status"), ("total",), where=where))
    charged: dict[int, int] = {}
    refunded: dict[int, int] = {}
    for order_id, kind, status, _, total in rows:
        if kind == "charge":
            charged[order_id] = charged.get(order_id, 0) + total
        elif kind == "refund" and status == "refunded":
            refunded[order_id] = refunded.get(order_id, 0) + total
    known = {order_id for order_id in refunded.keys() - orders.keys() if ledger.store.get(ORDERS, order_id)}
    return {
        number: _Money(orders.get(number), charged.get(number, 0) if number in orders else 0, refunded.get(number, 0))
        for number in sorted({*orders, *known})
    }


def _figure(
    title: str,
    operation: str,
    books: _Books,
    reported: _Amount,
    booked: _Amount,
    why: Callable[[_Money], str],
    *,
    decimals: int = DECIMALS,
) -> ReportFigure:
    """Return a figure. Each order that differs counts for one reason."""
    differences: dict[str, dict[int, int]] = {}
    for number, money in books.items():
        difference = reported(money) - booked(money)
        if difference:
            differences.setdefault(why(money), {})[number] = difference
    reasons = [
        ReportDifference(reason, sum(orders.values()), tuple(map(str, list(orders)[:_MAX_ORDERS])))
        for reason, orders in differences.items()
    ]
    if decimals and len({money.order.currency for money in books.values() if money.order}) > 1:
        reasons.append(ReportDifference(_MIXED, 0, ()))
    report, total = (sum(map(amount, books.values())) for amount in (reported, booked))
    return ReportFigure(title, operation, report, total, decimals, tuple(reasons))


def _is_counted(money: _Money) -> bool:
    return money.order is not None and money.order.payment_status in COUNTED


def _reported_refund(money: _Money) -> int:
    return money.order.total_refund if money.order and _is_counted(money) else 0


def _why_refund(money: _Money) -> str:
    if money.order is None:
        return _OLDER
    if not _is_counted(money):
        return _LEFT_OUT
    return _WITHOUT_REFUND if money.order.total_refund > money.refunded else _OTHER


def _reported_net(money: _Money) -> int:
    return figures.net(money.order) if money.order and money.order.status not in ("on-hold", "failed") else 0


def _net(money: _Money) -> int:
    return money.charged - money.refunded


def _why_net(money: _Money) -> str:
    if money.order is None:
        return _OLDER
    if money.order.total_refund > max(money.refunded, money.order.total_paid):
        return _TWICE
    return _TAX if _reported_net(money) < _net(money) else _OTHER


def _reported_paid(money: _Money) -> int:
    is_paid = money.order is not None and money.order.payment_status == "paid"
    return int(is_paid and money.order is not None and money.order.currency == STORE_CURRENCY)


def _why_paid(money: _Money) -> str:
    if money.order is None or _reported_paid(money):
        return _NO_CHARGE
    if money.order.total_refund > 0:
        return _NOT_PAID
    return _LEFT_OUT if money.order.payment_status != "paid" else _CURRENCY
