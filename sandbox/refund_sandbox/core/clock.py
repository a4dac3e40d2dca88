"""Texts of instants and durations."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

_FIRST_REJECTED_YEAR = 6000


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


def write_instant(instant: datetime) -> str:
    """Return the instant as RFC 3339 text in UTC, such as 2026-01-02T03:04:05Z."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def write_sortable(instant: datetime) -> str:
    """Return the instant as text of fixed length, so that texts sort like instants."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def later(instant: datetime, duration: timedelta) -> datetime:
    """Return the instant after a duration, at most the last instant of the calendar."""
    try:
        return instant + duration
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


@lru_cache(64)
def read_duration(text: str) -> timedelta:
    """Parse a duration such as 90s, 15m, 2h or 3d."""
    return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})
