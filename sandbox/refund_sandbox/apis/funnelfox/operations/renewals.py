"""Scheduled checks of subscriptions: renewal, expiry and the end of a pause. No request calls them."""

from msgspec.structs import replace

from refund_sandbox.apis.funnelfox.bookkeeping import charge, emit_order, price_point_of, save_subscription, saved_card
from refund_sandbox.apis.funnelfox.records import SUBSCRIPTIONS, Order, PricePoint, Subscription
from refund_sandbox.apis.funnelfox.rules import billing_cycles, checkout, prices, subscriptions
from refund_sandbox.apis.funnelfox.rules.checkout import Purchase
from refund_sandbox.apis.funnelfox.timestamps import read_time
from refund_sandbox.core.context import UnitOfWork


def run_check(work: UnitOfWork, subs_id: str) -> None:
    """Run a subscription's check, unless it was moved since it was scheduled."""
    subscription = work.transaction.get(SUBSCRIPTIONS, subs_id, for_update=True)
    check_at = subscription.next_check_at if subscription else None
    if subscription is None or check_at is None or read_time(check_at) != work.now:
        return
    action = billing_cycles.scheduled_action(subscription, work.now)
    if action == "charge":
        _renew(work, subscription)
    if action == "wait":
        save_subscription(work, billing_cycles.schedule_check_at_period_end(subscription))
    if action == "expire":
        save_subscription(work, billing_cycles.expire(subscription), "expiration")
    if action == "resume":
        save_subscription(work, subscriptions.resume(subscription, work.now), "resuming")


def _renew(work: UnitOfWork, subscription: Subscription) -> None:
    """Charge the next period. Assumed: a subscription without a known price stays unchanged."""
    point = price_point_of(work.transaction, subscription)
    if point is None or point.next_price is None:
        return
    card = saved_card(work, subscription.external_id)
    order = charge(work, _renewal_order(work, subscription, point), card, off_session=True)
    if order.status == "settled":
        outcome = billing_cycles.renew(subscription, point, work.now)
    else:
        outcome = billing_cycles.fail_renewal(subscription, work.now)
    emit_order(work, order)
    save_subscription(work, outcome.subscription, *outcome.subtypes)


def _renewal_order(work: UnitOfWork, subscription: Subscription, point: PricePoint) -> Order:
    """Return the order of the next period: one for each period (documented)."""
    owner, metadata = subscription.external_id, subscription.initial_order_metadata
    purchase = Purchase(subscription.org_id, owner, point, metadata, work.now)
    order = checkout.new_order(purchase, work.ids.uuid(), prices.renewal(point, subscription))
    is_first = "UPCOMING" in subscription.status
    return replace(
        order,
        subs_id=subscription.subs_id,
        iteration=subscription.iteration + (not is_first),
        retry_step=subscription.retry_step or None,
    )


def schedule_checks(work: UnitOfWork) -> None:
    """Schedule the checks of a loaded state's subscriptions.

    Assumed: a check in the past does not run, so that the same state document always leads to the same state.
    """
    for subscription in work.transaction.all(SUBSCRIPTIONS):
        if subscription.next_check_at and read_time(subscription.next_check_at) > work.now:
            save_subscription(work, subscription)
