"""The rules of an order that the shop's owner makes by hand: what was sent in, records out, or a named refusal.

Recorded in 14-049 and 14-050 for a one-off product. What no recording shows follows the plugin's source, 1.3.25 and 1.6.3;
Assumed: in this part 1.6.2 is as 1.6.3. Assumed: every product that is sent is for sale, in US dollars, and nothing is taken
off the shelf; a subscription's signup fee is not billed.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from refund_sandbox.apis.fluentcart import errors, parsing, php, products
from refund_sandbox.apis.fluentcart.records import Item, Order, Subscription, Transaction
from refund_sandbox.apis.fluentcart.wordpress.request import sanitize_text
from refund_sandbox.frozen import frozen
from refund_sandbox.settings import Version

Row = Mapping[str, Any]

_MOST = 10**15
"""The most that a sum may be, in minor units; Assumed: the plugin's database takes more."""


@frozen
class Stamp:
    """What a new record is called and when it was made."""

    id: int
    uuid: str
    now: str


def read_lines(document: Row, version: Version) -> list[Row]:
    """The lines that were sent. Raises a refusal that names what is missing, or for what an order cannot have by hand."""
    missing = {name: {"required": text} for name, text in parsing.NEW_ORDER.items() if php.is_blank(document.get(name))}
    if missing:
        raise errors.invalid_fields(missing)
    sent = document["order_items"]
    lines: list[Row] = [line for line in php.values_of(sent) if isinstance(line, dict)] if isinstance(sent, php.ARRAY) else []
    if not lines:
        raise errors.invalid_fields({"order_items": {"array": "The order_items must be an array."}})  # Assumed: the words
    for line in lines:
        _check_plan(line, version)
    return lines


def _check_plan(line: Row, version: Version) -> None:
    """Raises a refusal for a subscription, which 1.3.25 does not sell by hand; since 1.6 for a line that is not what it says."""
    info = _info(line)
    labels = [str(label) for label in (line.get("payment_type"), info.get("payment_type")) if label not in (None, "")]
    if version == "1.3.25":
        if "subscription" in labels:
            raise errors.refused("Subscription order with Manual Order is not supported yet!", 400)
        return
    product = products.find(line.get("object_id"))
    if product is None:
        return
    if product.recurs and any(label != "subscription" for label in labels):
        raise errors.refused("Subscription product cannot be placed as a one time item.", 400)
    if not product.recurs and "subscription" in labels:
        raise errors.refused("One time product cannot be placed as a subscription item.", 400)
    if product.recurs and info.get("payment_type") != "subscription":
        raise errors.refused("Subscription product must be placed as a subscription item.", 400)


def _info(line: Row) -> Row:
    info = line.get("other_info")
    return info if isinstance(info, dict) else {}


def make_items(lines: Sequence[Row], discount: int, order: Stamp, ids: Sequence[int]) -> list[Item]:
    """The lines of the order. `discount` is minor units, shared out by price; the first line takes what is left over."""
    prices = [(php.to_int(line.get("unit_price")), max(1, php.to_int(line.get("quantity", 1)))) for line in lines]
    shares = _share(discount, [price * quantity for price, quantity in prices])
    items = []
    for line, (price, quantity), share, item_id in zip(lines, prices, shares, ids, strict=True):
        lowered = share + max(0, php.to_int(line.get("discount_total")))
        _check_sum(max(abs(price) * quantity, lowered))
        items.append(_item(line, Item(item_id, order.id, quantity=quantity, unit_price=price, discount_total=lowered), order.now))
    _check_sum(sum(abs(item.subtotal) for item in items))
    return items


def _item(line: Row, priced: Item, now: str) -> Item:
    info, product = _info(line), products.find(line.get("object_id"))
    subtotal = priced.unit_price * priced.quantity
    return Item(
        id=priced.id,
        order_id=priced.order_id,
        post_id=product.post_id if product else _id(line.get("post_id")),
        object_id=str(_id(line.get("object_id"))),
        quantity=priced.quantity,
        fulfillment_type=sanitize_text(line.get("fulfillment_type")) or "digital",
        payment_type=sanitize_text(info.get("payment_type")) or "default",
        post_title=product.post_title if product else sanitize_text(line.get("post_title")),
        title=product.title if product else sanitize_text(line.get("title")),
        unit_price=priced.unit_price,
        cost=_limited(php.to_int(line.get("cost"))),
        subtotal=subtotal,
        shipping_charge=_limited(php.to_int(line.get("shipping_charge"))),
        discount_total=priced.discount_total,
        line_total=subtotal - priced.discount_total,
        other_info=dict(info),
        created_at=now,
        updated_at=now,
    )


def _id(value: Any) -> int:
    return _limited(php.to_int(value))


def _limited(number: int) -> int:
    return max(-_MOST, min(number, _MOST))


def _check_sum(amount: int) -> None:
    if amount > _MOST:
        raise errors.invalid_fields({"order_items": {"max": f"The order_items must not be above {_MOST}."}})


def _share(discount: int, subtotals: Sequence[int]) -> list[int]:
    total = sum(subtotals)
    if total <= 0 or discount <= 0:
        return [0] * len(subtotals)
    shares = [min(subtotal * discount // total, subtotal) for subtotal in subtotals]
    return [shares[0] + discount - sum(shares), *shares[1:]]


def read_discount(document: Row) -> int:
    """The discount that the owner gives, in minor units; major ones are sent."""
    sent = document.get("discount")
    value = sent.get("value") if isinstance(sent, dict) else None
    return max(0, _limited(php.round_to_int(float(value) * 100))) if php.is_numeric(value) and value is not None else 0


def read_shipping(document: Row) -> int:
    """What shipping costs, in minor units."""
    value = document.get("shipping_total")
    return max(0, _limited(php.round_to_int(float(value)))) if php.is_numeric(value) and value is not None else 0


def make_order(items: Sequence[Item], document: Row, customer_id: int, stamp: Stamp) -> Order:
    """The order: on hold until it is paid, in test mode as the recorded shop was. Money is minor units."""
    subtotal = sum(item.subtotal for item in items)
    lowered, shipping = sum(item.discount_total for item in items), read_shipping(document)
    by_hand = min(read_discount(document), lowered)
    physical = any(item.fulfillment_type == "physical" for item in items)
    time_zone = document.get("user_tz")
    return Order(
        id=stamp.id,
        uuid=stamp.uuid,
        status="on-hold",
        payment_status="pending",
        payment_method="offline_payment",
        payment_method_title="Cash",
        type="subscription" if any(item.payment_type == "subscription" for item in items) else "payment",
        fulfillment_type="physical" if physical else "digital",
        shipping_status="unshipped" if physical else "",
        customer_id=customer_id,
        subtotal=subtotal,
        manual_discount_total=by_hand,
        coupon_discount_total=lowered - by_hand,
        shipping_total=shipping,
        total_amount=max(0, subtotal - lowered + shipping),
        config={"user_tz": None if time_zone is None else sanitize_text(time_zone)},
        created_at=stamp.now,
        updated_at=stamp.now,
    )


def make_charge(order: Order, subscription: Subscription | None, stamp: Stamp) -> Transaction:
    """The payment that the order waits for."""
    return Transaction(
        id=stamp.id,
        uuid=stamp.uuid,
        order_id=order.id,
        order_type=order.type,
        subscription_id=subscription.id if subscription else 0,
        payment_method=order.payment_method,
        payment_mode=order.mode,
        status="pending",
        currency=order.currency,
        total=order.total_amount,
        created_at=stamp.now,
        updated_at=stamp.now,
    )


def find_plan(items: Iterable[Item]) -> Item | None:
    """The line that begins a subscription; of several none does."""
    plans = [item for item in items if item.payment_type == "subscription"]
    return plans[0] if len(plans) == 1 else None


def make_subscription(order: Order, plan: Item, stamp: Stamp) -> Subscription:
    """The subscription that the line begins, once it is paid. Assumed: the shop bills it by hand."""
    info = _info({"other_info": plan.other_info})
    return Subscription(
        id=stamp.id,
        uuid=stamp.uuid,
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
        bill_times=_limited(php.to_int(info.get("times"))),
        trial_days=_limited(php.to_int(info.get("trial_days"))),
        collection_method="manual",
        created_at=stamp.now,
        updated_at=stamp.now,
    )
