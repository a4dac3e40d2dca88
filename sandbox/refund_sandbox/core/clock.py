"""The sandbox's time: real, or standing still at an instant that a test chose."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache


class Clock:
    """Every timestamp of a workspace comes from here."""

    def __init__(self) -> None:
        self._frozen: datetime | None = None
        self._offset = timedelta(0)

    @property
    def frozen(self) -> datetime | None:
        """The instant at which time stands still, or None while it runs."""
        return self._frozen

    @property
    def offset(self) -> timedelta:
        """How far the running clock is ahead of real time, or behind it."""
        return self._offset

    def now(self) -> datetime:
        """The current instant, in UTC."""
        if self._frozen is not None:
            return self._frozen
        return later(datetime.now(UTC), self._offset) if self._offset else datetime.now(UTC)

    def set(self, frozen: datetime | None, offset: timedelta = timedelta(0)) -> None:
        """Let time stand still at an instant, or with None run that much ahead of real time."""
        self._frozen = frozen.astimezone(UTC) if frozen else None
        self._offset = offset

    def move_to(self, instant: datetime) -> None:
        """Another time; it stands still or runs as before."""
        if self._frozen:
            self._frozen = instant
        else:
            self._offset = instant - datetime.now(UTC)


_TOO_LATE = 6000


def to_utc(instant: datetime) -> datetime:
    """The instant in UTC. Raises ValueError outside the years 2 to 5999: with a delay it might leave the calendar."""
    if not 1 < instant.year < _TOO_LATE:
        raise ValueError(f"{instant.isoformat()} is not between the years 2 and {_TOO_LATE - 1}")
    return instant.astimezone(UTC)


def read_instant(text: str) -> datetime:
    """An RFC 3339 instant, such as 2026-01-02T03:04:05Z, in UTC. Raises ValueError for anything else."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None or "T" not in text.upper():
        raise ValueError(f"{text} has no time or no time zone; write it like 2026-01-02T03:04:05Z")
    return to_utc(instant)


def write_instant(instant: datetime) -> str:
    """The instant as RFC 3339 text in UTC, such as 2026-01-02T03:04:05Z."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def write_sortable(instant: datetime) -> str:
    """The instant as text of fixed length, so that earlier ones sort first."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def later(instant: datetime, duration: timedelta) -> datetime:
    """The instant after a duration; the end of all time when there is none so late."""
    try:
        return instant + duration
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


@lru_cache(64)
def read_duration(text: str) -> timedelta:
    """A duration such as 90s, 15m, 2h or 3d."""
    return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})
