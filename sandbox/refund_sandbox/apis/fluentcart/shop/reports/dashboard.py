"""The dashboard, and the reports it shows."""

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction

from refund_sandbox.apis.fluentcart.records import ACTIVITIES, CUSTOMERS, ITEMS, ORDERS, Order
from refund_sandbox.apis.fluentcart.rendering import STORE_CURRENCY, Row, iso
from refund_sandbox.apis.fluentcart.shop import places
from refund_sandbox.apis.fluentcart.shop.records import COUPONS, ORDER_ADDRESSES, PAYMENT_SETTINGS, PRODUCTS
from refund_sandbox.apis.fluentcart.shop.reports import figures
from refund_sandbox.apis.fluentcart.shop.reports.amounts import decimal_text, major
from refund_sandbox.apis.fluentcart.shop.reports.ledger import ANY, Ledger, created_in
from refund_sandbox.apis.fluentcart.shop.reports.period import Period, add, end_of_day, start_of_day, write
from refund_sandbox.apis.fluentcart.shop.reports.query import ReportQuery
from refund_sandbox.apis.fluentcart.wordpress.plain_text import sanitize_text
from refund_sandbox.stores.protocol import PageQuery, TotalsQuery
from refund_sandbox.stores.query import Between, Exists, In

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
    yesterday, monday = add(today, timedelta(days=-1)), add(today, timedelta(days=-today.weekday()))
    periods = {
        "today": Period(today, end_of_day(today)),
        "yesterday": Period(yesterday, end_of_day(yesterday)),
        "this_week": Period(monday, end_of_day(add(monday, timedelta(days=6)))),
    }
    return periods.get(sanitize_text(query.values.get("groupKey")))


def summary(ledger: Ledger, query: ReportQuery) -> Row:
    """GET /reports/get-dashboard-summary: a coupon that ends today is active. An ended one counts unless it is still active."""
    today = write(query.now)[:10]
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
        "min_date": max(first, start) or write(query.now),
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
