"""Charges payment methods, for purchases and for the cycles of subscriptions."""

from datetime import datetime

from refund_sandbox.apis.funnelfox import parsing
from refund_sandbox.apis.funnelfox.operations.base import Handlers
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
)
from refund_sandbox.apis.funnelfox.rules import billing_cycles, checkout, prices, subscriptions
from refund_sandbox.apis.funnelfox.rules.billing_cycles import Turn
from refund_sandbox.apis.funnelfox.rules.cards import Card, read_card
from refund_sandbox.apis.funnelfox.rules.checkout import Purchase
from refund_sandbox.apis.funnelfox.webhooks import News
from refund_sandbox.frozen import replace
from refund_sandbox.stores.protocol import Transaction as StoreTransaction


class Billing(Handlers):
    """What a purchase, a migration and a renewal have in common."""

    def _method(self, transaction: StoreTransaction, external_id: str) -> PaymentMethod | None:
        """The payment method that the user paid with last."""
        methods = transaction.where(PAYMENT_METHODS, "external_id", external_id)
        saved = sorted((method for method in methods if method.is_vaulted), key=lambda method: method.saved_at)
        return saved[-1] if saved else None

    def _card_of(self, transaction: StoreTransaction, external_id: str) -> Card:
        """The card that is charged while the user is away. Assumed: one that succeeds where none was ever saved."""
        method = self._method(transaction, external_id)
        card = read_card(method.token if method else "")
        return replace(card, outcome=card.later)

    def _charge(self, transaction: StoreTransaction, order: Order, card: Card, *, away: bool = False) -> Order:
        """Asks for the order's money and keeps what comes of it: settled or declined. `away`: the user is not there."""
        ids = self._services.ids
        sale = replace(checkout.new_sale(order, card, ids.uuid(), f"pi_{ids.base62(24)}"), is_cit=not away)
        if card.outcome == "declined":
            order, sale = checkout.decline(order, sale, card, order.created_at)
        else:
            order, sale = checkout.settle(order, sale, order.created_at)
        transaction.put(ORDERS, order)
        transaction.put(TRANSACTIONS, sale)
        return order

    def _grant(self, transaction: StoreTransaction, order: Order, purchase: Purchase, *, with_trial: bool = True) -> Order:
        """Gives the user what a settled order paid for, and tells of both."""
        if purchase.point.is_oneoff:
            oneoff = checkout.new_oneoff(purchase, self._services.ids.uuid(), order.order_id)
            transaction.put(ONEOFFS, oneoff)
            order = replace(order, oneoff_id=oneoff.oneoff_id)
            news = News("oneoff", "granted", order.org_id, order.external_id, oneoff=oneoff)
        else:
            begun = checkout.new_subscription(purchase, self._services.ids.uuid(), with_trial=with_trial)
            self._keep(transaction, begun)
            order = replace(order, subs_id=begun.subs_id, iteration=begun.iteration)
            # Assumed: a subscription without a trial begins as one whose trial is over.
            subtype = "starting_trial" if "INTRO" in begun.status else "convertion"
            news = News("subscription", subtype, order.org_id, order.external_id, subscription=begun)
        transaction.put(ORDERS, order)
        self._tell(transaction, self._news_of(transaction, order, "settled"))
        self._tell(transaction, news)
        return order

    def _check_planned(self, transaction: StoreTransaction, subs_id: str, now: datetime) -> None:
        """Looks at a subscription, unless its check was moved since it was planned."""
        subscription = transaction.get(SUBSCRIPTIONS, subs_id, for_update=True)
        planned = subscription.next_check_at if subscription else None
        if subscription is None or planned is None or parsing.read_time(planned) != now:
            return
        due = billing_cycles.due(subscription, now)
        if due == "charge":
            self._renew(transaction, subscription, now)
        if due == "wait":
            self._keep(transaction, billing_cycles.wait(subscription))
        if due == "expire":
            self._turn(transaction, Turn(billing_cycles.expire(subscription), ("expiration",)), now)
        if due == "resume":
            self._turn(transaction, Turn(subscriptions.resume(subscription, now), ("resuming",)), now)

    def _turn(self, transaction: StoreTransaction, turn: Turn, now: datetime) -> None:
        self._keep(transaction, turn.subscription)
        self._tell_of(transaction, turn.subscription, *turn.subtypes, now=now)

    def _renew(self, transaction: StoreTransaction, subscription: Subscription, now: datetime) -> None:
        """Charges the next period. Assumed: without a price in the world nothing happens."""
        point = self._point_of(transaction, subscription)
        if point is None or point.next_price is None:
            return
        order = self._charge(
            transaction,
            self._renewal(subscription, point, now),
            self._card_of(transaction, subscription.external_id),
            away=True,
        )
        paid = order.status == "settled"
        turn = billing_cycles.renew(subscription, point, now) if paid else billing_cycles.fail(subscription, now)
        self._keep(transaction, turn.subscription)
        self._tell(transaction, self._news_of(transaction, order, "settled" if paid else "declined"), now)
        self._tell_of(transaction, turn.subscription, *turn.subtypes, now=now)

    def _renewal(self, subscription: Subscription, point: PricePoint, now: datetime) -> Order:
        """The order of the next period: one for each (documented)."""
        owner, metadata = subscription.external_id, subscription.initial_order_metadata
        purchase = Purchase(subscription.org_id, owner, point, metadata, now)
        order = checkout.new_order(purchase, self._services.ids.uuid(), prices.renewal(point, subscription))
        first = "UPCOMING" in subscription.status
        return replace(
            order,
            subs_id=subscription.subs_id,
            iteration=subscription.iteration + (not first),
            retry_step=subscription.retry_step or None,
        )

    def _point_of(self, transaction: StoreTransaction, subscription: Subscription) -> PricePoint | None:
        """The price point of a subscription, in the version that it was sold at."""
        point = transaction.get(PRICE_POINTS, subscription.pp_ident)
        return prices.version_of(point, subscription.pp_version) if point else None

    def _plan_checks(self, transaction: StoreTransaction) -> None:
        """Plans what the subscriptions of a new world have ahead.

        Assumed: a check that lies in the past is not made up for, so that a world answers the same whenever it is loaded.
        """
        now = self._services.clock.now()
        for subscription in transaction.all(SUBSCRIPTIONS):
            if subscription.next_check_at and parsing.read_time(subscription.next_check_at) > now:
                self._keep(transaction, subscription)
