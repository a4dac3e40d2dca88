"""Clock of a workspace: real time, shifted or frozen by a test; and the texts of instants and durations."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache


class Clock:
    """Source of every timestamp of a workspace."""

    def __init__(self) -> None:
        self._frozen: datetime | None = None
        self._offset = timedelta(0)

    @property
    def frozen(self) -> datetime | None:
        """Instant at which the clock is frozen. None while it runs."""
        return self._frozen

    @property
    def offset(self) -> timedelta:
        """Difference between the running clock and real time."""
        return self._offset

    def now(self) -> datetime:
        """Return the current instant in UTC."""
        if self._frozen is not None:
            return self._frozen
        return later(datetime.now(UTC), self._offset) if self._offset else datetime.now(UTC)

    def set(self, frozen: datetime | None, offset: timedelta = timedelta(0)) -> None:
        """Freeze the clock at an instant, or with None let it run `offset` ahead of real time."""
        self._frozen = frozen.astimezone(UTC) if frozen else None
        self._offset = offset

    def move_to(self, instant: datetime) -> None:
        """Set the time. The clock stays frozen or running."""
        if self._frozen:
            self._frozen = instant
        else:
            self._offset = instant - datetime.now(UTC)


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
