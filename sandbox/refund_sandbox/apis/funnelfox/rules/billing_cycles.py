"""Billing cycles: lengths of periods, times of checks, and renewals. Pure."""

import calendar
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from refund_sandbox.apis.funnelfox.records import PricePoint, Subscription, SubscriptionStatus, Unit
from refund_sandbox.apis.funnelfox.timestamps import read_time, write_time

RENEWAL_LEAD_TIME = timedelta(hours=2)
"""Time from the charge of a renewal to the end of the current period (documented)."""

# Assumed: no number is documented. Three daily attempts with access, four without at intervals of three days, then expiry.
GRACE_ATTEMPTS, GRACE_INTERVAL = 3, timedelta(days=1)
RETRY_ATTEMPTS, RETRY_INTERVAL = 4, timedelta(days=3)

_SHORTEST_MONTH = 28
_EARLIEST, _LATEST = datetime(2, 1, 1, tzinfo=UTC), datetime(5999, 1, 1, tzinfo=UTC)

ScheduledAction = Literal["nothing", "wait", "resume", "expire", "charge"]


def add_duration(instant: datetime, duration: timedelta) -> datetime:
    """Return the instant after a duration, limited to the years 2 to 5999."""
    try:
        return max(_EARLIEST, min(instant + duration, _LATEST))
    except OverflowError:
        return _LATEST if duration > timedelta() else _EARLIEST


def _add_months(instant: datetime, count: int, anchor_day: int) -> datetime:
    """Return the anchor day `count` months later, or the last day of that month."""
    year, month = divmod(instant.year * 12 + instant.month - 1 + count, 12)
    if year >= _LATEST.year:
        return _LATEST
    return instant.replace(year=year, month=month + 1, day=min(anchor_day, _days_in(year, month + 1)))


def _days_in(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


_ADD_PERIODS: Mapping[Unit, Callable[[datetime, int, int], datetime]] = {
    "minutes": lambda instant, count, _: add_duration(instant, timedelta(minutes=count)),
    "days": lambda instant, count, _: add_duration(instant, timedelta(days=count)),
    "weeks": lambda instant, count, _: add_duration(instant, timedelta(weeks=count)),
    "months": _add_months,
    "years": lambda instant, count, anchor_day: _add_months(instant, 12 * count, anchor_day),
}


def _add_period(instant: datetime, count: int | None, unit: Unit | None, anchor_day: int | None = None) -> datetime:
    """Return the end of a period. Assumed: the default is one month. Without an anchor, the day of `instant` is it."""
    return _ADD_PERIODS[unit or "months"](instant, count or 1, anchor_day or instant.day)


def trial_end(point: PricePoint, starts: datetime) -> datetime:
    """Return the end of a trial that begins at `starts`."""
    if point.intro_type == "free_trial":
        return _add_period(starts, point.intro_free_trial_period, point.intro_free_trial_period_duration)
    return _add_period(starts, point.intro_paid_trial_period, point.intro_paid_trial_period_duration)


def period_end(point: PricePoint, starts: datetime, anchor_day: int | None = None) -> datetime:
    """Return the end of a paid period that begins at `starts`."""
    return _add_period(starts, point.next_period, point.next_period_duration, anchor_day)


def _anchor_day(subscription: Subscription, ends: datetime) -> int:
    """Return the day of the month on which a subscription is billed, whose period ends at `ends`.

    Assumed: the day stays the same, as with Stripe, Chargebee and Recurly, although some months do not have it. So 31 January is
    followed by 28 February and 31 March. Yearly, 29 February 2024 is followed by 28 February 2025.
    """
    days = [subscription.anchor_day]
    if subscription.anchor_day is None and subscription.current_period_starts_at:
        days.append(read_time(subscription.current_period_starts_at).day)
    is_last_day = ends.day == _days_in(ends.year, ends.month)
    return max([ends.day, *(day for day in days if day and is_last_day)])


def moved(subscription: Subscription, ends: datetime) -> Subscription:
    """Return the subscription with another end of its period, which is its anchor from now on."""
    return replace(subscription, current_period_ends_at=write_time(ends), anchor_day=ends.day)


def schedule_check(subscription: Subscription, now: datetime) -> Subscription:
    """Return the subscription with its next check: 2 h before the period ends, but not before `now`.

    The check of a period of 2 h or less is at its end.
    """
    if not subscription.current_period_ends_at:
        return replace(subscription, next_check_at=None)
    ends = read_time(subscription.current_period_ends_at)
    starts = subscription.current_period_starts_at
    before_end = add_duration(ends, -RENEWAL_LEAD_TIME)
    is_short = bool(starts) and before_end <= read_time(starts)
    return replace(subscription, next_check_at=write_time(max(ends if is_short else before_end, now)))


def scheduled_action(subscription: Subscription, now: datetime) -> ScheduledAction:
    """Return what a subscription's scheduled check does (facts §6.3)."""
    status = set(subscription.status)
    if "EXPIRED" in status:
        return "nothing"
    if "PAUSED" in status:
        return "resume"
    if "AUTORENEW_OFF" in status:
        ends = subscription.current_period_ends_at
        return "wait" if ends and read_time(ends) > now else "expire"
    return "charge"


def schedule_check_at_period_end(subscription: Subscription) -> Subscription:
    """Return the subscription with its next check at the end of the period. Access lasts until then."""
    return replace(subscription, next_check_at=subscription.current_period_ends_at)


def expire(subscription: Subscription) -> Subscription:
    """Return the subscription as expired, without a scheduled check."""
    return replace(subscription, status=["EXPIRED"], is_active=False, next_check_at=None, paused_at=None)


class CycleOutcome(Struct, frozen=True):
    """Subscription after a check, and the subtypes of the events to emit."""

    subscription: Subscription
    subtypes: tuple[str, ...]


def renew(subscription: Subscription, point: PricePoint, now: datetime) -> CycleOutcome:
    """Begin the next period after a successful charge.

    Assumed: it begins at the old period's end. After failed charges, or after a missed period, it begins at the payment.
    A missed period is not charged.
    """
    status = set(subscription.status)
    ends = read_time(subscription.current_period_ends_at) if subscription.current_period_ends_at else now
    anchor_day = _anchor_day(subscription, ends)
    begins_now = bool(status & {"GRACE", "RETRY", "UPCOMING"}) or period_end(point, ends, anchor_day) <= now
    starts, anchor_day = (now, now.day) if begins_now else (ends, anchor_day)
    discounts = subscription.discount_iterations
    renewed = replace(
        subscription,
        status=["RECURRING"],
        is_active=True,
        current_period_starts_at=write_time(starts),
        current_period_ends_at=write_time(period_end(point, starts, anchor_day)),
        anchor_day=anchor_day if anchor_day > _SHORTEST_MONTH else None,  # a day that every month has is that of the period
        iteration=subscription.iteration + ("UPCOMING" not in status),
        retry_step=0,
        discount_iterations=discounts and discounts - 1,
        discount_percent=0 if discounts == 1 else subscription.discount_percent,
    )
    return CycleOutcome(schedule_check(renewed, now), (_renewal_subtype(status),))


def _renewal_subtype(status: set[SubscriptionStatus]) -> str:
    if status & {"GRACE", "RETRY"}:
        return "recovering"
    return "convertion" if status & {"INTRO", "UPCOMING"} else "renewing"


def fail_renewal(subscription: Subscription, now: datetime) -> CycleOutcome:
    """Return the outcome of a declined renewal. Access lasts through the grace attempts, then retries, then expiry."""
    step = subscription.retry_step + 1
    if step > GRACE_ATTEMPTS + RETRY_ATTEMPTS:
        return CycleOutcome(expire(subscription), ("expiration",))
    if step <= GRACE_ATTEMPTS:
        in_grace = replace(subscription, status=["GRACE"], is_active=True, retry_step=step)
        return CycleOutcome(_schedule_check_after(GRACE_INTERVAL, in_grace, now), ("start_grace",) if step == 1 else ())
    in_retry = replace(subscription, status=["RETRY"], is_active=False, retry_step=step)
    subtypes = ("finish_grace", "start_retry") if step == GRACE_ATTEMPTS + 1 else ()
    return CycleOutcome(_schedule_check_after(RETRY_INTERVAL, in_retry, now), subtypes)


def _schedule_check_after(interval: timedelta, subscription: Subscription, now: datetime) -> Subscription:
    return replace(subscription, next_check_at=write_time(add_duration(now, interval)))
