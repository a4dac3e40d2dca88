"""The rules of what a shop's owner does to a subscription: records in, records out, or a named refusal.

Recorded in group 13 for 1.3.25, which cancels and fetches but neither pauses nor resumes. Since 1.6.0 it does, for what the shop
bills itself. Assumed: 1.6.2 is as the source of 1.6.3, which came two days later and whose changelog does not name this part.
"""

from collections.abc import Iterable

from refund_sandbox.apis.fluentcart import errors, php
from refund_sandbox.apis.fluentcart.records import Order, Subscription, Transaction
from refund_sandbox.frozen import replace
from refund_sandbox.settings import Version

_ENDED = ("canceled", "completed", "expired")
_LAPSED = ("canceled", "failing", "expired", "expiring", "past_due")
_REMOTE = ("stripe", "paypal")


def check_reason(reason: str) -> None:
    """Raises a refusal for a reason that PHP calls empty, "0" among them (13-003 to 13-009)."""
    if php.is_empty(reason):
        raise errors.refused("Please select cancel reason!")


def check_belongs(subscription: Subscription, order: Order, version: Version) -> None:
    """Raises a refusal for another order's subscription; 1.3.25 does not look (13-027)."""
    if version != "1.3.25" and subscription.parent_order_id != (order.parent_id or order.id):
        raise errors.refused("Subscription does not belong to this order.", 403)


def check_running(subscription: Subscription, version: Version) -> None:
    """Raises a refusal for a subscription that has ended; 1.3.25 leaves that to the cancellation itself (13-002)."""
    if version != "1.3.25" and subscription.status in _ENDED:
        raise errors.refused("This subscription is already canceled, completed, or expired.")


def is_remote(subscription: Subscription, version: Version) -> bool:
    """Whether a gateway has to be asked to cancel; since 1.6 only one that collects by itself and knows the subscription."""
    return version == "1.3.25" or (subscription.collection_method == "automatic" and bool(subscription.vendor_subscription_id))


def pause(subscription: Subscription, version: Version, now: str) -> Subscription:
    """The subscription paused. Assumed: no gateway can pause one that it bills."""
    _check_available(version)
    if not _billed_by_shop(subscription) or subscription.status not in ("active", "trialing", "past_due", "expiring"):
        raise errors.refused("This subscription cannot be paused.")
    return replace(subscription, status="paused", updated_at=now)


def resume(subscription: Subscription, version: Version, now: str) -> Subscription:
    """The subscription active again after a pause. Assumed: no gateway can resume one that it bills."""
    _check_available(version)
    if not _billed_by_shop(subscription) or subscription.status != "paused":
        raise errors.refused("This subscription cannot be resumed.")
    return replace(subscription, status="active", updated_at=now)


def reactivate(subscription: Subscription, version: Version, now: str) -> Subscription:
    """The subscription active again after it ended. Assumed: the paid add-on that this needs is there; an overdue date is now."""
    _check_available(version)
    if not _billed_by_shop(subscription):
        raise errors.refused("Only store-billed (manual or auto-charge) subscriptions can be reactivated.")
    if subscription.status not in _LAPSED or subscription.recurring_amount <= 0:
        raise errors.refused("This subscription cannot be reactivated.")
    due = max(subscription.next_billing_date or now, now)
    return replace(subscription, status="active", canceled_at=None, next_billing_date=due, updated_at=now)


def _check_available(version: Version) -> None:
    if version == "1.3.25":
        raise errors.refused("Not available yet")


def _billed_by_shop(subscription: Subscription) -> bool:
    return subscription.collection_method in ("manual", "system")


def has_remote(subscription: Subscription) -> bool:
    """Whether a gateway keeps the subscription. Raises a refusal for one that cannot be asked for it."""
    method = subscription.current_payment_method
    if method == "offline_payment":
        return False
    if method not in _REMOTE:
        raise errors.refused("This payment method does not support remote resync")
    if not subscription.vendor_subscription_id:
        raise errors.refused("Invalid vendor subscription ID.")
    if subscription.vendor_subscription_id.startswith("sub_nosuch"):
        raise errors.refused(f"No such subscription: '{subscription.vendor_subscription_id}'")
    return True


def refresh(subscription: Subscription, charges: Iterable[Transaction], now: str) -> Subscription:
    """The subscription with its paid charges counted anew (13-036). Assumed: the gateway knows nothing else that is new."""
    own = [charge for charge in charges if charge.subscription_id == subscription.id and charge.status == "succeeded"]
    count = sum(charge.transaction_type == "charge" and charge.total > 0 for charge in own)
    return replace(subscription, bill_count=count, updated_at=now)
