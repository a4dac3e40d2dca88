"""Records in the JSON of the plugin: the type of each column, and the fields that the plugin appends.

Shapes: group 11. The database returns every column as text; columns that a model casts are numbers.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from refund_sandbox.apis.fluentcart import php
from refund_sandbox.apis.fluentcart.currency_signs import SIGNS
from refund_sandbox.apis.fluentcart.records import Activity, Item, Order, Subscription, Transaction
from refund_sandbox.apis.fluentcart.rules import refunds, subscriptions
from refund_sandbox.apis.fluentcart.site_records import User
from refund_sandbox.apis.fluentcart.versions import Rules

Row = dict[str, Any]

STORE_CURRENCY = "USD"
"""The currency of the recorded shop."""


def columns(specification: str) -> Mapping[str, str]:
    """Return column → format, from words such as `id`, `total:text`, `meta:array` and `created_at:iso`."""
    pairs = (word.partition(":") for word in specification.split())
    return {name: format_name for name, _, format_name in pairs}


ORDER = columns(
    "id status parent_id:text receipt_number:text invoice_no fulfillment_type type mode shipping_status customer_id "
    "payment_method payment_status payment_method_title currency subtotal discount_tax manual_discount_total "
    "coupon_discount_total shipping_tax shipping_total fee_total tax_total total_amount total_paid:text "
    "total_refund:text rate:text tax_behavior:text note ip_address completed_at refunded_at uuid config:array "
    "created_at:iso updated_at:iso"
)
CHILD = columns("id parent_id:text created_at:iso")
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

_PERIODS = {
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "quarterly": "quarter",
    "half_yearly": "six month",
    "yearly": "year",
}


def php_date(stored: str) -> Row:
    """Return a date that was just set, which the plugin prints as a PHP object (14-032)."""
    return {"date": f"{stored}.000000", "timezone_type": 3, "timezone": "UTC"}


def iso(stored: str) -> str | None:
    """Return a stored date in the format of `created_at`, with a zone; None for an empty one."""
    if not stored or "T" in stored:
        return stored or None
    return f"{stored.replace(' ', 'T')}+00:00"


_FORMATS: Mapping[str, Callable[[Any], Any]] = {
    "": lambda value: value,
    "text": lambda value: None if value is None else str(value),
    "array": lambda value: value or [],
    "iso": iso,
}


def row(record: Any, formats: Mapping[str, str]) -> Row:
    """Return the columns of a record in the plugin's JSON types."""
    return {name: _FORMATS[format_name](getattr(record, name)) for name, format_name in formats.items()}


def order_row(order: Order, rules: Rules) -> Row:
    """Return an order without relations."""
    changed = {"tax_behavior": order.tax_behavior} if rules.numeric_tax_behavior else {}
    return {**row(order, ORDER), **changed}


def transaction_row(charge: Transaction, rules: Rules) -> Row:
    """Return a transaction with the URL of its payment."""
    added = {"refundable": max(0, refunds.refundable(charge))} if rules.shows_refundable else {}
    return {**row(charge, TRANSACTION), "url": _transaction_url(charge), **added}


def _transaction_url(charge: Transaction) -> str:
    """Return the URL of a payment in the gateway's dashboard, with or without a vendor id (read in the source)."""
    if charge.payment_method == "stripe":
        page = "refunds" if charge.transaction_type == "refund" else "payments"
        return f"https://dashboard.stripe.com/{page}/{charge.vendor_charge_id}"
    if charge.payment_method == "paypal":
        host = "www.sandbox.paypal.com" if charge.payment_mode == "test" else "www.paypal.com"
        return f"https://{host}/activity/payment/{charge.vendor_charge_id}"
    return ""


def item_row(item: Item, rules: Rules) -> Row:
    """Return an order item with its formatted price, which is in the shop's currency whatever the order's is."""
    info = item.other_info if isinstance(item.other_info, Mapping) else {}
    return {
        **row(item, ITEM),
        "payment_info": _item_billing_text(item, info),
        "setup_info": "",
        "is_custom": False if info.get("is_custom") is None else info["is_custom"],
        **({"variation_display_title": item.title} if rules.tax_fields else {}),
        "formatted_total": format_money(_shown_total(item, rules), STORE_CURRENCY),
    }


def _item_billing_text(item: Item, info: Mapping[str, Any]) -> str:
    """Return price and interval of an item that starts a subscription; "" without details of the product."""
    if item.payment_type != "subscription" or not info:
        return ""
    return _billing_text(item.unit_price, str(info.get("repeat_interval", "")), php.to_int(info.get("times")), STORE_CURRENCY)


def _shown_total(item: Item, rules: Rules) -> int:
    """Return the amount that an item shows, in minor units. A state may omit the subtotal."""
    subtotal = item.subtotal or item.line_total
    is_reduced = bool(item.line_total or item.discount_total)
    return item.line_total if rules.shows_line_total and is_reduced else subtotal


def brief_item_row(item: Item, rules: Rules) -> Row:
    """Return an item in a subscription's orders; the plugin does not select prices there, so the total is null (11-097)."""
    names = ("id", "order_id", "post_title", "title", "quantity", "payment_type", "line_meta")
    formats = {name: format_name for name, format_name in ITEM.items() if name in names}
    title = {"variation_display_title": item.title} if rules.tax_fields else {}
    return {**row(item, formats), "payment_info": "", "setup_info": "", "is_custom": False, **title, "formatted_total": None}


def subscription_extras(subscription: Subscription, order: Order | None, renewals: Iterable[Order], rules: Rules) -> Row:
    """Return the fields that the plugin appends to a subscription. The currency is its own, else that of its order.

    Assumed: no charge of a subscription billed by the shop is in progress.
    """
    config = subscription.config if isinstance(subscription.config, Mapping) else {}
    currency = str(config.get("currency") or (order.currency if order else "USD"))
    price = subscription.recurring_total
    added: Row = {"display_item_name": subscription.item_name} if rules.display_item_name else {}  # Assumed: the plain name
    if rules.subscription_permissions:
        permissions = subscriptions.permissions(subscription, renewals, rules)
        added = {"permissions": permissions, **added, "system_charge_state": None}
    return {
        "url": _subscription_url(subscription),
        "payment_info": _billing_text(price, subscription.billing_interval, subscription.bill_times, currency),
        "billingInfo": [],
        "overridden_status": _shown_status(subscription, config),
        "currency": currency,
        "reactivate_url": "",
        **added,
    }


_SUBSCRIPTION_PAGES = {
    "stripe": "https://dashboard.stripe.com/subscriptions/",
    "paypal": "https://www.sandbox.paypal.com/billing/subscriptions/",  # as the shop is in test mode, whatever the order's is
}


def _subscription_url(subscription: Subscription) -> str:
    """Return the URL of a subscription in the gateway's dashboard, with or without a vendor id (13-017, 22-031)."""
    page = _SUBSCRIPTION_PAGES.get(subscription.current_payment_method)
    return f"{page}{subscription.vendor_subscription_id}" if page else ""


def _shown_status(subscription: Subscription, config: Mapping[str, Any]) -> str:
    """Return the status that the plugin shows: a trial that it simulates is active (read in the source)."""
    is_simulated = config.get("is_trial_days_simulated") == "yes" and subscription.status == "trialing"
    return "active" if is_simulated else subscription.status


def _billing_text(amount: int, interval: str, times: int, currency: str) -> str:
    """Return price and interval, with the number of bills if it is limited (read in the source)."""
    period = _PERIODS.get(interval) or php.ucwords(interval.replace("_", " ").replace("-", " "))
    per = f"{format_money(amount, currency)} {f'per {period}' if period else ''}"
    return f"{per}, for {times} {period}" if times else f"{per} until cancel"


def format_money(amount: int, currency: str) -> str:
    """Format minor units: 123456 USD is `&#36;1,234.56`. JPY has cents too, as the shop's own currency has them."""
    return f"{SIGNS.get(currency.upper(), '')}{Decimal(amount).scaleb(-2):,.2f}"


def activity_row(activity: Activity, number: int | None, user: User | None) -> Row:
    """Return a log entry with the user who caused it; `number` is the user's id, the display name is the login."""
    user_row = user and {"ID": number, "display_name": user.login, "user_email": user.email}
    return {
        **row(activity, ACTIVITY),
        "user_id": None if number is None else str(number),
        "created_at": iso(activity.created_at),
        "updated_at": iso(activity.created_at),
        "user": user_row,
    }
