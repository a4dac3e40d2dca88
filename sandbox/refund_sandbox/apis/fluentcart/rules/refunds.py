"""The rules of a refund: records in, records out, or a named refusal. No store, no HTTP, no clock of its own."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from refund_sandbox.apis.fluentcart import errors, php
from refund_sandbox.apis.fluentcart.gateways import Answer, Cancellation
from refund_sandbox.apis.fluentcart.records import Customer, Item, Order, Subscription, Transaction, Variation
from refund_sandbox.frozen import replace

# The payment statuses whose orders count for a customer's figures.
_COUNTED = frozenset(("paid", "partially_refunded", "partially_paid"))


class PluginCrash(Exception):
    """PHP fell over here. What was booked before stays booked, as it does in the plugin."""


class Wanted(NamedTuple):
    """What a caller asks for. `amount` is minor units; the rest is as untyped as the plugin takes it."""

    amount: int
    reason: Any
    item_ids: Any
    refunded_items: Any
    manage_stock: bool
    cancel_subscription: bool


def check_refundable(order: Order) -> None:
    """The plugin's canBeRefunded: it looks at nothing but whether the order was upgraded to another one (group 06)."""
    config = order.config if isinstance(order.config, dict) else {}
    if not php.is_empty(config.get("upgraded_to", 0)):
        raise errors.not_refundable()


def check_amount(order: Order, charge: Transaction, amount: int) -> None:
    """Raises a refusal for an amount that is nothing, more than was paid, or more than is left on the charge.

    The second limit is always the whole `total_paid`, whatever was refunded before: a slip of the plugin (01-032).
    """
    if amount <= 0:
        raise errors.refused("Invalid refund amount.")
    if amount > order.total_paid:
        raise errors.refused("Refund amount exceeds the net paid amount for this order.")
    if amount > refundable(charge):
        raise errors.refused("Refund amount exceeds the maximum refundable amount for this transaction.")


def refundable(charge: Transaction) -> int:
    """What is left on a charge, in minor units, by its own meta and not by the refund rows (group 03)."""
    if charge.status != "succeeded":
        return 0
    return charge.total - php.to_int(_meta(charge).get("refunded_total", 0))


def refund_row(
    order: Order, charge: Transaction, wanted: Wanted, *, row_id: int, uuid: str, vendor_charge_id: str, now: str
) -> Transaction:
    """The refund as a transaction of its own, which copies the charge but for the card, with the gateway's id of the refund."""
    return replace(
        charge,
        id=row_id,
        order_type=order.type,
        transaction_type="refund",
        subscription_id=charge.subscription_id or 0,  # the column's default (14-008)
        card_last_4=None,
        card_brand=None,
        vendor_charge_id=vendor_charge_id,
        status="refunded",
        total=wanted.amount,
        rate="1",
        uuid=uuid,
        meta={"parent_id": charge.id, "reason": "" if wanted.reason is None else wanted.reason},
        created_at=now,
        updated_at=now,
    )


def count_refund(charge: Transaction, amount: int, now: str) -> Transaction:
    """The charge with the refund counted in its meta; its status stays what it is."""
    meta = _meta(charge)
    total = php.to_int(meta.get("refunded_total", 0)) + amount
    return replace(charge, meta={**meta, "refunded_total": total}, updated_at=now)


def _meta(charge: Transaction) -> Mapping[str, Any]:
    return charge.meta if isinstance(charge.meta, dict) else {}


def sync_order(order: Order, rows: int, now: str) -> tuple[Order, int]:
    """The order with its totals made to follow the sum of its refund rows, and by how much they moved (0: nothing to do).

    All are minor units. The totals heal what an earlier crash left behind, and fall back for orders imported without rows
    (06-013).
    """
    moved = rows - order.total_refund
    if moved == 0:
        return replace(order, refund_rows=rows), 0
    status = "refunded" if rows >= order.total_paid else "partially_refunded"
    return replace(order, refund_rows=rows, total_refund=rows, payment_status=status, updated_at=now), moved


def share(items: Sequence[Item | None], amount: int, now: str) -> list[Item | PluginCrash]:
    """The items with the amount spread over them in proportion to what is left on each, the last one taking the rest.

    Shares are rounded to hundredths of a minor unit and then by the database to whole ones, so that their sum may be off
    by one (01-036). An item that is None is an id that was not found: its turn is a crash (09-027).
    """
    left = [max(0, item.line_total - item.refund_total) if item else 0 for item in items]
    together = sum(left)
    if together == 0:
        return []
    hundredths = min(amount, together) * 100
    given = 0
    shared: list[Item | PluginCrash] = []
    for place, (item, part) in enumerate(zip(items, left, strict=True)):
        last = place == len(items) - 1
        portion = hundredths - given if last else _divide(hundredths * part, together)
        given += portion
        if item is None:
            return [*shared, PluginCrash('Attempt to assign property "refund_total" on null')]
        total = _divide(item.refund_total * 100 + portion, 100)
        shared.append(replace(item, refund_total=total, updated_at=now))
    return shared


def _divide(number: int, by: int) -> int:
    """The nearest whole number; of two, the one further from 0."""
    half_up = (2 * abs(number) + by) // (2 * by)
    return half_up if number >= 0 else -half_up


def _round(value: Decimal, step: Decimal) -> Decimal:
    return value.quantize(step, ROUND_HALF_UP)


def recount(customer: Customer, orders: Iterable[Order]) -> Customer:
    """The customer with purchase count, lifetime value and average counted anew over all of their orders."""
    counted = [order for order in orders if order.payment_status in _COUNTED]
    value = sum(max(0, order.total_paid - order.total_refund) for order in counted)
    average = _round(Decimal(value) / len(counted), Decimal("0.01")) if counted else Decimal("0.00")
    dates = [order.created_at for order in counted]
    return replace(
        customer,
        purchase_count=len(counted),
        ltv=value,
        aov=f"{average:.2f}",
        first_purchase_date=min(dates, default=None),
        last_purchase_date=max(dates, default=None),
    )


def restock(order: Order, variation: Variation, item_id: Any, quantity: int) -> tuple[Order, Variation]:
    """The shelf with so many pieces back, taken off what the order still had on hold or committed.

    Read in the source: pieces come off `on_hold` first, off `committed` first once delivered, and never more than the
    order's own movement; `available` has no upper limit.
    """
    movement = dict(order.stock_movement.get(str(item_id), {}))
    places = ("committed", "on_hold") if order.shipping_status == "delivered" else ("on_hold", "committed")
    left = quantity
    for place in places:
        taken = min(int(movement.get(place, 0)), left)
        if taken > 0:
            movement[place] -= taken
            left -= taken
            variation = replace(variation, **{place: getattr(variation, place) - taken})
    variation = replace(variation, available=max(0, variation.available + quantity))
    return replace(order, stock_movement={**order.stock_movement, str(item_id): movement}), variation


def cancelled(subscription: Subscription, reason: str, now: str, *, answer_batch: bool) -> Subscription:
    """The subscription after its cancellation, its paid time ending `at_once` or running out; a completed one stays completed.

    A refund ends it at once (group 08), the admin's own cancellation does not (13-001).
    """
    config = subscription.config if isinstance(subscription.config, Mapping) else {}
    ended = subscription.status == "completed"
    return replace(
        subscription,
        status="completed" if ended else "canceled",
        canceled_at=subscription.canceled_at if ended else now,
        next_billing_date=now if answer_batch else subscription.next_billing_date,
        config={**config, "cancellation_reason": reason},
        updated_at=now,
    )


def result(charge: Transaction, gateway: Answer, cancellation: Cancellation | None) -> dict[str, Any]:
    """The three-part answer; `subscription_cancel` is there only when a cancellation was attempted."""
    parts = {"fluent_cart_refund": _outcome(None, "Refund processed on FluentCart."), "gateway_refund": _said(charge, gateway)}
    if cancellation:
        parts["subscription_cancel"] = _outcome(cancellation.error, cancellation.error or "Subscription cancelled successfully")
    return parts


def _said(charge: Transaction, gateway: Answer) -> dict[str, str]:
    if gateway.manual_source is not None:
        source = f" source: {gateway.manual_source}" if gateway.manual_source else ""
        return _outcome(None, f"Refund processed manually.{source}")
    method = method_title(charge)
    if gateway.error is None:
        return _outcome(None, f"Refund processed on {method}")
    return _outcome(gateway.error, f"ERROR processing refund on {method}: {gateway.error}")


def method_title(charge: Transaction) -> str:
    """The charge's payment method as the plugin prints it: the first letter capital, nothing more."""
    return charge.payment_method[:1].upper() + charge.payment_method[1:]


def _outcome(error: str | None, message: str) -> dict[str, str]:
    return {"status": "success" if error is None else "failed", "message": message}
