"""The dashboard, and the reports it shows."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from refund_sandbox.apis.fluentcart.errors import PluginCrash
from refund_sandbox.apis.fluentcart.records import ACTIVITIES, CUSTOMERS, ITEMS, ORDERS, Order
from refund_sandbox.apis.fluentcart.rendering import Row, iso
from refund_sandbox.apis.fluentcart.shop import places
from refund_sandbox.apis.fluentcart.shop.records import COUPONS, ORDER_ADDRESSES, PAYMENT_SETTINGS, PRODUCTS
from refund_sandbox.apis.fluentcart.shop.reports import dates, figures
from refund_sandbox.apis.fluentcart.shop.reports.amounts import decimal_text, major
from refund_sandbox.apis.fluentcart.shop.reports.ledger import ANY, Ledger, Orders, created_in
from refund_sandbox.apis.fluentcart.shop.reports.period import Period, end_of_day, start_of_day
from refund_sandbox.apis.fluentcart.shop.reports.query import STORE_CURRENCY, ReportQuery
from refund_sandbox.apis.fluentcart.wordpress.plain_text import sanitize_text
from refund_sandbox.stores.protocol import PageQuery, TotalsQuery
from refund_sandbox.stores.query import AllOf, Between, Exists, In

_ADMIN = "/wp-admin/admin.php?page=fluent-cart#/"
_STEPS = {
    "page_setup": (
        "Setup Pages",
        "Customers to find what they're looking for by organising.",
        "Cart",
        "settings/store-settings/pages_setup",
    ),
    "store_info": (
        "Add Details to Store",
        "Store details such as addresses, company info etc.",
        "StoreIcon",
        "settings/store-settings/",
    ),
    "product_info": (
        "Add Your First Product",
        "Share your brand story and build trust with customers.",
        "ShoppingCartIcon",
        "products",
    ),
    "setup_payments": (
        "Setup Payment Methods",
        "Choose from fast & secure online and offline payment.",
        "PaymentIcon",
        "settings/payments",
    ),
}
"""Step → title, text, icon and page."""
_RECENT = 10


def steps(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /dashboard: the steps to set up a shop. Pages and store details are never set up here."""
    settings = [row.settings for row in ledger.store.all(PAYMENT_SETTINGS)]
    done = {
        "product_info": ledger.count(PRODUCTS) > 0,
        "setup_payments": any(setting.get("is_active") == "yes" for setting in settings),
    }
    rows = {
        name: {
            "title": title,
            "text": text,
            "icon": icon,
            "completed": done.get(name, False),
            "url": f"{query.site_url}{_ADMIN}{page}",
        }
        for name, (title, text, icon, page) in _STEPS.items()
    }
    return {"data": {"steps": rows, "completed": sum(done.values())}}


def widgets(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /dashboard/stats: orders of any currency and payment status, but not on hold or failed (34-059, 34-218)."""
    products = sum(product.post_status not in ("trash", "auto-draft") for product in ledger.store.all(PRODUCTS))
    orders = [row for row in ledger.orders(created_in(query.period)) if row.status not in ("on-hold", "failed")]
    sums = figures.add_up(orders)
    return {
        "stats": [
            _widget(query, "Total Products", str(products), "Frame", "products/?active_view=all"),
            _widget(query, "Orders", str(sums.orders), "AllOrdersIcon", "orders"),
            _widget(query, "Revenue", major(sums.net) if orders else None, "Currency", "reports/revenue", is_amount=True),
            _widget(query, "Refund", major(sums.refunded) if orders else None, "Failed", "reports/refunds", is_amount=True),
        ]
    }


def _widget(query: ReportQuery, title: str, count: str | None, icon: str, page: str, *, is_amount: bool = False) -> Row:
    widget = {"title": title, "current_count": count, "icon": icon, "url": f"{query.site_url}{_ADMIN}{page}"}
    return {**widget, "has_currency": True} if is_amount else widget


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
    moments = [_moment(text, query.now) if text else None for text in sent]
    return Period(moments[0], moments[1]) if moments[0] and moments[1] else None


def _moment(text: str, now: datetime) -> datetime:
    moment = dates.read(text, now)
    if moment is None:
        raise PluginCrash(f"Failed to parse time string ({text}) at position 0 ({text[:1]})")
    return moment


def _before(period: Period) -> Period:
    """Return the period of the same length before."""
    end = end_of_day(period.start - timedelta(days=1))
    days = abs(period.end - period.start).days
    return Period(start_of_day(end - timedelta(days=days)), end)


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
            "to_date": _text(to_date),
        }
    start = dates.read(sent, query.now) or datetime(1970, 1, 1, tzinfo=query.now.tzinfo)
    if sent == "this_month":
        start = query.now.replace(day=1)
    start = start_of_day(start)
    length = to_date - start
    earlier = start_of_day(start - length), end_of_day(to_date - length)
    counts = _count(ledger, _text(start), to_date), _count(ledger, _text(earlier[0]), earlier[1])
    return {"stats": _quick(*counts), "from_date": _text(start), "to_date": _text(to_date)}


def _text(moment: datetime) -> str:
    return f"{moment.year:04}{moment:-%m-%d %H:%M:%S}"


def _count(ledger: Ledger, first: str, last: datetime) -> int:
    return ledger.count(ORDERS, Between("created_at", first, _text(last)))


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


def recent_orders(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/get-recent-orders: the ten newest orders that have a customer (34-053)."""
    del query
    with_customer = Exists("customer_id", CUSTOMERS, "id", ANY)
    newest, _ = ledger.store.page(ORDERS, PageQuery(0, _RECENT, downwards=True, where=(with_customer,), order="created_at"))
    rows = []
    for order in newest:
        customer = ledger.store.get(CUSTOMERS, order.customer_id or 0)
        assert customer is not None
        rows.append(
            {
                "id": str(order.id),
                "customer_id": str(customer.id),
                "customer_name": f"{customer.first_name} {customer.last_name}",
                "total_amount": major(order.total_amount),
                "created_at": order.created_at,
                "order_items_count": str(len(ledger.store.where(ITEMS, "order_id", order.id))),
            }
        )
    return {"recentOrders": rows}


def recent_activities(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/get-recent-activities: the ten newest entries; `groupKey` is today, yesterday, this_week or all (34-209)."""
    period = _recent_period(query)
    where = (created_in(period),) if period else ()
    newest, _ = ledger.store.page(ACTIVITIES, PageQuery(0, _RECENT, downwards=True, where=where, order="created_at"))
    rows = [
        {
            "title": entry.title,
            "content": entry.content,
            "created_at": iso(entry.created_at),
            "created_by": entry.created_by,
            "module_name": entry.module_name,
            "module_id": entry.module_id,
        }
        for entry in newest
    ]
    return {"recentActivities": rows}


def _recent_period(query: ReportQuery) -> Period | None:
    today = start_of_day(query.now)
    periods = {
        "today": Period(today, end_of_day(today)),
        "yesterday": Period(today - timedelta(days=1), end_of_day(today - timedelta(days=1))),
        "this_week": Period(today - timedelta(days=today.weekday()), end_of_day(today + timedelta(days=6 - today.weekday()))),
    }
    return periods.get(sanitize_text(query.values.get("groupKey")))


def summary(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/get-dashboard-summary: a coupon that ends today is active. An ended one counts unless it is still active."""
    today = f"{query.now:%Y-%m-%d}"
    products, coupons = ledger.store.all(PRODUCTS), ledger.store.all(COUPONS)
    active = [row for row in coupons if row.status == "active" and (not row.end_date or row.end_date >= today)]
    expired = [row for row in coupons if row.status in ("expired", "disabled") and row.end_date and row.end_date < today]
    return {
        "summaryData": {
            "total_products": len(products),
            "draft_products": sum(product.post_status == "draft" for product in products),
            "active_coupons": len(active),
            "expired_coupons": len(expired),
        }
    }


def meta(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/fetch-report-meta (34-036, 34-074)."""
    start, end = query.text("startDate"), query.text("endDate")
    first_order = ledger.first_order()
    first = (ledger.first_order(Between("created_at", start, end)) if start and end else first_order) or ""
    return {
        "currencies": {STORE_CURRENCY: "&#36;"},
        "min_date": max(first, start) or _text(query.now),
        "storeMode": "test",
        "first_order_date": first_order,
    }


def heat_map(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/country-heat-map: orders by the country of the billing address, fewest first (34-038)."""
    del query
    where = (In("type", ("billing",)), Exists("order_id", ORDERS, "id", ANY))
    counts = dict(ledger.store.totals(ORDER_ADDRESSES, TotalsQuery(("country",), where=where)))
    rows = [{"name": places.COUNTRIES.get(code, "Uncategorized"), "value": counts[code]} for code in sorted(counts)]
    return {"countryHeatMap": sorted(rows, key=lambda row: row["value"])}


def old_overview(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/report-overview: all orders that are processing or completed, in minor units (34-138)."""
    del query
    orders = [order for order in ledger.store.all(ORDERS) if order.status in ("completed", "processing")]
    methods: dict[str, list[Order]] = {}
    for order in sorted(orders, key=lambda order: order.payment_method.lower()):
        methods.setdefault(order.payment_method, []).append(order)
    return {
        "_deprecated": "This endpoint is deprecated since v1.4 and will be removed in a future release. "
        "Use GET /fluent-cart/v2/reports/overview instead.",
        "data": _old_totals(orders),
        "orders_by_payment_method": [
            {"payment_method": name, "order_count": str(len(group)), "transactions": str(_total(group))}
            for name, group in methods.items()
        ],
    }


def _total(orders: Sequence[Order]) -> int:
    return sum(order.total_amount for order in orders)


def _old_totals(orders: Sequence[Order]) -> Row:
    taken_off = sum(order.manual_discount_total + order.shipping_total + order.tax_total for order in orders)
    discounts = sum(order.manual_discount_total + order.coupon_discount_total for order in orders)
    shipping = sum(order.shipping_total for order in orders)
    sums = {
        "total_sales": _total(orders),
        "net_sales": _total(orders) - taken_off,
        "total_discounts": discounts,
        "total_shipping_tax": shipping,
    }
    return {
        **{name: str(value) if orders else None for name, value in sums.items()},
        "average_order_value": decimal_text(Fraction(_total(orders), len(orders)), 4) if orders else None,
        "customer_order_count": str(len(orders)),
    }
