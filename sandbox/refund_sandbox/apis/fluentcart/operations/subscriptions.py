"""Answers what a shop's owner does to a subscription."""

from collections.abc import Callable

from refund_sandbox.apis.fluentcart import errors
from refund_sandbox.apis.fluentcart.gateways import Cancellation
from refund_sandbox.apis.fluentcart.operations.base import Action, Actions
from refund_sandbox.apis.fluentcart.records import ORDERS, SUBSCRIPTIONS, TRANSACTIONS, Subscription
from refund_sandbox.apis.fluentcart.rules import subscriptions
from refund_sandbox.core.context import Context, Reply
from refund_sandbox.settings import Version

Rule = Callable[[Subscription, Version, str], Subscription]


class SubscriptionHandlers(Actions):
    """Cancel, pause, resume, reactivate, and ask the gateway."""

    def cancel_subscription(self, context: Context) -> Reply:
        """PUT /orders/{order}/subscriptions/{subscription}/cancel."""
        with self._open(context) as action:
            subscription, reason = self._own_subscription(action), action.text("cancel_reason")
            subscriptions.check_reason(reason)
            subscriptions.check_running(subscription, action.version)
            cancellation = self._cancel(action, subscription, reason)
            if cancellation.error:  # kept all the same where the shop has cancelled (13-018)
                local = "Subscription cancelled locally. Vendor Response: " if cancellation.cancelled else ""
                return self._refused(f"{local}{cancellation.error}")
            return self._answer(action, subscription, "Subscription has been cancelled successfully!")

    def _cancel(self, action: Action, subscription: Subscription, reason: str) -> Cancellation:
        if subscriptions.is_remote(subscription, action.version):
            return action.books.cancel(subscription, reason, answer_batch=False)
        action.books.end(subscription, reason, answer_batch=False)
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

    def _change(self, context: Context, rule: Rule, done: str, remark: str) -> Reply:
        with self._open(context) as action:
            subscription = rule(self._own_subscription(action), action.version, action.now)
            action.store.put(SUBSCRIPTIONS, subscription)
            action.books.log_subscription(subscription, f"Subscription {done}", action.text("reason") or remark)
            return self._answer(action, subscription, f"Subscription has been {done} successfully!")

    def fetch_subscription(self, context: Context) -> Reply:
        """PUT /orders/{order}/subscriptions/{subscription}/fetch."""
        message = "Subscription fetched successfully from remote payment gateway!"
        with self._open(context) as action:
            subscription = self._own_subscription(action)
            if not subscriptions.has_remote(subscription):
                return self._answer(action, subscription, message)
            error = action.books.failure("gateway")
            if error is not None:
                return self._refused(error)
            subscription = self._refresh(action, subscription)
            fetched = action.reader.fetched_subscription(subscription)
        return Reply({"message": message, "subscription": fetched})

    def _refresh(self, action: Action, subscription: Subscription) -> Subscription:
        first = subscription.parent_order_id
        renewals = (renewal.id for renewal in action.store.where(ORDERS, "parent_id", first))
        charges = [charge for order_id in (first, *renewals) for charge in action.store.where(TRANSACTIONS, "order_id", order_id)]
        subscription = subscriptions.refresh(subscription, charges, action.now)
        action.store.put(SUBSCRIPTIONS, subscription)
        return subscription

    def create_early_payment_link(self, context: Context) -> Reply:
        """POST /orders/{order}/subscriptions/{subscription}/early-payment-link: a shop has this switched off (13-037)."""
        with self._open(context):
            raise errors.refused("Early payment is not enabled for this site.")

    def _own_subscription(self, action: Action) -> Subscription:
        subscription = action.subscription()
        subscriptions.check_belongs(subscription, action.order(), action.version)
        return subscription

    def _answer(self, action: Action, subscription: Subscription, message: str) -> Reply:
        now = action.store.get(SUBSCRIPTIONS, subscription.id) or subscription
        body = {"message": message, "subscription": action.reader.subscription(now)}
        return Reply(body)
