"""Rules of an order's update: request fields in, records out, or errors (33-001 to 33-035)."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart import errors, php
from refund_sandbox.apis.fluentcart.errors import PluginCrash, resource_error
from refund_sandbox.apis.fluentcart.products import SoldVariant
from refund_sandbox.apis.fluentcart.records import Item, Order, Transaction
from refund_sandbox.apis.fluentcart.shop import fields
from refund_sandbox.apis.fluentcart.shop.fields import Fields, clamp, text_or_null
from refund_sandbox.apis.fluentcart.versions import Rules
from refund_sandbox.apis.fluentcart.wordpress.plain_text import sanitize_text

_NUMBERS = (
    "subtotal discount_tax manual_discount_total coupon_discount_total shipping_tax shipping_total tax_total total_amount".split()
)
_SHORT, _MEDIUM = "nullable|sanitizeText|maxLength:50", "nullable|sanitizeText|maxLength:100"
_NUMBER_OR_NULL, _POSITIVE_OR_NULL = "nullable|numeric", "nullable|numeric|min:1"
_RULES = {
    **dict.fromkeys("status fulfillment_type type payment_method payment_method_title payment_status user_tz".split(), _SHORT),
    **dict.fromkeys("invoice_no uuid ip_address completed_at refunded_at".split(), _MEDIUM),
    "currency": "nullable|sanitizeText|maxLength:10",
    "note": "nullable|sanitizeTextArea|maxLength:5000",
    **dict.fromkeys((*_NUMBERS, "rate"), "numeric"),
    "customer_id": "required|numeric",
    "order_items": "required|array",
    **{
        f"order_items.*.{name}": "numeric|min:1"
        for name in ("id", "order_id", "post_id", "variation_id", "object_id", "quantity")
    },
    **{
        f"order_items.*.{name}": "numeric"
        for name in ("price", "unit_price", "item_cost", "item_total", "tax_amount", "discount_total", "total", "line_total")
    },
    **{f"order_items.*.{name}": _NUMBER_OR_NULL for name in ("shipping_charge", "cart_index", "rate")},
    **{f"order_items.*.{name}": "nullable|array" for name in ("line_meta", "other_info")},
    **{f"order_items.*.{name}": "nullable|sanitizeText|maxLength:255" for name in ("post_title", "title")},
    "order_items.*.fulfillment_type": "nullable|sanitizeText",
    "order_items.*.payment_type": _MEDIUM,
    **{f"discount.{name}": _MEDIUM for name in ("type", "label", "reason", "action")},
    "discount.value": _NUMBER_OR_NULL,
    **dict.fromkeys(("shipping", "deletedItems", "applied_coupon"), "nullable|array"),
    **{f"shipping.*.{name}": _MEDIUM for name in ("type", "rate_name")},
    "shipping.*.custom_price": _NUMBER_OR_NULL,
    **{f"applied_coupon.*.{name}": _POSITIVE_OR_NULL for name in ("id", "order_id", "max_per_customer")},
    "applied_coupon.*.coupon_id": "required|numeric|min:1",
    "applied_coupon.*.code": "required|sanitizeText|maxLength:100",
    **{f"applied_coupon.*.{name}": "required|numeric" for name in ("discounted_amount", "stackable")},
    **{
        f"applied_coupon.*.{name}": _NUMBER_OR_NULL
        for name in "amount discount priority max_uses use_count min_purchase_amount max_discount_amount".split()
    },
    "applied_coupon.*.notes": "nullable|sanitizeTextArea|maxLength:100",
    "trigger": "nullable|string",
}
_TEXTS = {"customer_id.required": "Customer selection is required", "order_items.required": "Item selection is required"}


def check(document: Fields) -> None:
    """Raise a refusal that lists all problems."""
    errors.check_fields(fields.check(document, _RULES, _TEXTS))


def check_editable(order: Order | None, status: str) -> Order:
    """Return the order, or raise a refusal. Subscriptions and completed or canceled orders cannot be edited (33-010, 33-023)."""
    if order is None:
        raise PluginCrash("Call to a member function isSubscription() on null")
    if order.type in ("subscription", "renewal"):
        raise errors.refused("Subscription Order cannot be edited.", 400)
    if status == "completed":
        raise errors.refused("Completed status can not be updated", 400)
    if order.status in ("completed", "canceled"):
        message = f"Your order status is marked as {order.status} and not eligible for any further modifications at this time."
        raise resource_error(404, message)
    return order


def update_order(order: Order, document: Fields, rules: Rules, now: str) -> Order:
    """Return the order as sent. What is not sent is emptied (33-001, 33-033); paid and refunded totals stay (33-034)."""
    return replace(
        order,
        status=fields.text(document, "status"),
        invoice_no=text_or_null(document, "invoice_no"),
        fulfillment_type=text_or_null(document, "fulfillment_type"),
        type=fields.text(document, "type"),
        customer_id=php.to_int(document.get("customer_id")),
        payment_method=fields.text(document, "payment_method"),
        payment_method_title=fields.text(document, "payment_method_title"),
        rate=php.decimal_column(document["rate"], 12, 4) if php.is_numeric(document.get("rate")) else "0.0000",
        note=fields.text(document, "note"),
        completed_at=text_or_null(document, "completed_at"),
        refunded_at=text_or_null(document, "refunded_at"),
        ip_address=fields.text(document, "ip_address"),
        uuid=fields.text(document, "uuid"),
        updated_at=now,
        **_totals_and_status(order, document, rules),
    )


def _totals_and_status(order: Order, document: Fields, rules: Rules) -> dict[str, Any]:
    """Return the amounts and the payment status. A total above the paid amount makes a paid order partially paid.

    Since 1.4.0 the shop adds up the total itself, without tax; before, a change of the shipping total is added to the sent
    one.
    """
    numbers = {name: _amount(document.get(name)) for name in _NUMBERS}
    payment_status = fields.text(document, "payment_status")
    if rules.generic_errors:
        numbers |= {"discount_tax": order.discount_tax, "shipping_tax": 0, "tax_total": 0}
        numbers["total_amount"] = _add_up(numbers, order.fee_total)
        payment_status = _follow_totals(payment_status, order.total_paid, numbers["total_amount"])
    else:
        paid, total = php.to_int(document.get("total_paid")), numbers["total_amount"]
        if paid > 0 and total > paid and payment_status != "partially_refunded":
            payment_status = "partially_paid"
        numbers["total_amount"] = clamp(total + numbers["shipping_total"] - order.shipping_total)
    return {**numbers, "payment_status": payment_status}


def _add_up(numbers: Mapping[str, int], fees: int) -> int:
    """Return the total of an order without tax (measured in 1.5.2)."""
    discounts = numbers["coupon_discount_total"] + numbers["manual_discount_total"]
    return clamp(numbers["subtotal"] + numbers["shipping_total"] + fees - discounts)


def _follow_totals(payment_status: str, paid: int, total: int) -> str:
    """Return the payment status of an order whose total has changed; an unpaid order keeps the sent one."""
    if paid > 0 and paid < total and payment_status == "paid":
        return "partially_paid"
    return "paid" if paid > 0 and paid >= total and payment_status == "partially_paid" else payment_status


def _amount(value: Any) -> int:
    """Return an amount in minor units, as the request has it."""
    return clamp(php.round_to_int(float(value))) if php.is_numeric(value) and value is not None else 0


def update_item(item: Item, line: Fields, now: str) -> Item:
    """Return an item of the order as sent. Fields that are not sent stay (33-033)."""
    changes: dict[str, Any] = {"updated_at": now}
    for name in ("unit_price", "tax_amount", "discount_total", "shipping_charge", "line_total", "subtotal"):
        if name in line:
            changes[name] = _amount(line[name])
    if "quantity" in line:
        changes["quantity"] = max(1, clamp(php.to_int(line["quantity"])))
    for name in ("post_title", "title"):
        if name in line:
            changes[name] = sanitize_text(line[name])
    return replace(item, **changes)


def make_item(order: Order, line: Fields, item_id: int, product: SoldVariant | None, *, position: int, now: str) -> Item:
    """Return a new item. Without `shipping_charge` it crashes the plugin (33-004, 33-035)."""
    info = line.get("other_info")
    return Item(
        id=item_id,
        order_id=order.id,
        post_id=php.to_int(line.get("post_id")),
        object_id=str(php.to_int(line.get("object_id"))),
        cart_index=position + 1,
        quantity=max(1, php.to_int(line.get("quantity", 1))),
        fulfillment_type=product.fulfillment_type if product else fields.text(line, "fulfillment_type"),
        payment_type=fields.text(line, "payment_type") or "onetime",
        post_title=fields.text(line, "post_title"),
        title=fields.text(line, "title"),
        unit_price=_amount(line.get("unit_price")),
        subtotal=_amount(line.get("subtotal")),
        tax_amount=_amount(line.get("tax_amount")),
        shipping_charge=_amount(line.get("shipping_charge")),
        discount_total=_amount(line.get("discount_total")),
        line_total=_amount(line.get("line_total")),
        other_info=dict(info) if isinstance(info, Mapping) else {},
        created_at=now,
        updated_at=now,
    )


def is_new(line: Fields, deleted: Collection[int]) -> bool:
    """Whether a line adds an item. One with an id that the order does not have changes nothing (measured in 1.5.2)."""
    return php.is_empty(line.get("id")) or php.to_int(line["id"]) in deleted


def check_new_items(lines: Iterable[Fields], rules: Rules) -> None:
    """Raise PluginCrash for a new item without `shipping_charge`; 1.3.25 accepts it."""
    if rules.generic_errors and any("shipping_charge" not in line for line in lines):
        raise PluginCrash("Undefined array key shipping_charge")


def follow_total(charge: Transaction, order: Order, now: str) -> Transaction:
    """Return the pending charge with the order's new total (33-003)."""
    return replace(charge, total=order.total_amount, updated_at=now)
