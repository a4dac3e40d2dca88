"""Rules of a refund: records in, records out, or a refusal raised. No store, no HTTP, no clock."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from refund_sandbox.apis.fluentcart import errors, php
from refund_sandbox.apis.fluentcart.errors import PluginCrash
from refund_sandbox.apis.fluentcart.gateways import Cancellation, GatewayReply
from refund_sandbox.apis.fluentcart.records import Item, Order, Subscription, Transaction, Variation
from refund_sandbox.apis.fluentcart.versions import Rules


class RefundRequest(Struct, frozen=True):
    """The requested refund. `amount` is minor units; the other fields are unchecked, as in the plugin."""

    amount: int
    reason: Any
    item_ids: Any
    refunded_items: Any
    manage_stock: bool
    cancel_subscription: bool


def check_refundable(order: Order) -> None:
    """Raise a refusal for an order that was upgraded to another one, like the plugin's canBeRefunded (group 06)."""
    if isinstance(order.config, dict) and "upgraded_to" in order.config and not php.is_empty(order.config["upgraded_to"]):
        raise errors.not_refundable()


def check_amount(order: Order, charge: Transaction, amount: int) -> None:
    """Raise a refusal for an amount of 0 or less, above `total_paid`, or above the refundable amount of the charge.

    `total_paid` ignores earlier refunds of the order, which is a mistake of the plugin (01-032).
    """
    if amount <= 0:
        raise errors.refused("Invalid refund amount.")
    if amount > order.total_paid:
        raise errors.refused("Refund amount exceeds the net paid amount for this order.")
    if amount > refundable(charge):
        raise errors.refused("Refund amount exceeds the maximum refundable amount for this transaction.")


def refundable(charge: Transaction) -> int:
    """Return the refundable amount of a charge in minor units, by its meta and not by the refund rows (group 03)."""
    if charge.status != "succeeded":
        return 0
    return charge.total - php.to_int(_meta(charge).get("refunded_total", 0))


def refund_row(
    order: Order, charge: Transaction, request: RefundRequest, *, row_id: int, uuid: str, vendor_charge_id: str, now: str
) -> Transaction:
    """Return the refund as a new transaction: a copy of the charge without the card, with the gateway's refund id."""
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
        total=request.amount,
        rate="1",
        uuid=uuid,
        meta={"parent_id": charge.id, "reason": "" if request.reason is None else request.reason},
        created_at=now,
        updated_at=now,
    )


def add_refunded_total(charge: Transaction, amount: int, now: str) -> Transaction:
    """Return the charge with the amount added to its meta; the status does not change."""
    meta = _meta(charge)
    total = php.to_int(meta.get("refunded_total", 0)) + amount
    return replace(charge, meta={**meta, "refunded_total": total}, updated_at=now)


def _meta(charge: Transaction) -> Mapping[str, Any]:
    return charge.meta if isinstance(charge.meta, dict) else {}


def sync_totals(order: Order, refund_rows: int, rules: Rules, now: str) -> tuple[Order, int]:
    """Return the order with totals equal to the sum of its refund rows, and the change of `total_refund`.

    Amounts are minor units. This repairs totals after an earlier crash, and lowers those of orders imported without
    refund rows (06-013).
    """
    change = refund_rows - order.total_refund
    if change == 0:
        return replace(order, refund_rows=refund_rows), 0
    status = "refunded" if refund_rows >= order.total_paid else "partially_refunded"
    refunded_at = now if status == "refunded" and rules.refunded_at and not order.refunded_at else order.refunded_at
    synced = replace(
        order, refund_rows=refund_rows, total_refund=refund_rows, payment_status=status, refunded_at=refunded_at, updated_at=now
    )
    return synced, change


def allocate(items: Sequence[Item | None], amount: int, now: str) -> list[Item | PluginCrash]:
    """Return the items with the amount allocated in proportion to their refundable totals; the last gets the rest.

    Shares are rounded to 1/100 minor unit, then by the database to whole units. Their sum can be off by one (01-036).
    None stands for an unknown item id, at which the plugin crashes (09-027).
    """
    refundables = [max(0, item.line_total - item.refund_total) if item else 0 for item in items]
    total_refundable = sum(refundables)
    if total_refundable == 0:
        return []
    hundredths = min(amount, total_refundable) * 100
    allocated = 0
    changed: list[Item | PluginCrash] = []
    last = len(items) - 1
    for index, item in enumerate(items):
        if item is None:
            return [*changed, PluginCrash('Attempt to assign property "refund_total" on null')]
        share = hundredths - allocated if index == last else _divide(hundredths * refundables[index], total_refundable)
        allocated += share
        total = _divide(item.refund_total * 100 + share, 100)
        changed.append(replace(item, refund_total=total, updated_at=now))
    return changed


def _divide(dividend: int, divisor: int) -> int:
    """Divide and round half away from zero."""
    half_up = (2 * abs(dividend) + divisor) // (2 * divisor)
    return half_up if dividend >= 0 else -half_up


def restock(order: Order, variation: Variation, item_id: Any, quantity: int) -> tuple[Order, Variation]:
    """Return order and variation after `quantity` pieces return to stock.

    Read in the source: pieces leave `on_hold` first, or `committed` first for a delivered order. They never exceed the
    order's own movement. `available` has no upper limit.
    """
    movement = dict(order.stock_movement.get(str(item_id), {}))
    columns = ("committed", "on_hold") if order.shipping_status == "delivered" else ("on_hold", "committed")
    remaining = quantity
    for column in columns:
        count = min(int(movement.get(column, 0)), remaining)
        if count > 0:
            movement[column] -= count
            remaining -= count
            variation = replace(variation, **{column: getattr(variation, column) - count})
    variation = replace(variation, available=max(0, variation.available + quantity))
    return replace(order, stock_movement={**order.stock_movement, str(item_id): movement}), variation


def cancel_subscription(subscription: Subscription, reason: str, now: str, *, immediately: bool, rules: Rules) -> Subscription:
    """Return the subscription as canceled; a completed one stays completed.

    A refund ends the paid period immediately (group 08), a cancellation by the admin does not (13-001).
    """
    config = subscription.config if isinstance(subscription.config, Mapping) else {}
    is_completed = subscription.status == "completed"
    next_billing_date = now if immediately else subscription.next_billing_date
    if is_completed and rules.completed_without_date:
        next_billing_date = None
    return replace(
        subscription,
        status="completed" if is_completed else "canceled",
        canceled_at=subscription.canceled_at if is_completed else now,
        next_billing_date=next_billing_date,
        config={**config, "cancellation_reason": reason},
        updated_at=now,
    )


def render_result(charge: Transaction, gateway: GatewayReply, cancellation: Cancellation | None) -> dict[str, Any]:
    """Return the three-part reply; `subscription_cancel` is present only after an attempted cancellation."""
    if gateway.manual_source is not None:
        source = f" source: {gateway.manual_source}" if gateway.manual_source else ""
        message = f"Refund processed manually.{source}"
    elif gateway.error is None:
        message = f"Refund processed on {method_title(charge)}"
    else:
        message = f"ERROR processing refund on {method_title(charge)}: {gateway.error}"
    parts = {
        "fluent_cart_refund": {"status": "success", "message": "Refund processed on FluentCart."},
        "gateway_refund": _outcome(gateway.error, message),
    }
    if cancellation:
        parts["subscription_cancel"] = _outcome(cancellation.error, cancellation.error or "Subscription cancelled successfully")
    return parts


def method_title(charge: Transaction) -> str:
    """Return the charge's payment method as the plugin prints it: only the first letter is changed to upper case."""
    first = charge.payment_method[:1]
    return first.upper() + charge.payment_method[1:] if first.isascii() else charge.payment_method


def _outcome(error: str | None, message: str) -> dict[str, str]:
    return {"status": "success" if error is None else "failed", "message": message}
