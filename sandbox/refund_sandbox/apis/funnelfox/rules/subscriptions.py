"""The rules of a subscription's actions: records in, records out, or a named refusal."""

from datetime import datetime

from refund_sandbox.apis.funnelfox import errors
from refund_sandbox.apis.funnelfox.parsing import read_time, write_time
from refund_sandbox.apis.funnelfox.records import Subscription, SubscriptionStatus
from refund_sandbox.apis.funnelfox.rules import billing_cycles
from refund_sandbox.frozen import replace

_RUNNING = ("pause", "defer", "discount", "migrate", "disable_autorenew")


def available_actions(subscription: Subscription) -> tuple[str, ...]:
    """What can be done to a subscription now.

    Assumed: the live API shows this list, of which only `pause` is known (facts §6.3), and refuses what is not in it.
    """
    status = set(subscription.status)
    if "EXPIRED" in status:
        return ()
    if "PAUSED" in status:
        return ("resume",)
    if "AUTORENEW_OFF" in status:
        return ("enable_autorenew", "migrate")
    if status & {"GRACE", "RETRY", "UPCOMING"}:
        return ("disable_autorenew",)
    return _RUNNING


def check_action(subscription: Subscription, action: str) -> None:
    """Raises a refusal unless the action is available."""
    available = available_actions(subscription)
    if action not in available:
        raise errors.action_not_available(action, list(subscription.status), available)


def disable_autorenew(subscription: Subscription) -> Subscription:
    """Access stays until the period ends (documented); the period's own check lets it expire then."""
    # Assumed: AUTORENEW_OFF takes RECURRING's place and joins the others, such as INTRO.
    kept = [status for status in subscription.status if status != "RECURRING"]
    return replace(subscription, status=[*kept, "AUTORENEW_OFF"])


def enable_autorenew(subscription: Subscription, now: datetime) -> Subscription:
    """Renews again, at the check that the period has anyway."""
    return billing_cycles.schedule(replace(subscription, status=_without(subscription, "AUTORENEW_OFF")), now)


def pause(subscription: Subscription, till: datetime | None, now: datetime) -> Subscription:
    """Billing and access stop, until a date or, without one, until somebody resumes (documented)."""
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
    """Active again. Assumed: what was paid for and not used is added to the time that is left."""
    ends = subscription.current_period_ends_at
    if ends and subscription.paused_at:
        ends = write_time(billing_cycles.shifted(now, read_time(ends) - read_time(subscription.paused_at)))
    status = _without(subscription, "PAUSED")
    running = replace(subscription, status=status, is_active=True, paused_at=None, current_period_ends_at=ends)
    return billing_cycles.schedule(running, now)


def defer(subscription: Subscription, till: datetime, now: datetime) -> Subscription:
    """The period lasts until a later date. Assumed: it is charged for as ever, two hours before."""
    ends = read_time(subscription.current_period_ends_at) if subscription.current_period_ends_at else now
    if till <= max(ends, now):
        raise errors.invalid_date("defer_till", f"must be later than {write_time(max(ends, now))}, when the period ends")
    return billing_cycles.schedule(replace(subscription, current_period_ends_at=write_time(till)), now)


def discount(subscription: Subscription, percent: int, iterations: int | None) -> Subscription:
    """So much off so many charges to come. Assumed: a second discount takes the first one's place."""
    return replace(subscription, discount_percent=percent, discount_iterations=iterations)


def _without(subscription: Subscription, status: SubscriptionStatus) -> list[SubscriptionStatus]:
    """The other statuses; RECURRING where there is none."""
    return [other for other in subscription.status if other != status] or ["RECURRING"]
