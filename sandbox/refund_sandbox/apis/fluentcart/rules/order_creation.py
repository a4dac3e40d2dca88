"""Rules of an order created by hand: request fields in, records out, or a refusal raised.

Recorded in 14-049 and 14-050 for a one-time product. Behaviour without a recording follows the plugin's source.
Assumed: every requested product is for sale, in US dollars, and stock does not
change. Assumed: a subscription's signup fee is not billed.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from refund_sandbox.apis.fluentcart import errors, php
from refund_sandbox.apis.fluentcart.php_json import stored
from refund_sandbox.apis.fluentcart.products import Find, SoldVariant
from refund_sandbox.apis.fluentcart.records import Item, Order, Subscription, Transaction
from refund_sandbox.apis.fluentcart.shop.fields import MAX_NUMBER, Fields, clamp
from refund_sandbox.apis.fluentcart.versions import Rules
from refund_sandbox.apis.fluentcart.wordpress.plain_text import sanitize_text


class NewRecord(Struct, frozen=True):
    """Id, uuid and creation time of a new record."""

    id: int
    uuid: str
    now: str


def read_lines(document: Fields, rules: Rules, find: Find) -> list[Fields]:
    """Return the requested order items. Raises a refusal for items that cannot be ordered by hand."""
    lines: list[Fields] = [item for item in php.entries(document["order_items"]) if isinstance(item, dict)]
    if not lines:
        raise errors.invalid_fields({"order_items": {"array": "The order_items must be an array."}})  # Assumed: the text
    for line in lines:
        _check_plan(line, rules, find)
    return lines


def _check_plan(line: Fields, rules: Rules, find: Find) -> None:
    """Raise a refusal: before 1.6.0 for any subscription, then for a payment type that contradicts the product."""
    info = _info(line)
    labels = [str(label) for label in (line.get("payment_type"), info.get("payment_type")) if label not in (None, "")]
    if not rules.store_billing:
        if "subscription" in labels:
            raise errors.refused("Subscription order with Manual Order is not supported yet!", 400)
        return
    product = find(line.get("object_id"))
    if product is None:
        return
    if product.recurs and any(label != "subscription" for label in labels):
        raise errors.refused("Subscription product cannot be placed as a one time item.", 400)
    if not product.recurs and "subscription" in labels:
        raise errors.refused("One time product cannot be placed as a subscription item.", 400)
    if product.recurs and info.get("payment_type") != "subscription":
        raise errors.refused("Subscription product must be placed as a subscription item.", 400)


def _info(line: Fields) -> Fields:
    info = line.get("other_info")
    return info if isinstance(info, dict) else {}


def make_items(lines: Sequence[Fields], discount: int, order: NewRecord, ids: Sequence[int], find: Find) -> list[Item]:
    """Return the items of the order. `discount` is minor units, allocated by price; the first item gets the remainder."""
    prices = [(php.to_int(line.get("unit_price")), max(1, php.to_int(line.get("quantity", 1)))) for line in lines]
    shares = _allocate(discount, [price * quantity for price, quantity in prices])
    items = []
    for line, (price, quantity), share, item_id in zip(lines, prices, shares, ids, strict=True):
        reduction = share + max(0, php.to_int(line.get("discount_total")))
        _check_amount(max(abs(price) * quantity, reduction))
        priced = Item(item_id, order.id, quantity=quantity, unit_price=price, discount_total=reduction)
        items.append(_make_item(line, priced, order.now, find(line.get("object_id"))))
    _check_amount(sum(abs(item.subtotal) for item in items))
    return items


def _make_item(line: Fields, priced: Item, now: str, product: SoldVariant | None) -> Item:
    info = _info(line)
    subtotal = priced.unit_price * priced.quantity
    return Item(
        id=priced.id,
        order_id=priced.order_id,
        post_id=product.post_id if product else _read_number(line.get("post_id")),
        object_id=str(_read_number(line.get("object_id"))),
        quantity=priced.quantity,
        fulfillment_type=sanitize_text(line.get("fulfillment_type")) or "digital",
        payment_type=sanitize_text(info.get("payment_type")) or "default",
        post_title=product.post_title if product else sanitize_text(line.get("post_title")),
        title=product.title if product else sanitize_text(line.get("title")),
        unit_price=priced.unit_price,
        cost=_read_number(line.get("cost")),
        subtotal=subtotal,
        shipping_charge=_read_number(line.get("shipping_charge")),
        discount_total=priced.discount_total,
        line_total=subtotal - priced.discount_total,
        other_info={name: stored(value) for name, value in info.items()},
        created_at=now,
        updated_at=now,
    )


def _read_number(value: Any) -> int:
    return clamp(php.to_int(value))


def _check_amount(amount: int) -> None:
    if amount > MAX_NUMBER:
        raise errors.invalid_fields({"order_items": {"max": f"The order_items must not be above {MAX_NUMBER}."}})


def _allocate(discount: int, subtotals: Sequence[int]) -> list[int]:
    total = sum(subtotals)
    if total <= 0 or discount <= 0:
        return [0] * len(subtotals)
    shares = [min(subtotal * discount // total, subtotal) for subtotal in subtotals]
    return [shares[0] + discount - sum(shares), *shares[1:]]


def read_discount(document: Fields) -> int:
    """Return the manual discount in minor units; the request has major units."""
    discount = document.get("discount")
    value = discount.get("value") if isinstance(discount, dict) else None
    return max(0, clamp(php.round_to_int(float(value) * 100))) if php.is_numeric(value) and value is not None else 0


def read_shipping(document: Fields) -> int:
    """Return the shipping total in minor units."""
    value = document.get("shipping_total")
    return max(0, clamp(php.round_to_int(float(value)))) if php.is_numeric(value) and value is not None else 0


def make_order(items: Sequence[Item], document: Fields, customer_id: int, new: NewRecord) -> Order:
    """Return the order: on hold until it is paid, in test mode like the recorded shop."""
    subtotal = sum(item.subtotal for item in items)
    discount, shipping = sum(item.discount_total for item in items), read_shipping(document)
    manual_discount = min(read_discount(document), discount)
    is_physical = any(item.fulfillment_type == "physical" for item in items)
    time_zone = document.get("user_tz")
    return Order(
        id=new.id,
        uuid=new.uuid,
        status="on-hold",
        payment_status="pending",
        payment_method="offline_payment",
        payment_method_title="Cash",
        type="subscription" if any(item.payment_type == "subscription" for item in items) else "payment",
        fulfillment_type="physical" if is_physical else "digital",
        shipping_status="unshipped" if is_physical else "",
        customer_id=customer_id,
        subtotal=subtotal,
        manual_discount_total=manual_discount,
        coupon_discount_total=discount - manual_discount,
        shipping_total=shipping,
        total_amount=max(0, subtotal - discount + shipping),
        config={"user_tz": None if time_zone is None else sanitize_text(time_zone)},
        created_at=new.now,
        updated_at=new.now,
    )


def make_charge(order: Order, subscription: Subscription | None, new: NewRecord) -> Transaction:
    """Return the pending charge of the order."""
    return Transaction(
        id=new.id,
        uuid=new.uuid,
        order_id=order.id,
        order_type=order.type,
        subscription_id=subscription.id if subscription else 0,
        payment_method=order.payment_method,
        payment_mode=order.mode,
        status="pending",
        currency=order.currency,
        total=order.total_amount,
        created_at=new.now,
        updated_at=new.now,
    )


def find_plan(items: Iterable[Item]) -> Item | None:
    """Return the item that starts a subscription; None if there are several."""
    plans = [item for item in items if item.payment_type == "subscription"]
    return plans[0] if len(plans) == 1 else None


def make_subscription(order: Order, plan: Item, new: NewRecord) -> Subscription:
    """Return the subscription that starts with the payment of the order. Assumed: the shop bills it by hand."""
    info = _info({"other_info": plan.other_info})
    return Subscription(
        id=new.id,
        uuid=new.uuid,
        status="intended",
        parent_order_id=order.id,
        customer_id=order.customer_id or 0,
        current_payment_method=order.payment_method,
        product_id=plan.post_id,
        variation_id=php.to_int(plan.object_id),
        item_name=f"{plan.post_title} - {plan.title}",
        quantity=plan.quantity,
        billing_interval=sanitize_text(info.get("repeat_interval")) or "monthly",
        recurring_amount=plan.subtotal,
        recurring_total=plan.subtotal,
        bill_times=_read_number(info.get("times")),
        trial_days=_read_number(info.get("trial_days")),
        collection_method="manual",
        created_at=new.now,
        updated_at=new.now,
    )
