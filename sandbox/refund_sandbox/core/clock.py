"""Texts of instants and durations."""

from datetime import UTC, datetime, timedelta

from refund_sandbox.setting_values import read_duration

__all__ = ["later", "read_duration", "read_instant", "read_moment", "to_utc", "write_instant", "write_sortable"]

_FIRST_REJECTED_YEAR = 6000
_DATE_DIGITS = 8
"""Digits of a date such as 20260102."""


def to_utc(instant: datetime) -> datetime:
    """Return the instant in UTC. Raise ValueError outside the years 2 to 5999: adding a delay could leave the calendar."""
    if not 1 < instant.year < _FIRST_REJECTED_YEAR:
        raise ValueError(f"{instant.isoformat()} is not between the years 2 and {_FIRST_REJECTED_YEAR - 1}")
    return instant.astimezone(UTC)


def read_instant(text: str) -> datetime:
    """Parse an RFC 3339 instant such as 2026-01-02T03:04:05Z. Raise ValueError for anything else."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None or "T" not in text.upper():
        raise ValueError(f"{text} has no time or no time zone. Use 2026-01-02T03:04:05Z")
    return to_utc(instant)


def read_moment(value: str | float) -> datetime:
    """Return a time as people write it, in UTC unless it says otherwise. Raise ValueError or OverflowError for anything else.

    That is an instant, a date (its midnight), both with a blank or a T between them, or seconds since 1970.
    """
    if isinstance(value, str) and value.strip().isdigit() and len(value.strip()) > _DATE_DIGITS:
        value = int(value)
    if isinstance(value, int | float):
        return to_utc(datetime.fromtimestamp(value, UTC))
    instant = datetime.fromisoformat(value.strip())
    return to_utc(instant if instant.tzinfo else instant.replace(tzinfo=UTC))


def write_instant(instant: datetime) -> str:
    """Return the instant as RFC 3339 text in UTC, such as 2026-01-02T03:04:05Z."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def write_sortable(instant: datetime) -> str:
    """Return the instant as text of fixed length, so that texts sort like instants."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def later(instant: datetime, duration: timedelta) -> datetime:
    """Return the instant after a duration, at most the last instant of the calendar."""
    try:
        return instant + duration
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)
