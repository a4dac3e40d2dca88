"""Granting and withdrawing of the subscriptions and one-offs that orders pay for."""

from msgspec.structs import replace

from refund_sandbox.apis.funnelfox.operations.base import BaseOperations
from refund_sandbox.apis.funnelfox.records import ONEOFFS, ORDERS, SUBSCRIPTIONS, Order
from refund_sandbox.apis.funnelfox.rules import checkout, refunds
from refund_sandbox.apis.funnelfox.rules.checkout import Purchase
from refund_sandbox.apis.funnelfox.rules.refunds import Entitlement
from refund_sandbox.apis.funnelfox.webhooks import EventDraft
from refund_sandbox.stores.protocol import Transaction as StoreTransaction


class EntitlementOperations(BaseOperations):
    """Shared by purchases, migrations, refunds and cancellations."""

    def _grant_entitlement(
        self, transaction: StoreTransaction, order: Order, purchase: Purchase, *, with_trial: bool = True
    ) -> Order:
        """Save the subscription or one-off of a settled order and emit both events. Returns the order with its id."""
        if purchase.point.is_oneoff:
            oneoff = checkout.new_oneoff(purchase, self._services.ids.uuid(), order.order_id)
            transaction.put(ONEOFFS, oneoff)
            order = replace(order, oneoff_id=oneoff.oneoff_id)
            draft = EventDraft("oneoff", "granted", order.org_id, order.external_id, oneoff=oneoff)
        else:
            subscription = checkout.new_subscription(purchase, self._services.ids.uuid(), with_trial=with_trial)
            self._save_subscription(transaction, subscription)
            order = replace(order, subs_id=subscription.subs_id, iteration=subscription.iteration)
            # Assumed: a subscription without a trial begins with the event of a converted trial.
            subtype = "starting_trial" if "INTRO" in subscription.status else "convertion"
            draft = EventDraft("subscription", subtype, order.org_id, order.external_id, subscription=subscription)
        transaction.put(ORDERS, order)
        self._emit_all(transaction, [self._order_event(transaction, order, "settled"), draft])
        return order

    def _withdraw_entitlement(self, transaction: StoreTransaction, order: Order, *, soft: bool, full: bool) -> list[EventDraft]:
        """Withdraw the subscription or one-off of an order. Returns the events to emit."""
        if order.subs_id is None and order.oneoff_id is None:
            return []
        before = Entitlement(
            transaction.get(SUBSCRIPTIONS, order.subs_id, for_update=True) if order.subs_id else None,
            transaction.get(ONEOFFS, order.oneoff_id, for_update=True) if order.oneoff_id else None,
        )
        after = refunds.withdraw(before, full=full, soft=soft, at=self._now())
        owner, drafts = (order.org_id, order.external_id), []
        if after.subscription and after.subscription != before.subscription:
            transaction.put(SUBSCRIPTIONS, after.subscription)
            subtype = "expiration" if "EXPIRED" in after.subscription.status else "unsubscription"
            drafts.append(EventDraft("subscription", subtype, *owner, subscription=after.subscription))
        if after.oneoff and after.oneoff != before.oneoff:
            transaction.put(ONEOFFS, after.oneoff)
            drafts.append(EventDraft("oneoff", "revoked", *owner, oneoff=after.oneoff))
        return drafts
