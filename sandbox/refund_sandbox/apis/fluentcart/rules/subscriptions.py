"""Rules of a subscription: records in, records out, or a refusal raised.

Recorded in group 13 for 1.3.25, which can cancel and fetch only. Since 1.6.0 subscriptions billed by the shop can also be
paused and resumed. Assumed: 1.6.2 equals the source of 1.6.3, which followed two days later and whose changelog does not
mention this part.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart import errors, gateways, php
from refund_sandbox.apis.fluentcart.records import Order, Subscription, Transaction
from refund_sandbox.apis.fluentcart.versions import Rules

_ENDED = ("canceled", "completed", "expired")
_LAPSED = ("canceled", "failing", "expired", "expiring", "past_due")


def check_reason(reason: str) -> None:
    """Raise a refusal for a reason that is empty to PHP, such as "0" (13-003 to 13-009)."""
    if php.is_empty(reason):
        raise errors.refused("Please select cancel reason!")


def check_belongs(subscription: Subscription, order: Order, rules: Rules) -> None:
    """Raise a refusal for the subscription of another order; 1.3.25 does not check (13-027)."""
    if rules.store_billing and subscription.parent_order_id != (order.parent_id or order.id):
        raise errors.refused("Subscription does not belong to this order.", 403)


def check_running(subscription: Subscription, rules: Rules) -> None:
    """Raise a refusal for a subscription that has ended; in 1.3.25 the cancellation itself refuses (13-002)."""
    if rules.store_billing and subscription.status in _ENDED:
        raise errors.refused("This subscription is already canceled, completed, or expired.")


def needs_gateway(subscription: Subscription, rules: Rules) -> bool:
    """Whether a cancellation goes to the gateway; since 1.6 only with automatic collection and a vendor id."""
    return not rules.store_billing or (
        subscription.collection_method == "automatic" and bool(subscription.vendor_subscription_id)
    )


def pause(subscription: Subscription, rules: Rules, now: str) -> Subscription:
    """Return the subscription as paused. Assumed: a subscription billed by a gateway cannot be paused."""
    _check_available(rules)
    if not _is_billed_by_shop(subscription) or subscription.status not in ("active", "trialing", "past_due", "expiring"):
        raise errors.refused("This subscription cannot be paused.")
    return replace(subscription, status="paused", updated_at=now)


def resume(subscription: Subscription, rules: Rules, now: str) -> Subscription:
    """Return the paused subscription as active. Assumed: a subscription billed by a gateway cannot be resumed."""
    _check_available(rules)
    if not _is_billed_by_shop(subscription) or subscription.status != "paused":
        raise errors.refused("This subscription cannot be resumed.")
    return replace(subscription, status="active", updated_at=now)


def reactivate(subscription: Subscription, rules: Rules, now: str) -> Subscription:
    """Return the ended subscription as active. Assumed: the paid add-on for it is installed; an overdue date becomes now."""
    _check_available(rules)
    if not _is_billed_by_shop(subscription):
        raise errors.refused("Only store-billed (manual or auto-charge) subscriptions can be reactivated.")
    if subscription.status not in _LAPSED or subscription.recurring_amount <= 0:
        raise errors.refused("This subscription cannot be reactivated.")
    next_billing_date = max(subscription.next_billing_date or now, now)
    return replace(subscription, status="active", canceled_at=None, next_billing_date=next_billing_date, updated_at=now)


def _check_available(rules: Rules) -> None:
    if not rules.store_billing:
        raise errors.refused("Not available yet")


def _is_billed_by_shop(subscription: Subscription) -> bool:
    return subscription.collection_method in ("manual", "system")


def has_remote(subscription: Subscription) -> bool:
    """Whether a gateway has the subscription. Raises a refusal if the gateway cannot return it."""
    method = subscription.current_payment_method
    if method == "offline_payment":
        return False
    if method not in gateways.REMOTE:
        raise errors.refused("This payment method does not support remote resync")
    if not subscription.vendor_subscription_id:
        raise errors.refused("Invalid vendor subscription ID.")
    if subscription.vendor_subscription_id.startswith("sub_nosuch"):
        raise errors.refused(f"No such subscription: '{subscription.vendor_subscription_id}'")
    return True


def refresh(subscription: Subscription, charges: Iterable[Transaction], now: str) -> Subscription:
    """Return the subscription with a recalculated bill count (13-036). Assumed: the gateway has no other changes."""
    own = [charge for charge in charges if charge.subscription_id == subscription.id and charge.status == "succeeded"]
    count = sum(charge.transaction_type == "charge" and charge.total > 0 for charge in own)
    return replace(subscription, bill_count=count, updated_at=now)
