"""Changes of the ledger that several operations share: charges, entitlements, scheduled checks and their events."""

from msgspec.structs import replace

from refund_sandbox.apis.funnelfox import errors
from refund_sandbox.apis.funnelfox.records import (
    ONEOFFS,
    ORDERS,
    PAYMENT_METHODS,
    PRICE_POINTS,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    Order,
    PaymentMethod,
    PricePoint,
    Subscription,
    Transaction,
)
from refund_sandbox.apis.funnelfox.rules import checkout, prices, refunds
from refund_sandbox.apis.funnelfox.rules.cards import Card, read_card
from refund_sandbox.apis.funnelfox.rules.checkout import Purchase
from refund_sandbox.apis.funnelfox.rules.refunds import Entitlement
from refund_sandbox.apis.funnelfox.timestamps import read_time
from refund_sandbox.apis.funnelfox.webhooks import EventDraft
from refund_sandbox.core.context import UnitOfWork
from refund_sandbox.core.schedule import plan
from refund_sandbox.stores.protocol import ReadTransaction

API_NAME = "funnelfox"
CHECK_SUBSCRIPTION, FINISH_REFUND = "check", "finish"
"""Scheduled tasks. A subscription's check is by its subs_id, the settlement of a refund by its trx_id."""


def sales_of(transaction: ReadTransaction, order: Order) -> list[Transaction]:
    return transaction.where(TRANSACTIONS, "sale_of", order.order_id)


def find_price_point(work: UnitOfWork, ident: str) -> PricePoint:
    point = work.transaction.get(PRICE_POINTS, ident)
    if point is None:
        raise errors.invalid_price(ident)
    return point


def price_point_of(transaction: ReadTransaction, subscription: Subscription) -> PricePoint | None:
    """Return the price point of a subscription, in the version that it was sold at."""
    point = transaction.get(PRICE_POINTS, subscription.pp_ident)
    return prices.version_of(point, subscription.pp_version) if point else None


def save_subscription(work: UnitOfWork, subscription: Subscription, *subtypes: str) -> None:
    """Save a subscription, schedule its next check, and emit its events in the order of `subtypes`.

    Checks scheduled before do nothing, as their time has changed.
    """
    work.transaction.put(SUBSCRIPTIONS, subscription)
    if subscription.next_check_at:
        plan(work.transaction, read_time(subscription.next_check_at), API_NAME, CHECK_SUBSCRIPTION, subscription.subs_id)
    for subtype in subtypes:
        owner = subscription.org_id, subscription.external_id
        work.emit(EventDraft(f"subscription/{subtype}", *owner, subscription=subscription))


def emit_order(work: UnitOfWork, order: Order) -> None:
    """Emit the event of an order that was settled or declined."""
    work.emit(EventDraft(f"order/{order.status}", order.org_id, order.external_id, order=order))


def grant_entitlement(work: UnitOfWork, order: Order, purchase: Purchase, *, with_trial: bool = True) -> Order:
    """Save the subscription or one-off of a settled order and emit both events. Returns the order with its id."""
    if purchase.point.is_oneoff:
        oneoff = checkout.new_oneoff(purchase, work.ids.uuid(), order.order_id)
        work.transaction.put(ONEOFFS, oneoff)
        order = replace(order, oneoff_id=oneoff.oneoff_id)
        draft = EventDraft("oneoff/granted", order.org_id, order.external_id, oneoff=oneoff)
    else:
        subscription = checkout.new_subscription(purchase, work.ids.uuid(), with_trial=with_trial)
        save_subscription(work, subscription)
        order = replace(order, subs_id=subscription.subs_id, iteration=subscription.iteration)
        # Assumed: a subscription without a trial begins with the event of a converted trial.
        subtype = "starting_trial" if "INTRO" in subscription.status else "convertion"
        draft = EventDraft(f"subscription/{subtype}", order.org_id, order.external_id, subscription=subscription)
    work.transaction.put(ORDERS, order)
    emit_order(work, order)
    work.emit(draft)
    return order


def withdraw_entitlement(work: UnitOfWork, order: Order, at: str, *, soft: bool, full: bool) -> list[EventDraft]:
    """Withdraw the subscription or one-off of an order. Returns the events to emit."""
    drafts: list[EventDraft] = []
    if soft or (order.subs_id is None and order.oneoff_id is None):
        return drafts
    transaction = work.transaction
    before = Entitlement(
        transaction.get(SUBSCRIPTIONS, order.subs_id, for_update=True) if order.subs_id else None,
        transaction.get(ONEOFFS, order.oneoff_id, for_update=True) if order.oneoff_id else None,
    )
    after = refunds.withdraw(before, full=full, soft=soft, at=at)
    if after.subscription and after.subscription is not before.subscription:
        transaction.put(SUBSCRIPTIONS, after.subscription)
        subtype = "expiration" if "EXPIRED" in after.subscription.status else "unsubscription"
        drafts.append(EventDraft(f"subscription/{subtype}", order.org_id, order.external_id, subscription=after.subscription))
    if after.oneoff and after.oneoff is not before.oneoff:
        transaction.put(ONEOFFS, after.oneoff)
        drafts.append(EventDraft("oneoff/revoked", order.org_id, order.external_id, oneoff=after.oneoff))
    return drafts


def saved_method(work: UnitOfWork, external_id: str) -> PaymentMethod | None:
    """Return the payment method that the user saved last."""
    methods = work.transaction.where(PAYMENT_METHODS, "external_id", external_id)
    vaulted = sorted((method for method in methods if method.is_vaulted), key=lambda method: method.saved_at)
    return vaulted[-1] if vaulted else None


def saved_card(work: UnitOfWork, external_id: str) -> Card:
    """Return the card of the saved payment method. Assumed: a charge without a saved one succeeds."""
    method = saved_method(work, external_id)
    card = read_card(method.token if method else "")
    return replace(card, outcome=card.later_outcome)


def new_sale(work: UnitOfWork, order: Order, card: Card) -> Transaction:
    """Return an order's sale, with ids, that waits for the payment provider."""
    return checkout.new_sale(order, card, work.ids.uuid(), f"pi_{work.ids.base62(24)}")


def charge(work: UnitOfWork, order: Order, card: Card, *, off_session: bool = False) -> Order:
    """Charge a card and save the settled or declined order. `off_session` marks a charge without the customer."""
    sale = replace(new_sale(work, order, card), is_cit=not off_session)
    if card.outcome == "declined":
        order, sale = checkout.decline(order, sale, card, order.created_at)
    else:
        order, sale = checkout.settle(order, sale, order.created_at)
    work.transaction.put(ORDERS, order)
    work.transaction.put(TRANSACTIONS, sale)
    return order
