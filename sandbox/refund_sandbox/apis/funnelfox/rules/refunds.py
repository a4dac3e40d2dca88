"""The rules of a refund: records in, records out, or a named refusal. No store, no HTTP, no clock of its own."""

from decimal import Decimal
from typing import NamedTuple

from refund_sandbox.apis.funnelfox import errors
from refund_sandbox.apis.funnelfox.records import Oneoff, Order, Subscription, Transaction
from refund_sandbox.apis.funnelfox.rules import billing_cycles, subscriptions
from refund_sandbox.core.money import to_minor
from refund_sandbox.frozen import replace


class Entitlement(NamedTuple):
    """What the order's payment gives the user; a refund may take it away."""

    subscription: Subscription | None = None
    oneoff: Oneoff | None = None


def check_refundable(order: Order) -> None:
    """Raises a refusal unless money that was paid is still there.

    Documented: a refund is for a completed order. Assumed: that is a settled one (facts §3.4), and one of 0.00 is not
    refundable either.
    """
    if order.status != "settled":
        hint = "cancel it instead" if order.status == "authorized" else "only settled orders can be"
        raise errors.order_not_refundable(f"An order that is {order.status} cannot be refunded; {hint}.")
    if order.amount == 0:
        raise errors.order_not_refundable("Nothing was paid for this order, so nothing can be refunded.")
    if order.refundable == 0:
        raise errors.already_refunded()


def amount_of(order: Order, wanted: Decimal | None) -> int:
    """The refund in minor units: what was asked for, or all that is left when nothing was named.

    Assumed: without an amount the rest is refunded, not the whole again (facts §3.4); more than is left is refused and
    nothing moves; zero, negative and too fine amounts are refused, and zero never means "all" (question 8).
    """
    if wanted is None:
        return order.refundable
    amount = to_minor(wanted, order.decimals)
    if amount is None:
        most = f"at most {order.decimals}" if order.decimals else "no"
        raise errors.invalid_amount(f"An amount in {order.currency_code} has {most} decimals.")
    if amount <= 0:
        raise errors.invalid_amount("The amount must be greater than 0; leave it out to refund all that is left.")
    if amount > order.refundable:
        raise errors.amount_exceeds_order(order)
    return amount


def settled_sale(sales: list[Transaction]) -> Transaction:
    """Of an order's sales the one that brought the money: the settled one, else the last; fallbacks before it were declined."""
    settled = [sale for sale in sales if sale.psp_status == "SETTLED"]
    return (settled or sales)[-1]


def check_cancellable(order: Order) -> None:
    """Raises a refusal unless the order's money is only authorized: it belongs to delayed capture (documented)."""
    if order.status != "authorized":
        hint = "; refund it instead" if order.status == "settled" else ""
        raise errors.order_not_cancellable(f"An order that is {order.status} cannot be cancelled{hint}.")


def cancel(order: Order, rows: list[Transaction], at: str) -> tuple[Order, list[Transaction]]:
    """The order, and those of its rows that were authorized, given up before any money moved."""
    held = [row for row in rows if row.psp_status == "AUTHORIZED"]
    return replace(order, status="cancelled"), [replace(row, psp_status="CANCELLED", psp_date=at) for row in held]


def reserve(order: Order, amount: int) -> Order:
    """The order once a refund is accepted. Assumed: its amount can't be refunded again (question 12)."""
    return replace(order, reserved=order.reserved + amount)


def finish(order: Order, refund: Transaction, at: str) -> tuple[Order, Transaction]:
    """The order and the refund once the payment provider has decided.

    A refund with a `psp_reason_message` is one that the provider refuses. Assumed: its amount can be refunded again, and
    what the user lost stays lost (question 13).
    """
    failed = refund.psp_reason_message is not None
    refunded = order.refunded if failed else order.refunded + refund.amount
    finished = replace(refund, psp_status="FAILED" if failed else "SETTLED", psp_date=at)
    return replace(order, reserved=order.reserved - refund.amount, refunded=refunded), finished


def is_full(order: Order) -> bool:
    """Whether accepted refunds use up the whole order.

    Assumed: a partial refund that empties the order counts as full for what the user keeps (question 10).
    """
    return order.refundable == 0


def withdraw(entitlement: Entitlement, *, full: bool, soft: bool, at: str) -> Entitlement:
    """What the user keeps: everything after a soft refund, nothing after a full one, no renewal after a partial one.

    Documented for the sibling endpoint that drives Billing (facts §3.1). Assumed: it happens at acceptance, not at
    settlement (§3.5); any order of a subscription expires it (question 14); and what is over already stays as it is
    (question 15); a soft refund leaves a one-off alone, however full (question 16).
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
