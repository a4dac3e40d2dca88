"""Operations on subscriptions: cancel, pause, resume, reactivate, and fetch from the gateway."""

from collections.abc import Callable

from refund_sandbox.apis.fluentcart import bookkeeping, errors, models
from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.gateways import Cancellation
from refund_sandbox.apis.fluentcart.records import ORDERS, SUBSCRIPTIONS, TRANSACTIONS, Subscription
from refund_sandbox.apis.fluentcart.rules import subscriptions
from refund_sandbox.apis.fluentcart.versions import Rules
from refund_sandbox.core.context import Reply

_Rule = Callable[[Subscription, Rules, str], Subscription]


def cancel_subscription(context: FluentCartContext) -> Reply:
    """PUT /orders/{order}/subscriptions/{subscription}/cancel."""
    subscription, reason = _subscription_of_order(context), context.text("cancel_reason")
    subscriptions.check_reason(reason)
    subscriptions.check_running(subscription, context.rules)
    cancellation = _cancel(context, subscription, reason)
    if cancellation.error:  # a reply, which commits: the shop may have cancelled all the same (13-018)
        local = "Subscription cancelled locally. Vendor Response: " if cancellation.cancelled else ""
        return Reply({"message": f"{local}{cancellation.error}"}, 422)
    return _reply_subscription(context, subscription, "Subscription has been cancelled successfully!")


def _cancel(context: FluentCartContext, subscription: Subscription, reason: str) -> Cancellation:
    if subscriptions.needs_gateway(subscription, context.rules):
        return bookkeeping.cancel_subscription(context, subscription, reason, immediately=False)
    bookkeeping.end_subscription(context, subscription, reason, immediately=False)
    return Cancellation(True)


def pause_subscription(context: FluentCartContext) -> Reply:
    """PUT /orders/{order}/subscriptions/{subscription}/pause."""
    return _change(context, subscriptions.pause, "paused", "Paused by admin")


def resume_subscription(context: FluentCartContext) -> Reply:
    """PUT /orders/{order}/subscriptions/{subscription}/resume."""
    error = context.gateway_error("gateway") if _is_paused_at_gateway(context) else None
    if error is not None:
        raise errors.refused(error)
    return _change(context, subscriptions.resume, "resumed", "Resumed by admin")


def _is_paused_at_gateway(context: FluentCartContext) -> bool:
    subscription: Subscription = context.bound("subscription")
    return subscription.status == "paused" and subscription.collection_method == "automatic"


def reactivate_subscription(context: FluentCartContext) -> Reply:
    """PUT /orders/{order}/subscriptions/{subscription}/reactivate."""
    return _change(context, subscriptions.reactivate, "reactivated", "Reactivated by admin")


def _change(context: FluentCartContext, rule: _Rule, verb: str, default_reason: str) -> Reply:
    subscription = _subscription_of_order(context)
    changed = rule(subscription, context.rules, context.time)
    bookkeeping.save_subscription(context, subscription, changed)
    reason = context.text("reason") or default_reason
    bookkeeping.log(context, models.SUBSCRIPTION, changed.id, f"Subscription {verb}", reason, name="subscription", status="info")
    return _reply_subscription(context, changed, f"Subscription has been {verb} successfully!")


def fetch_subscription(context: FluentCartContext) -> Reply:
    """PUT /orders/{order}/subscriptions/{subscription}/fetch."""
    message = "Subscription fetched successfully from remote payment gateway!"
    subscription = _subscription_of_order(context)
    if not subscriptions.has_remote(subscription):
        return _reply_subscription(context, subscription, message)
    error = context.gateway_error("gateway")
    if error is not None:
        return Reply({"message": error}, 422)
    subscription = _refresh(context, subscription)
    return Reply({"message": message, "subscription": context.reader.fetched_subscription(subscription)})


def _refresh(context: FluentCartContext, subscription: Subscription) -> Subscription:
    transaction, first = context.transaction, subscription.parent_order_id
    renewals = (renewal.id for renewal in transaction.where(ORDERS, "parent_id", first))
    charges = [charge for order_id in (first, *renewals) for charge in transaction.where(TRANSACTIONS, "order_id", order_id)]
    subscription = subscriptions.refresh(subscription, charges, context.time)
    transaction.put(SUBSCRIPTIONS, subscription)
    return subscription


def create_early_payment_link(_context: FluentCartContext) -> Reply:
    """POST /orders/{order}/subscriptions/{subscription}/early-payment-link: always refused, by default (13-037)."""
    raise errors.refused("Early payment is not enabled for this site.")


def _subscription_of_order(context: FluentCartContext) -> Subscription:
    """Return the subscription that the path names, or raise a refusal if it belongs to another order."""
    subscription: Subscription = context.bound("subscription")
    subscriptions.check_belongs(subscription, context.bound("order"), context.rules)
    return subscription


def _reply_subscription(context: FluentCartContext, subscription: Subscription, message: str) -> Reply:
    current = context.transaction.get(SUBSCRIPTIONS, subscription.id) or subscription
    return Reply({"message": message, "subscription": context.reader.subscription(current)})
