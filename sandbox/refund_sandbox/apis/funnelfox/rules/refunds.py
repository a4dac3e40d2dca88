"""Rules of refunds and cancellations: records in, records out, or a refusal. No store, no HTTP, no clock."""

from typing import NamedTuple

from msgspec.structs import replace

from refund_sandbox.apis.funnelfox import errors
from refund_sandbox.apis.funnelfox.parsing import read_minor_units
from refund_sandbox.apis.funnelfox.records import Oneoff, Order, Subscription, Transaction
from refund_sandbox.apis.funnelfox.rules import billing_cycles, subscriptions


class Entitlement(NamedTuple):
    """Subscription or one-off that an order paid for. A refund may withdraw it."""

    subscription: Subscription | None = None
    oneoff: Oneoff | None = None


def check_refundable(order: Order) -> None:
    """Raise a refusal unless the order is settled and has a refundable amount.

    Documented: only a completed order is refundable. Assumed: a completed order is a settled one (facts §3.4), and an
    order of 0.00 is not refundable.
    """
    if order.status != "settled":
        hint = "cancel it instead" if order.status == "authorized" else "only settled orders can be"
        raise errors.order_not_refundable(f"An order that is {order.status} cannot be refunded; {hint}.")
    if order.amount == 0:
        raise errors.order_not_refundable("Nothing was paid for this order, so nothing can be refunded.")
    if order.refundable == 0:
        raise errors.already_refunded()


def amount_of(order: Order, requested: float | str | None) -> int:
    """Return the amount of a refund in minor units: the requested one or, for None, the refundable amount.

    Assumed: a refund without an amount after a partial one refunds the rest (facts §3.4). An amount above the refundable one
    is refused. So are zero, negative amounts and amounts with too many decimals. Zero never means "all" (question 8).
    """
    if requested is None:
        return order.refundable
    amount = read_minor_units(requested, order.decimals)
    if amount is None:
        limit = f"at most {order.decimals}" if order.decimals else "no"
        raise errors.invalid_amount(f"An amount in {order.currency_code} has {limit} decimals.")
    if amount <= 0:
        raise errors.invalid_amount("The amount must be greater than 0; leave it out to refund all that is left.")
    if amount > order.refundable:
        raise errors.amount_exceeds_order(order)
    return amount


def settled_sale(sales: list[Transaction]) -> Transaction:
    """Return the settled sale of an order, or the last sale if none is settled. Earlier sales are declined fallbacks."""
    settled = [sale for sale in sales if sale.psp_status == "SETTLED"]
    return (settled or sales)[-1]


def check_cancellable(order: Order) -> None:
    """Raise a refusal unless the order is authorized. Cancelling belongs to delayed capture (documented)."""
    if order.status != "authorized":
        hint = "; refund it instead" if order.status == "settled" else ""
        raise errors.order_not_cancellable(f"An order that is {order.status} cannot be cancelled{hint}.")


def cancel(order: Order, rows: list[Transaction], at: str) -> tuple[Order, list[Transaction]]:
    """Return the cancelled order and its transactions that were authorized, now cancelled."""
    authorized = [row for row in rows if row.psp_status == "AUTHORIZED"]
    return replace(order, status="cancelled"), [replace(row, psp_status="CANCELLED", psp_date=at) for row in authorized]


def reserve(order: Order, amount: int) -> Order:
    """Reserve the amount of an accepted refund. Assumed: a reserved amount can't be refunded again (question 12)."""
    return replace(order, reserved=order.reserved + amount)


def finish(order: Order, refund: Transaction, at: str) -> tuple[Order, Transaction]:
    """Return order and refund after the payment provider's decision. A refund with a `psp_reason_message` fails.

    Assumed: the amount of a failed refund can be refunded again. The entitlement stays withdrawn (question 13).
    """
    failed = refund.psp_reason_message is not None
    refunded = order.refunded if failed else order.refunded + refund.amount
    finished = replace(refund, psp_status="FAILED" if failed else "SETTLED", psp_date=at)
    return replace(order, reserved=order.reserved - refund.amount, refunded=refunded), finished


def is_full(order: Order) -> bool:
    """Whether accepted refunds add up to the order's amount.

    Assumed: a partial refund that reaches the order's amount withdraws the entitlement as a full one does (question 10).
    """
    return order.refundable == 0


def withdraw(entitlement: Entitlement, *, full: bool, soft: bool, at: str) -> Entitlement:
    """Return the entitlement after a refund.

    A soft refund changes nothing. A full one expires the subscription or revokes the one-off. A partial one stops the
    renewal. This is documented for the sibling endpoint that drives Billing (facts §3.1).
    Assumed: it happens at acceptance, not at settlement (§3.5). The refund of any order of a subscription expires it
    (question 14). An expired or revoked entitlement stays unchanged (question 15). A full soft refund does not revoke a
    one-off (question 16).
    """
    if soft:
        return entitlement
    if full:
        return Entitlement(_expire(entitlement.subscription, at), _revoke(entitlement.oneoff, at))
    return Entitlement(_stop_renewal(entitlement.subscription), entitlement.oneoff)


def _expire(subscription: Subscription | None, at: str) -> Subscription | None:
    if subscription is None or "EXPIRED" in subscription.status:
        return subscription
    # Assumed: the current period ends with the refund (facts §6.3).
    return replace(billing_cycles.expire(subscription), current_period_ends_at=at)


def _stop_renewal(subscription: Subscription | None) -> Subscription | None:
    if subscription is None or {"AUTORENEW_OFF", "EXPIRED"} & set(subscription.status):
        return subscription
    return subscriptions.disable_autorenew(subscription)


def _revoke(oneoff: Oneoff | None, at: str) -> Oneoff | None:
    if oneoff is None or oneoff.revoked_at:
        return oneoff
    return replace(oneoff, is_active=False, revoked_at=at)
