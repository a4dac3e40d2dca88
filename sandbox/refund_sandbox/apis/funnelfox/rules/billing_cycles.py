"""Billing cycles, pure: how long a period is, when a subscription is looked at, and what becomes of it then."""

import calendar
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal

from refund_sandbox.apis.funnelfox.parsing import read_time, write_time
from refund_sandbox.apis.funnelfox.records import PricePoint, Subscription, SubscriptionStatus, Unit
from refund_sandbox.frozen import frozen, replace

LEAD = timedelta(hours=2)
"""Renewals are charged so long before a period ends (documented)."""

# Assumed: no number is documented. Three daily tries with access, then four without, three days apart, then the end.
GRACE_TRIES, GRACE_WAIT = 3, timedelta(days=1)
RETRY_TRIES, RETRY_WAIT = 4, timedelta(days=3)

_FIRST, _LAST = datetime(2, 1, 1, tzinfo=UTC), datetime(5999, 1, 1, tzinfo=UTC)

Due = Literal["nothing", "wait", "resume", "expire", "charge"]


def shifted(instant: datetime, duration: timedelta) -> datetime:
    """The instant after a duration, within the calendar."""
    try:
        return max(_FIRST, min(instant + duration, _LAST))
    except OverflowError:
        return _LAST if duration > timedelta() else _FIRST


def _months(instant: datetime, count: int) -> datetime:
    """So many months later, on the same day or the month's last one."""
    year, month = divmod(instant.year * 12 + instant.month - 1 + count, 12)
    if year >= _LAST.year:
        return _LAST
    day = min(instant.day, calendar.monthrange(year, month + 1)[1])
    return instant.replace(year=year, month=month + 1, day=day)


_ADD: Mapping[Unit, Callable[[datetime, int], datetime]] = {
    "minutes": lambda instant, count: shifted(instant, timedelta(minutes=count)),
    "days": lambda instant, count: shifted(instant, timedelta(days=count)),
    "weeks": lambda instant, count: shifted(instant, timedelta(weeks=count)),
    "months": _months,
    "years": lambda instant, count: _months(instant, 12 * count),
}


def after(instant: datetime, count: int | None, unit: Unit | None) -> datetime:
    """The end of a period. Assumed: one that a price point leaves open is a month."""
    return _ADD[unit or "months"](instant, count or 1)


def trial_end(point: PricePoint, starts: datetime) -> datetime:
    """When the trial that begins then is over."""
    if point.intro_type == "free_trial":
        return after(starts, point.intro_free_trial_period, point.intro_free_trial_period_duration)
    return after(starts, point.intro_paid_trial_period, point.intro_paid_trial_period_duration)


def period_end(point: PricePoint, starts: datetime) -> datetime:
    """When the paid period that begins then is over."""
    return after(starts, point.next_period, point.next_period_duration)


def schedule(subscription: Subscription, now: datetime) -> Subscription:
    """The subscription with its next check: two hours before the period ends, or at its end where it is as short as that.

    One whose period is long over is looked at now.
    """
    if not subscription.current_period_ends_at:
        return replace(subscription, next_check_at=None)
    ends = read_time(subscription.current_period_ends_at)
    starts = subscription.current_period_starts_at
    early = shifted(ends, -LEAD)
    short = bool(starts) and early <= read_time(starts)
    return replace(subscription, next_check_at=write_time(max(ends if short else early, now)))


def due(subscription: Subscription, now: datetime) -> Due:
    """What a subscription's check does (facts §6.3)."""
    status = set(subscription.status)
    if "EXPIRED" in status:
        return "nothing"
    if "PAUSED" in status:
        return "resume"
    if "AUTORENEW_OFF" in status:
        ends = subscription.current_period_ends_at
        return "wait" if ends and read_time(ends) > now else "expire"
    return "charge"


def wait(subscription: Subscription) -> Subscription:
    """Looked at again when the period is over: access lasts until then."""
    return replace(subscription, next_check_at=subscription.current_period_ends_at)


def expire(subscription: Subscription) -> Subscription:
    """Over, with nothing planned."""
    return replace(subscription, status=["EXPIRED"], is_active=False, next_check_at=None, paused_at=None)


@frozen
class Turn:
    """A subscription after a check, and the subtypes of the events that tell of it."""

    subscription: Subscription
    subtypes: tuple[str, ...]


def renew(subscription: Subscription, point: PricePoint, now: datetime) -> Turn:
    """Paid for: the next period begins.

    Assumed: it begins with the payment after failures, and where a whole period was missed, which nobody is charged for;
    else with the old one's end.
    """
    status = set(subscription.status)
    ends = read_time(subscription.current_period_ends_at) if subscription.current_period_ends_at else now
    late = bool(status & {"GRACE", "RETRY", "UPCOMING"}) or period_end(point, ends) <= now
    starts = now if late else ends
    left = subscription.discount_iterations
    renewed = replace(
        subscription,
        status=["RECURRING"],
        is_active=True,
        current_period_starts_at=write_time(starts),
        current_period_ends_at=write_time(period_end(point, starts)),
        iteration=subscription.iteration + ("UPCOMING" not in status),
        retry_step=0,
        discount_iterations=left and left - 1,
        discount_percent=0 if left == 1 else subscription.discount_percent,
    )
    return Turn(schedule(renewed, now), (_subtype(status),))


def _subtype(status: set[SubscriptionStatus]) -> str:
    if status & {"GRACE", "RETRY"}:
        return "recovering"
    return "convertion" if status & {"INTRO", "UPCOMING"} else "renewing"


def fail(subscription: Subscription, now: datetime) -> Turn:
    """Not paid: access goes on for the grace tries, not for the retries, and then it is over."""
    step = subscription.retry_step + 1
    if step > GRACE_TRIES + RETRY_TRIES:
        return Turn(expire(subscription), ("expiration",))
    if step <= GRACE_TRIES:
        kept = replace(subscription, status=["GRACE"], is_active=True, retry_step=step)
        return Turn(_again(kept, now, GRACE_WAIT), ("start_grace",) if step == 1 else ())
    lost = replace(subscription, status=["RETRY"], is_active=False, retry_step=step)
    begins = step == GRACE_TRIES + 1
    return Turn(_again(lost, now, RETRY_WAIT), ("finish_grace", "start_retry") if begins else ())


def _again(subscription: Subscription, now: datetime, wait_for: timedelta) -> Subscription:
    return replace(subscription, next_check_at=write_time(shifted(now, wait_for)))
