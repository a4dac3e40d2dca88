"""Rules of a subscription: records in, records out, or a refusal raised.

Before 1.6.0 a subscription can be canceled and fetched only (group 13). Since then those that the shop bills can also be paused
and resumed (group 22).
"""

from collections.abc import Iterable

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart import errors, gateways, php
from refund_sandbox.apis.fluentcart.records import Order, Subscription, Transaction
from refund_sandbox.apis.fluentcart.versions import Rules

_ENDED = ("canceled", "completed", "expired")
_CHARGEABLE = ("active", "trialing", "past_due", "expired")


def check_reason(reason: str) -> None:
    """Raise a refusal for a reason that is empty to PHP, such as "0" (13-003 to 13-009)."""
    if php.is_empty(reason):
        raise errors.refused("Please select cancel reason!")


def check_belongs(subscription: Subscription, order: Order, rules: Rules) -> None:
    """Raise a refusal for the subscription of another order; before 1.6.0 the plugin does not check (13-027)."""
    if rules.checked_subscription_order and subscription.parent_order_id != (order.parent_id or order.id):
        raise errors.refused("Subscription does not belong to this order.", 403)


def check_running(subscription: Subscription, rules: Rules) -> None:
    """Raise a refusal for a subscription that has ended; before 1.6.0 the cancellation itself refuses (13-002)."""
    if rules.store_billing and subscription.status in _ENDED:
        raise errors.refused("This subscription is already canceled, completed, or expired.")


def needs_gateway(subscription: Subscription, rules: Rules) -> bool:
    """Whether a cancellation goes to the gateway; since 1.6 only with automatic collection and a vendor id."""
    return not rules.store_billing or (
        subscription.collection_method == "automatic" and bool(subscription.vendor_subscription_id)
    )


def pause(subscription: Subscription, rules: Rules, now: str) -> Subscription:
    """Return the subscription as paused. No gateway of the plugin can pause a subscription that it bills (22-089)."""
    _check_available(rules)
    if not _can_pause(subscription):
        raise errors.refused("This subscription cannot be paused.")
    return replace(subscription, status="paused", updated_at=now)


def _can_pause(subscription: Subscription) -> bool:
    return _is_billed_by_shop(subscription) and subscription.status in ("active", "trialing", "past_due", "expiring")


def resume(subscription: Subscription, rules: Rules, now: str) -> Subscription:
    """Return the paused subscription as active."""
    _check_available(rules)
    if not _can_resume(subscription, rules):
        raise errors.refused("This subscription cannot be resumed.")
    return replace(subscription, status="active", updated_at=now)


def _can_resume(subscription: Subscription, rules: Rules) -> bool:
    """Whether a subscription can be resumed: billed by the shop, or by PayPal, the one gateway that resumes (22-087)."""
    by_gateway = rules.paypal_resume and subscription.current_payment_method == "paypal"
    return subscription.status == "paused" and (by_gateway or _is_billed_by_shop(subscription))


def reactivate(subscription: Subscription, rules: Rules, _now: str) -> Subscription:
    """Raise a refusal: only the paid add-on reactivates subscriptions (22-049, 22-069)."""
    _check_available(rules)
    if not _is_billed_by_shop(subscription):
        raise errors.refused("Only store-billed (manual or auto-charge) subscriptions can be reactivated.")
    raise errors.refused("This subscription cannot be reactivated.")


def permissions(subscription: Subscription, renewals: Iterable[Order], rules: Rules) -> dict[str, bool]:
    """Return what the plugin lets its admin screen offer for a subscription. Read in the source of 1.6.4."""
    by_shop, status = _is_billed_by_shop(subscription), subscription.status
    has_invoice = status in _CHARGEABLE and by_shop and any(map(_is_open_renewal, renewals))
    is_renewable = by_shop and status in ("active", "trialing") and bool(subscription.next_billing_date) and not has_invoice
    return {
        "canEdit": by_shop and status not in _ENDED,
        "canEditVendorIds": False,
        "canVerifyVendorIds": False,
        "canPause": _can_pause(subscription),
        "canResume": _can_resume(subscription, rules),
        "canFetch": not by_shop and bool(subscription.vendor_subscription_id),
        "canCancel": status not in _ENDED,
        "canAdminReactivate": False,
        "canCreateRenewal": is_renewable,
        "canSkipRenewal": is_renewable,
        "canChargeNow": subscription.collection_method == "system" and has_invoice,
        "hasPendingRenewal": has_invoice,
    }


def _is_open_renewal(order: Order) -> bool:
    return order.type == "renewal" and order.payment_status in ("pending", "payment_scheduled")


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
