"""Scheduled checks of subscriptions: renewal, expiry and the end of a pause."""

from datetime import datetime

from msgspec.structs import replace

from refund_sandbox.apis.funnelfox.operations.charging import ChargingOperations
from refund_sandbox.apis.funnelfox.records import SUBSCRIPTIONS, Order, PricePoint, Subscription
from refund_sandbox.apis.funnelfox.rules import billing_cycles, checkout, prices, subscriptions
from refund_sandbox.apis.funnelfox.rules.billing_cycles import CycleOutcome
from refund_sandbox.apis.funnelfox.rules.checkout import Purchase
from refund_sandbox.apis.funnelfox.timestamps import read_time
from refund_sandbox.stores.protocol import Transaction as StoreTransaction


class RenewalOperations(ChargingOperations):
    """Scheduled tasks of subscriptions. No request calls them."""

    def _run_scheduled_check(self, transaction: StoreTransaction, subs_id: str, now: datetime) -> None:
        """Run a subscription's check, unless it was moved since it was scheduled."""
        subscription = transaction.get(SUBSCRIPTIONS, subs_id, for_update=True)
        check_at = subscription.next_check_at if subscription else None
        if subscription is None or check_at is None or read_time(check_at) != now:
            return
        action = billing_cycles.scheduled_action(subscription, now)
        if action == "charge":
            self._renew(transaction, subscription, now)
        if action == "wait":
            self._save_subscription(transaction, billing_cycles.schedule_check_at_period_end(subscription))
        if action == "expire":
            self._apply_outcome(transaction, CycleOutcome(billing_cycles.expire(subscription), ("expiration",)), now)
        if action == "resume":
            self._apply_outcome(transaction, CycleOutcome(subscriptions.resume(subscription, now), ("resuming",)), now)

    def _apply_outcome(self, transaction: StoreTransaction, outcome: CycleOutcome, now: datetime) -> None:
        self._save_subscription(transaction, outcome.subscription)
        self._emit_subscription(transaction, outcome.subscription, *outcome.subtypes, now=now)

    def _renew(self, transaction: StoreTransaction, subscription: Subscription, now: datetime) -> None:
        """Charge the next period. Assumed: a subscription without a known price stays unchanged."""
        point = self._price_point_of(transaction, subscription)
        if point is None or point.next_price is None:
            return
        card = self._saved_card(transaction, subscription.external_id)
        order = self._charge(transaction, self._renewal_order(subscription, point, now), card, off_session=True)
        is_paid = order.status == "settled"
        outcome = billing_cycles.renew(subscription, point, now) if is_paid else billing_cycles.fail_renewal(subscription, now)
        self._save_subscription(transaction, outcome.subscription)
        self._emit(transaction, self._order_event(transaction, order, order.status), now)
        self._emit_subscription(transaction, outcome.subscription, *outcome.subtypes, now=now)

    def _renewal_order(self, subscription: Subscription, point: PricePoint, now: datetime) -> Order:
        """Return the order of the next period: one for each period (documented)."""
        owner, metadata = subscription.external_id, subscription.initial_order_metadata
        purchase = Purchase(subscription.org_id, owner, point, metadata, now)
        order = checkout.new_order(purchase, self._services.ids.uuid(), prices.renewal(point, subscription))
        is_first = "UPCOMING" in subscription.status
        return replace(
            order,
            subs_id=subscription.subs_id,
            iteration=subscription.iteration + (not is_first),
            retry_step=subscription.retry_step or None,
        )

    def _schedule_checks(self, transaction: StoreTransaction) -> None:
        """Schedule the checks of a loaded state's subscriptions.

        Assumed: a check in the past does not run, so that the same state document always leads to the same state.
        """
        now = self._services.clock.now()
        for subscription in transaction.all(SUBSCRIPTIONS):
            if subscription.next_check_at and read_time(subscription.next_check_at) > now:
                self._save_subscription(transaction, subscription)
