"""Rules of subscription actions: records in, records out, or a refusal. Pure."""

from datetime import datetime

from msgspec.structs import replace

from refund_sandbox.apis.funnelfox import errors
from refund_sandbox.apis.funnelfox.records import Subscription, SubscriptionStatus
from refund_sandbox.apis.funnelfox.rules import billing_cycles
from refund_sandbox.apis.funnelfox.timestamps import read_time, write_time

_ACTIONS_WHILE_RECURRING = ("pause", "defer", "disable_autorenew", "create_discount")
"""Actions of a running subscription, as the webhook sample of the documentation lists them."""


def available_actions(subscription: Subscription) -> tuple[str, ...]:
    """Return the actions that a subscription's status allows.

    Assumed: the live API refuses all other actions. Those of a running subscription are documented, the others assumed.
    """
    status = set(subscription.status)
    if "EXPIRED" in status:
        return ()
    if "PAUSED" in status:
        return ("resume",)
    if "AUTORENEW_OFF" in status:
        return ("enable_autorenew",)
    if status & {"GRACE", "RETRY", "UPCOMING"}:
        return ("disable_autorenew",)
    return _ACTIONS_WHILE_RECURRING


def check_migratable(subscription: Subscription) -> None:
    """Raise a refusal unless the subscription can be migrated. The list of actions never shows it (documented).

    Assumed: a migration needs a subscription that is running or that has its auto-renewal off.
    """
    available = available_actions(subscription)
    if not {"pause", "enable_autorenew"} & set(available):
        raise errors.action_not_available("migrate", list(subscription.status), available)


def check_available(subscription: Subscription, action: str) -> None:
    """Raise a refusal unless the action is available."""
    available = available_actions(subscription)
    if action not in available:
        raise errors.action_not_available(action, list(subscription.status), available)


def disable_autorenew(subscription: Subscription) -> Subscription:
    """Stop the renewal. Access lasts until the period ends (documented); the period's check expires it then."""
    # Assumed: AUTORENEW_OFF replaces RECURRING and is added to other statuses, such as INTRO.
    statuses = [status for status in subscription.status if status != "RECURRING"]
    return replace(subscription, status=[*statuses, "AUTORENEW_OFF"])


def enable_autorenew(subscription: Subscription, now: datetime) -> Subscription:
    """Renew again, at the scheduled check of the period."""
    return billing_cycles.schedule_check(replace(subscription, status=_without(subscription, "AUTORENEW_OFF")), now)


def pause(subscription: Subscription, till: datetime | None, now: datetime) -> Subscription:
    """Stop billing and access until a date or, without one, until the subscription is resumed (documented)."""
    if till is not None and till <= now:
        raise errors.invalid_date("pause_till", "must lie in the future")
    return replace(
        subscription,
        status=[*subscription.status, "PAUSED"],
        is_active=False,
        paused_at=write_time(now),
        next_check_at=write_time(till) if till else None,
    )


def resume(subscription: Subscription, now: datetime) -> Subscription:
    """Resume a paused subscription. Assumed: the period is extended by the length of the pause."""
    ends, paused_at = subscription.current_period_ends_at, subscription.paused_at
    status = _without(subscription, "PAUSED")
    active = replace(subscription, status=status, is_active=True, paused_at=None)
    if ends and paused_at:
        active = billing_cycles.moved(active, billing_cycles.add_duration(now, read_time(ends) - read_time(paused_at)))
    return billing_cycles.schedule_check(active, now)


def defer(subscription: Subscription, till: datetime, now: datetime) -> Subscription:
    """Extend the period to a later date. Assumed: the next charge is 2 h before the new end."""
    ends = read_time(subscription.current_period_ends_at) if subscription.current_period_ends_at else now
    if till <= max(ends, now):
        raise errors.invalid_date("defer_till", f"must be later than {write_time(max(ends, now))}, when the period ends")
    return billing_cycles.schedule_check(billing_cycles.moved(subscription, till), now)


def discount(subscription: Subscription, percent: int, iterations: int | None) -> Subscription:
    """Discount the next charges by `percent`. Assumed: a second discount replaces the first one."""
    return replace(subscription, discount_percent=percent, discount_iterations=iterations)


def _without(subscription: Subscription, status: SubscriptionStatus) -> list[SubscriptionStatus]:
    """Return the other statuses, or RECURRING if there is no other."""
    return [other for other in subscription.status if other != status] or ["RECURRING"]
