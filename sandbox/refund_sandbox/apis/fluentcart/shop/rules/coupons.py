"""Coupons: checks of a sent one, the stored form, and the discount of order items (group 35)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart import errors, php
from refund_sandbox.apis.fluentcart.errors import PluginCrash
from refund_sandbox.apis.fluentcart.rendering import STORE_CURRENCY, Row, columns, format_money, iso, php_date, row
from refund_sandbox.apis.fluentcart.shop import fields
from refund_sandbox.apis.fluentcart.shop.fields import Fields
from refund_sandbox.apis.fluentcart.shop.records import Coupon
from refund_sandbox.apis.fluentcart.shop.reports import dates
from refund_sandbox.apis.fluentcart.versions import Rules

COUPON = columns(
    "id title code priority:text type conditions:array amount:text use_count:text status notes stackable show_on_checkout "
    "start_date end_date created_at:iso updated_at:iso"
)
_RULES = {
    "title": "required|sanitizeText|maxLength:200",
    "code": "required|string|maxLength:50",
    "priority": "nullable|numeric|min:0",
    "type": "required|in:fixed,percentage,free_shipping,buy_x_get_y",
    "conditions": "nullable|array",
    "conditions.min_purchase_amount": "nullable|numeric|min:0",
    "conditions.max_discount_amount": "nullable|numeric|min:0",
    "conditions.max_per_customer": "nullable|numeric",
    "conditions.max_uses": "nullable|numeric",
    "amount": "required|numeric|min:0",
    "status": "required|in:active,expired,disabled,scheduled",
    "stackable": "required|sanitizeText|maxLength:50",
    "show_on_checkout": "required|sanitizeText|maxLength:50",
    **dict.fromkeys(("conditions.apply_to_whole_cart", "conditions.apply_to_quantity"), "nullable|sanitizeText"),
    **dict.fromkeys(("conditions.buy_products", "conditions.get_products"), "nullable|array"),
    "notes": "nullable|sanitizeTextArea",
    "end_date": "nullable|string",
}
_TEXTS = {f"{name}.required": f"{name.title()} is required." for name in ("title", "code", "type", "amount")}
_LISTS = ("excluded_categories", "included_categories", "excluded_products", "included_products")
_APPLIED = (
    "id order_id post_id variation_id type quantity title price unit_price item_cost item_total tax_amount discount_total total "
    "line_total cart_index rate line_meta other_info"
).split()
"""Keys of an item that the plugin reads when a coupon is applied. What was not sent is null (35-048)."""
_MIN_DISCOUNT = 0.01


def check(document: Fields, coupons: Sequence[Coupon], own_id: int, now: str) -> None:
    """Raise a refusal that lists all problems (35-024 to 35-035). Rules with code of their own are named by their position."""
    problems, code = fields.check(document, _RULES, _TEXTS), document.get("code")
    if isinstance(code, str) and any(one.code.lower() == code.lower() and one.id != own_id for one in coupons):
        problems.setdefault("code", {})["3"] = "This coupon code is already in use."
    amount: Any = document.get("amount")
    if document.get("type") == "percentage" and php.is_numeric(amount) and float(amount) > 100:
        problems.setdefault("amount", {})["3"] = "For percentage type, the amount should not be greater than 100."
    if not php.is_empty(document.get("end_date")) and not _ends_later(document, now):
        problems.setdefault("end_date", {})["2"] = "The end date must be after the start date."
    errors.check_fields(problems)


def _ends_later(document: Fields, now: str) -> bool:
    """Whether the end is after the start. A date that is not understood is the year 1970, and an array crashes the plugin."""
    start, end = (document.get(name) for name in ("start_date", "end_date"))
    if isinstance(start, php.ARRAY) or isinstance(end, php.ARRAY):
        raise PluginCrash("trim(): Argument #1 ($string) must be of type string, array given")
    moments = (dates.read(php.to_text(text), datetime.fromisoformat(f"{now}+00:00")) for text in (start, end))
    first, last = (moment.timestamp() if moment else 0 for moment in moments)
    return last > first


def make(document: Fields, coupon: Coupon, rules: Rules, now: str) -> Coupon:
    """Return a coupon with the sent values. A coupon without notes crashes the plugin since 1.4.0 (35-024)."""
    if document.get("notes") is None and rules.generic_errors:
        raise PluginCrash("Column 'notes' cannot be null")
    amount = float(document["amount"])
    return replace(
        coupon,
        title=fields.text(document, "title"),
        code=fields.text(document, "code"),
        priority=php.to_int(document["priority"]) if document.get("priority") is not None else None,
        type=fields.text(document, "type"),
        conditions=_conditions(document),
        amount=amount if document["type"] == "percentage" else float(php.round_to_int(amount * 100)),
        status=fields.text(document, "status"),
        notes=fields.text(document, "notes"),
        stackable=fields.text(document, "stackable"),
        show_on_checkout=fields.text(document, "show_on_checkout"),
        start_date=_date(document, "start_date", now),
        end_date=_date(document, "end_date", now),
        updated_at=now,
    )


def _date(document: Fields, name: str, now: str) -> str | None:
    """Return a sent date as the database stores it: a day begins at midnight (measured in 1.5.2)."""
    sent = fields.text(document, name)
    moment = dates.read(sent, datetime.fromisoformat(f"{now}+00:00")) if sent else None
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else None


def _conditions(document: Fields) -> Row:
    """Return all conditions with the plugin's defaults. Amounts are sent in major units."""
    sent: Any = fields.get(document, "conditions", {})

    def value(name: str, default: Any) -> Any:
        found = fields.get(sent, name)
        return default if found is None else found

    def amount(name: str) -> Any:
        return _number(php.to_double(php.to_text(value(name, 0))))

    max_discount = amount("max_discount_amount")
    return {
        "min_purchase_amount": php.round_to_int(amount("min_purchase_amount") * 100),
        "max_discount_amount": php.round_to_int(max_discount * 100) if max_discount else max_discount,
        "max_purchase_amount": amount("max_purchase_amount"),
        "apply_to_whole_cart": fields.text(sent, "apply_to_whole_cart") or "no",
        "apply_to_quantity": fields.text(sent, "apply_to_quantity") or "no",
        "max_uses": php.to_int(value("max_uses", 0)),
        "max_per_customer": php.to_int(value("max_per_customer", 0)),
        **{name: list(dict.fromkeys(map(php.to_text, php.entries(value(name, []))))) for name in _LISTS},
        "email_restrictions": fields.text(sent, "email_restrictions"),
        "is_recurring": "yes" if value("is_recurring", "no") == "yes" else "no",
        "buy_quantity": None,
        "get_quantity": None,
    }


def _number(value: float) -> float | int:
    return int(value) if float(value).is_integer() else value


def render(coupon: Coupon, now: str) -> Row:
    """Return a coupon as in lists. One whose end has passed is shown as expired."""
    shown = {**row(coupon, COUPON), "conditions": coupon.conditions or [], "amount": php.to_text(_number(coupon.amount))}
    return {**shown, "status": "expired"} if coupon.end_date and coupon.end_date < now else shown


def render_new(coupon: Coupon) -> Row:
    """Return a coupon that was just created: values as they were sent, and the id last (35-036)."""
    shown = render_changed(coupon)
    del shown["id"], shown["use_count"]
    dates = {"updated_at": iso(coupon.updated_at), "created_at": iso(coupon.created_at)}
    return {**{name: value for name, value in shown.items() if name not in dates}, **dates, "id": coupon.id}


def render_changed(coupon: Coupon) -> Row:
    """Return a coupon that was just changed: only what was not sent is text, and dates are objects of PHP."""
    shown = {**row(coupon, COUPON), "priority": coupon.priority, "amount": _number(coupon.amount)}
    sent_dates = {"start_date": coupon.start_date, "end_date": coupon.end_date}
    return {
        **shown,
        "conditions": coupon.conditions or [],
        **{name: date and php_date(date) for name, date in sent_dates.items()},
    }


def refusal(coupon: Coupon, applied: Sequence[Coupon], total: float, now: str) -> str | None:
    """Return why a coupon does not apply to items; None if it does. Read in the source, but for the expired one (35-050)."""
    conditions = coupon.conditions if isinstance(coupon.conditions, Mapping) else {}
    if any(other.code == coupon.code for other in applied):
        return "Coupon already applied"
    if applied and "no" in (coupon.stackable, *(other.stackable for other in applied)):
        return "Can not apply the coupons together"
    is_running = coupon.status in ("active", "scheduled") and not (coupon.end_date and coupon.end_date < now)
    if not is_running or (coupon.start_date and coupon.start_date > now):
        return "This coupon has expired or is not valid"
    if conditions.get("max_uses") and coupon.use_count and conditions["max_uses"] <= coupon.use_count:
        return "Coupon Uses Limit Exceeded"
    if conditions.get("min_purchase_amount") and conditions["min_purchase_amount"] > total:
        return "Purchase amount is smaller than required amount"
    return None


def read_items(document: Fields) -> list[Row]:
    """Return the items to which a coupon is applied, with the keys that the plugin reads (35-048)."""
    items = [item for item in php.values_of(document["order_items"]) if isinstance(item, Mapping)]
    rows = [{name: item.get(name) for name in _APPLIED} for item in items]
    return [_priced(item, php.to_int(item["unit_price"])) for item in rows]


def price_items(items: Any) -> list[Row]:
    """Return sent items without a discount (35-056)."""
    rows = [dict(item) for item in php.entries(items) if isinstance(item, Mapping)]
    return [_priced(item, item.get("unit_price")) for item in rows]


def _priced(item: Row, price: Any) -> Row:
    return {**item, "price": price, "discount_total": 0, "coupon_discount": 0}


def total(items: Sequence[Row]) -> float:
    return sum(_net(item) for item in items)


def _net(item: Row) -> float:
    return php.to_int(item["unit_price"]) * php.to_int(item["quantity"]) - float(item["discount_total"])


def apply(coupon: Coupon, items: Sequence[Row]) -> Row:
    """Take a coupon's discount off the items, by their price, and return the coupon as applied (35-048)."""
    whole = total(items)
    left = min(whole, coupon.amount / 100 * whole if coupon.type == "percentage" else coupon.amount)
    limit = coupon.conditions.get("max_discount_amount") if isinstance(coupon.conditions, Mapping) else None
    left = min(left, limit) if limit else left
    discount = _distribute(items, left) if whole > 0 else 0.0
    amount = php.to_text(_number(coupon.amount))
    title = f"{coupon.code} ({amount}%)" if coupon.type == "percentage" else coupon.code
    shown = format_money(php.round_to_int(discount), STORE_CURRENCY)
    return {
        "id": coupon.id,
        "title": coupon.title,
        "amount": 0,
        "formatted_discount": shown,
        "unit_amount": _number(php.round_to(discount, 2)),
        "actual_quantity": sum(php.to_int(item["quantity"]) for item in items),
        "discount": _number(php.round_to(discount, 2)),
        "type": coupon.type,
        "actual_amount": amount,
        "actual_formatted_discount": shown,
        "formatted_title": title,
    }


def _distribute(items: Sequence[Row], left: float) -> float:
    whole, applied, to_share = total(items), 0.0, left
    for item in items:
        net = _net(item)
        if net <= 0 or left <= _MIN_DISCOUNT:
            continue
        share = min(php.round_to(net / whole * to_share, 2), net, left)
        item["discount_total"] = item["coupon_discount"] = _number(item["discount_total"] + share)
        left -= share
        applied += share
    return applied
