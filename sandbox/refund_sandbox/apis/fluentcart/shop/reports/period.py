"""Periods of reports, and the groups of days, months or years that they consist of."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache

from msgspec import Struct

_FIRST, _LAST = datetime.min, datetime.max.replace(microsecond=0)
_LENGTHS = {"yearly": 4, "monthly": 7}
"""Length of the part of a date that names its group. All other keys group by day."""
_FORMATS = {"daily": 10, "monthly": 7}
"""Length of the names of empty groups. All other keys name them by year (34-093)."""


class Period(Struct, frozen=True):
    """A period from a time to a time, both included."""

    start: datetime
    end: datetime

    @property
    def days(self) -> int:
        """Number of whole days between start and end."""
        return (self.end - self.start).days

    @property
    def first(self) -> str:
        """The start as the database compares it with dates."""
        return write(self.start)

    @property
    def last(self) -> str:
        return write(self.end)

    def includes(self, date: str | None) -> bool:
        return date is not None and self.first <= date <= self.last


@lru_cache(64)  # each order of a shop is compared with the same two
def write(moment: datetime) -> str:
    """Return a moment as the database stores it. `%Y` would leave out zeros before the year."""
    return f"{moment.year:04}{moment:-%m-%d %H:%M:%S}"


def read(text: str) -> datetime:
    """Return a time of the database. Assumed: a text that is no time counts as the first one, like a zero date of MySQL."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return _FIRST


def add_months(day: datetime, months: int) -> datetime:
    """Return the same day of another month. As in PHP, a day that month lacks runs over into the next (2026-02-31 is March 3)."""
    count = day.year * 12 + day.month - 1 + months
    if not _FIRST.year * 12 <= count < (_LAST.year + 1) * 12:
        return _limit(day, is_later=months > 0)
    return add(day.replace(year=count // 12, month=count % 12 + 1, day=1), timedelta(days=day.day - 1))


def add(moment: datetime, duration: timedelta) -> datetime:
    """Return the moment after a duration. Assumed: beyond Python's years 1 to 9999, reports show what they show at the limit."""
    try:
        return moment + duration
    except OverflowError:
        return _limit(moment, is_later=duration > timedelta())


def _limit(moment: datetime, *, is_later: bool) -> datetime:
    return (_LAST if is_later else _FIRST).replace(tzinfo=moment.tzinfo)


def start_of_day(day: datetime) -> datetime:
    return day.replace(hour=0, minute=0, second=0, microsecond=0)


def end_of_day(day: datetime) -> datetime:
    return day.replace(hour=23, minute=59, second=59, microsecond=0)


def last_month(now: datetime) -> Period:
    """Return the period of every report without the Pro plugin: a month and today (34-091, 34-197 to 34-200)."""
    return Period(start_of_day(add_months(now, -1)), end_of_day(now))


def earlier_period(period: Period, kind: str, date: datetime | None) -> Period | None:
    """Return the period to compare with; None for an unknown kind. `date` counts for `custom` only (34-106 to 34-110)."""
    start, length = period.start, timedelta(days=period.days)
    if kind == "previous_period":
        return Period(add(start, -length - timedelta(days=1)), end_of_day(add(start, timedelta(days=-1))))
    if kind == "previous_quarter":
        begin = add_months(start, -3)
        return Period(begin.replace(day=1), end_of_day(add(begin, length)))
    begins = {"previous_month": add_months(start, -1), "previous_year": add_months(start, -12), "custom": date}
    first = begins.get(kind)
    return Period(first, end_of_day(add(first, length))) if first else None


def group_of(date: str, key: str) -> str:
    """Return the first characters of a date, by which a chart groups: `2026-05` for `monthly`."""
    return date[: _LENGTHS.get(key, 10)]


def empty_groups(period: Period, key: str) -> Iterator[tuple[str, str]]:
    """Yield year and name of each group that a chart shows without orders too."""
    names: dict[str, str] = {}
    moment, length = period.start, _FORMATS.get(key, 4)
    while moment <= period.end:
        names[write(moment)[:length]] = write(moment)[:4]
        if moment >= (upcoming := _next(moment, key)):
            break  # the last moment of the calendar
        moment = upcoming
    yield from ((year, name) for name, year in names.items())


def _next(moment: datetime, key: str) -> datetime:
    if key == "yearly":
        return add_months(moment, 12)
    return add_months(moment, 1) if key == "monthly" else add(moment, timedelta(days=1))
