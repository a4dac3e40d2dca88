"""Operations on subscriptions."""

from collections.abc import Callable

from refund_sandbox.apis.fluentcart import errors, list_views, views
from refund_sandbox.apis.fluentcart.gateways import Cancellation
from refund_sandbox.apis.fluentcart.operations.base import BaseOperations, UnitOfWork
from refund_sandbox.apis.fluentcart.records import ORDERS, SUBSCRIPTIONS, TRANSACTIONS, Subscription
from refund_sandbox.apis.fluentcart.rules import subscriptions
from refund_sandbox.core.context import Context, Reply
from refund_sandbox.settings import Version

Rule = Callable[[Subscription, Version, str], Subscription]


class SubscriptionOperations(BaseOperations):
    """Read, cancel, pause, resume and reactivate a subscription, and fetch it from its gateway."""

    def list_subscriptions(self, context: Context) -> Reply:
        """GET /subscriptions."""
        return self._read(context, list_views.subscriptions)

    def get_subscription(self, context: Context) -> Reply:
        """GET /subscriptions/{subscription_id}."""
        return self._read(context, lambda reader, _: views.subscription(reader, context.params["subscription_id"]))

    def cancel_subscription(self, context: Context) -> Reply:
        """PUT /orders/{order}/subscriptions/{subscription}/cancel."""
        with self._unit_of_work(context) as work:
            subscription, reason = self._subscription_of_order(work), work.text("cancel_reason")
            subscriptions.check_reason(reason)
            subscriptions.check_running(subscription, work.version)
            cancellation = self._cancel(work, subscription, reason)
            if cancellation.error:  # committed all the same if the shop has cancelled (13-018)
                local = "Subscription cancelled locally. Vendor Response: " if cancellation.cancelled else ""
                return self._reply_gateway_error(f"{local}{cancellation.error}")
            return self._reply_subscription(work, subscription, "Subscription has been cancelled successfully!")

    def _cancel(self, work: UnitOfWork, subscription: Subscription, reason: str) -> Cancellation:
        if subscriptions.needs_gateway(subscription, work.version):
            return work.bookkeeping.cancel_subscription(subscription, reason, immediately=False)
        work.bookkeeping.end_subscription(subscription, reason, immediately=False)
        return Cancellation(True)

    def pause_subscription(self, context: Context) -> Reply:
        """PUT /orders/{order}/subscriptions/{subscription}/pause."""
        return self._change(context, subscriptions.pause, "paused", "Paused by admin")

    def resume_subscription(self, context: Context) -> Reply:
        """PUT /orders/{order}/subscriptions/{subscription}/resume."""
        return self._change(context, subscriptions.resume, "resumed", "Resumed by admin")

    def reactivate_subscription(self, context: Context) -> Reply:
        """PUT /orders/{order}/subscriptions/{subscription}/reactivate."""
        return self._change(context, subscriptions.reactivate, "reactivated", "Reactivated by admin")

    def _change(self, context: Context, rule: Rule, verb: str, default_reason: str) -> Reply:
        with self._unit_of_work(context) as work:
            subscription = rule(self._subscription_of_order(work), work.version, work.now)
            work.store.put(SUBSCRIPTIONS, subscription)
            reason = work.text("reason") or default_reason
            work.bookkeeping.log_subscription(subscription, f"Subscription {verb}", reason)
            return self._reply_subscription(work, subscription, f"Subscription has been {verb} successfully!")

    def fetch_subscription(self, context: Context) -> Reply:
        """PUT /orders/{order}/subscriptions/{subscription}/fetch."""
        message = "Subscription fetched successfully from remote payment gateway!"
        with self._unit_of_work(context) as work:
            subscription = self._subscription_of_order(work)
            if not subscriptions.has_remote(subscription):
                return self._reply_subscription(work, subscription, message)
            error = work.bookkeeping.claim_error("gateway")
            if error is not None:
                return self._reply_gateway_error(error)
            subscription = self._refresh(work, subscription)
            row = work.reader.fetched_subscription(subscription)
        return Reply({"message": message, "subscription": row})

    def _refresh(self, work: UnitOfWork, subscription: Subscription) -> Subscription:
        first = subscription.parent_order_id
        renewals = (renewal.id for renewal in work.store.where(ORDERS, "parent_id", first))
        charges = [charge for order_id in (first, *renewals) for charge in work.store.where(TRANSACTIONS, "order_id", order_id)]
        subscription = subscriptions.refresh(subscription, charges, work.now)
        work.store.put(SUBSCRIPTIONS, subscription)
        return subscription

    def create_early_payment_link(self, context: Context) -> Reply:
        """POST /orders/{order}/subscriptions/{subscription}/early-payment-link: always refused, by default (13-037)."""
        with self._unit_of_work(context):
            raise errors.refused("Early payment is not enabled for this site.")

    def _subscription_of_order(self, work: UnitOfWork) -> Subscription:
        """Return the subscription that the path names, or raise a refusal if it belongs to another order."""
        subscription = work.subscription()
        subscriptions.check_belongs(subscription, work.order(), work.version)
        return subscription

    def _reply_subscription(self, work: UnitOfWork, subscription: Subscription, message: str) -> Reply:
        current = work.store.get(SUBSCRIPTIONS, subscription.id) or subscription
        return Reply({"message": message, "subscription": work.reader.subscription(current)})
