"""Records as the plugin prints them: which columns come as text, which as numbers, and what it appends to each.

The shapes are those of group 11. The database hands every column over as text; only those that a model casts are numbers.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from refund_sandbox.apis.fluentcart import php
from refund_sandbox.apis.fluentcart.records import Activity, Item, Order, Subscription, Transaction, User, Variation
from refund_sandbox.apis.fluentcart.rules import refunds
from refund_sandbox.core import money
from refund_sandbox.settings import Version

Row = dict[str, Any]


def columns(words: str) -> Mapping[str, str]:
    """Column → kind, from words such as `id`, `total:text`, `meta:array` and `created_at:iso`."""
    pairs = (word.partition(":") for word in words.split())
    return {name: kind for name, _, kind in pairs}


ORDER = columns(
    "id status parent_id:text receipt_number:text invoice_no fulfillment_type type mode shipping_status customer_id "
    "payment_method payment_status payment_method_title currency subtotal discount_tax manual_discount_total "
    "coupon_discount_total shipping_tax shipping_total fee_total tax_total total_amount total_paid:text "
    "total_refund:text rate:text tax_behavior:text note ip_address completed_at refunded_at uuid config:array "
    "created_at:iso updated_at:iso"
)
TRANSACTION = columns(
    "id order_id:text order_type transaction_type subscription_id:text card_last_4:text card_brand vendor_charge_id "
    "payment_method payment_mode payment_method_type status currency total:text rate:text uuid meta:array "
    "created_at:iso updated_at:iso"
)
ITEM = columns(
    "id order_id:text post_id:text fulfillment_type payment_type post_title title object_id:text cart_index:text "
    "quantity:text unit_price cost subtotal tax_amount shipping_charge discount_total line_total refund_total "
    "rate:text other_info:array line_meta:array fulfilled_quantity:text referrer created_at:iso updated_at:iso"
)
SUBSCRIPTION = columns(
    "id uuid customer_id:text parent_order_id:text product_id:text item_name quantity:text variation_id:text "
    "billing_interval signup_fee:text initial_tax_total:text recurring_amount:text recurring_tax_total:text "
    "recurring_total:text bill_times:text bill_count:text expire_at trial_ends_at canceled_at restored_at "
    "collection_method next_billing_date trial_days:text vendor_customer_id vendor_plan_id vendor_subscription_id "
    "status original_plan vendor_response current_payment_method config:array created_at:iso updated_at:iso"
)
ACTIVITY = columns("id status log_type module_type module_id module_name user_id:text title content read_status created_by")

_SIGNS = {"USD": "&#36;", "EUR": "&euro;", "GBP": "&pound;", "JPY": "&yen;"}  # Assumed, but for USD
_PERIODS = {
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "quarterly": "quarter",
    "half_yearly": "half year",
    "yearly": "year",
}


def iso(stored: str) -> str | None:
    """A stored date as `created_at` shows it, with a zone; None for a record that has none."""
    if not stored or "T" in stored:
        return stored or None
    return f"{stored.replace(' ', 'T')}+00:00"


_KINDS: Mapping[str, Callable[[Any], Any]] = {
    "": lambda value: value,
    "text": lambda value: None if value is None else str(value),
    "array": lambda value: value or [],
    "iso": iso,
}


def row(record: Any, kinds: Mapping[str, str]) -> Row:
    """The columns of a record, each in the JSON type that the plugin gives it."""
    return {name: _KINDS[kind](getattr(record, name)) for name, kind in kinds.items()}


def order_row(order: Order, version: Version) -> Row:
    """An order without relations. `tax_behavior` is a number since 1.4.0."""
    changed = {} if version == "1.3.25" else {"tax_behavior": order.tax_behavior}
    return {**row(order, ORDER), **changed}


def transaction_row(charge: Transaction, version: Version) -> Row:
    """A transaction; since 1.5.2 with what is left to refund."""
    added = {} if version == "1.3.25" else {"refundable": max(0, refunds.refundable(charge))}
    return {**row(charge, TRANSACTION), "url": _transaction_url(charge), **added}


def _transaction_url(charge: Transaction) -> str:
    """The gateway's own page of a payment. Assumed: PayPal's path, and nothing while there is no vendor id."""
    if not charge.vendor_charge_id:
        return ""
    if charge.payment_method == "stripe":
        page = "refunds" if charge.transaction_type == "refund" else "payments"
        return f"https://dashboard.stripe.com/{page}/{charge.vendor_charge_id}"
    if charge.payment_method == "paypal":
        return f"{_paypal(charge.payment_mode)}/activity/payment/{charge.vendor_charge_id}"
    return ""


def _paypal(mode: str) -> str:
    return "https://www.paypal.com" if mode == "live" else "https://www.sandbox.paypal.com"


def item_row(item: Item, currency: str) -> Row:
    """A line of an order, with what the plugin makes of its price."""
    info = item.other_info if isinstance(item.other_info, Mapping) else {}
    renewed = item.payment_type == "subscription"
    interval = str(info.get("repeat_interval", "monthly"))
    return {
        **row(item, ITEM),
        "payment_info": _every(item.unit_price, interval, 0, currency) if renewed else "",
        "setup_info": "",
        "is_custom": php.to_int(item.object_id) == 0,  # Assumed: a line of no product
        "formatted_total": format_money(item.subtotal or item.line_total, currency),
    }


def brief_item_row(item: Item) -> Row:
    """A line of an order as a subscription's orders show it; prices are not selected, so the total is null (11-097)."""
    kept = ("id", "order_id", "post_title", "title", "quantity", "payment_type", "line_meta")
    kinds = {name: kind for name, kind in ITEM.items() if name in kept}
    return {**row(item, kinds), "payment_info": "", "setup_info": "", "is_custom": False, "formatted_total": None}


def variant_row(item: Item, stock: Variation | None, currency: str) -> Row:
    """The product variation of a line. Assumed: the sandbox keeps no catalogue, so that the rest follows the line."""
    shelf = stock or Variation(php.to_int(item.object_id), manage_stock=False)
    info = item.other_info if isinstance(item.other_info, Mapping) else {}
    plan = {"installment": "no"} if item.payment_type == "subscription" else {}
    return {
        "id": shelf.id,
        "post_id": item.post_id,
        "media_id": None,
        "serial_index": 1,
        "sold_individually": 0,
        "variation_title": item.title,
        "variation_identifier": "0",
        "sku": None,
        "manage_stock": "1" if shelf.manage_stock else "0",
        "payment_type": item.payment_type,
        "stock_status": "in-stock" if shelf.available > 0 or not shelf.manage_stock else "out-of-stock",
        "backorders": 0,
        "total_stock": shelf.available + shelf.on_hold + shelf.committed,
        "on_hold": shelf.on_hold,
        "committed": shelf.committed,
        "available": shelf.available,
        "fulfillment_type": item.fulfillment_type,
        "item_status": "active",
        "manage_cost": "false",
        "item_price": item.unit_price,
        "item_cost": item.cost,
        "compare_price": 0,
        "shipping_class": None,
        "other_info": {**info, **plan} or [],
        "downloadable": "false",
        "created_at": iso(item.created_at),
        "updated_at": iso(item.updated_at),
        "thumbnail": None,
        "formatted_total": format_money(item.unit_price, currency),
        "media": None,
    }


def subscription_row(subscription: Subscription) -> Row:
    """The columns of a subscription."""
    return row(subscription, SUBSCRIPTION)


def subscription_extras(subscription: Subscription, order: Order | None, version: Version) -> Row:
    """What the plugin appends to a subscription; its currency is its own, or else its order's."""
    config = subscription.config if isinstance(subscription.config, Mapping) else {}
    currency = str(config.get("currency") or (order.currency if order else "USD"))
    price = subscription.recurring_total
    shown = {} if version == "1.3.25" else {"display_item_name": subscription.item_name}  # Assumed: just the name
    return {
        "url": _subscription_url(subscription, order.mode if order else "test"),
        "payment_info": _every(price, subscription.billing_interval, subscription.bill_times, currency),
        "billingInfo": [],
        "overridden_status": subscription.status,
        "currency": currency,
        "reactivate_url": "",
        **shown,
    }


def _subscription_url(subscription: Subscription, mode: str) -> str:
    pages = {"stripe": "https://dashboard.stripe.com/subscriptions", "paypal": f"{_paypal(mode)}/billing/subscriptions"}
    page, vendor_id = pages.get(subscription.current_payment_method), subscription.vendor_subscription_id
    return f"{page}/{vendor_id}" if page and vendor_id else ""


def _every(amount: int, interval: str, times: int, currency: str) -> str:
    period = _PERIODS.get(interval, interval)
    end = f"for {times} {period}s" if times else "until cancel"  # Assumed: the wording of a limited number
    return f"{format_money(amount, currency)} per {period} {end}"


def format_money(amount: int, currency: str) -> str:
    """Minor units as the shop shows them: 12345 USD is `&#36;123.45`. Assumed: other signs, thousands, no cents for JPY."""
    decimals = min(2, money.minor_units(currency))
    return f"{_SIGNS.get(currency, currency)}{Decimal(amount).scaleb(-2):,.{decimals}f}"


def activity_row(activity: Activity, number: int | None, user: User | None) -> Row:
    """A line of the log with the user who caused it; `number` is the user's id, and users show under their login."""
    known = user and {"ID": number, "display_name": user.login, "user_email": user.email}
    return {
        **row(activity, ACTIVITY),
        "user_id": None if number is None else str(number),
        "created_at": iso(activity.created_at),
        "updated_at": iso(activity.created_at),
        "user": known,
    }
