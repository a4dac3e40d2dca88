"""Dates in requests, as far as PHP's date parser is imitated: numbers with time and zone, and words such as `-30 days`."""

import re
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta

from refund_sandbox.apis.fluentcart import php
from refund_sandbox.apis.fluentcart.errors import PluginCrash
from refund_sandbox.apis.fluentcart.shop.reports.period import add, add_months, start_of_day

_TIME = r"(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(?: ?(Z|UTC|GMT|[+-]\d{1,2}(?::?\d{2})?))?)?"
_YEAR_FIRST = re.compile(rf"(\d{{4}})([-/])(\d{{1,2}})\2(\d{{1,2}}){_TIME}Z?", re.ASCII | re.IGNORECASE)
_DAY_FIRST = re.compile(rf"(\d{{1,2}})([-.])(\d{{1,2}})\2(\d{{4}}){_TIME}", re.ASCII | re.IGNORECASE)
_MONTH_FIRST = re.compile(rf"(\d{{1,2}})(/)(\d{{1,2}})/(\d{{4}}){_TIME}", re.ASCII | re.IGNORECASE)
_DIGITS = re.compile(rf"(\d{{4}})()(\d{{2}})(\d{{2}}){_TIME}", re.ASCII | re.IGNORECASE)
_FORMATS = {_YEAR_FIRST: (1, 3, 4), _DAY_FIRST: (4, 3, 1), _MONTH_FIRST: (4, 1, 3), _DIGITS: (1, 3, 4)}
"""The groups of year, month and day in each format."""
_STAMP = re.compile(r"@(-?\d{1,11})", re.ASCII)
_UNIT = r"(minute|min|hour|day|week|month|year)s?"
_OFFSET = re.compile(rf"([+-]?)\s*(\d{{1,6}})\s*{_UNIT}(\s+ago)?", re.IGNORECASE | re.ASCII)
_NEAR = re.compile(rf"(?:(first|last)\s+day\s+of\s+)?(last|previous|this|next)\s+{_UNIT}", re.IGNORECASE | re.ASCII)
_STEPS = {"last": -1, "previous": -1, "this": 0, "next": 1}
_WORDS = {"today": 0, "midnight": 0, "yesterday": -1, "tomorrow": 1}


def read(text: str, now: datetime) -> datetime | None:
    """Return the moment that a text names; None if it is not understood."""
    text = php.trim(text)
    word = text.lower()
    if word in _WORDS:
        return start_of_day(now + timedelta(days=_WORDS[word]))
    for pattern, places in _FORMATS.items():
        if found := pattern.fullmatch(text):
            year, month, day = (int(found[place]) for place in places)
            return _read_date(year, month, day, found.groups()[-4:], now)
    if stamp := _STAMP.fullmatch(text):
        return _add(datetime(1970, 1, 1, tzinfo=UTC), "second", int(stamp[1])).astimezone(now.tzinfo)
    if offset := _OFFSET.fullmatch(text):
        sign, digits, unit, ago = offset.groups()
        return _add(now, unit, int(digits) * (-1 if (sign == "-") != bool(ago) else 1))
    if near := _NEAR.fullmatch(text):
        return _read_near(now, *near.groups())
    return now if word == "now" else None


def parse(text: str, now: datetime) -> datetime:
    """Return the moment that a text names, or crash like PHP."""
    moment = read(text, now)
    if moment is None:
        raise PluginCrash(f"Failed to parse time string ({text}) at position 0 ({text[:1]})")
    return moment


def _read_date(year: int, month: int, day: int, time: tuple[str | None, ...], now: datetime) -> datetime | None:
    """Return a date with its time. A day past the month's last one runs over, and day 0 is the last one of the month before."""
    hour, minute, second = (int(part or 0) for part in time[:3])
    if not (year and month <= 12 and day <= 31 and hour <= 24 and minute < 60 and second <= 60):
        return None
    zone = _read_zone(time[3])
    try:
        first = add_months(datetime(year, 1, 1, tzinfo=now.tzinfo), month - 1)
        return first + timedelta(days=day - 1, hours=hour, minutes=minute, seconds=second) - zone
    except (OverflowError, ValueError):
        return None


def _read_zone(text: str | None) -> timedelta:
    digits = re.findall(r"[0-9]{1,2}", text or "")
    hours, minutes = (int(part) for part in [*digits, "0", "0"][:2])
    return timedelta(hours=hours, minutes=minutes) * (-1 if (text or "").startswith("-") else 1)


def _read_near(now: datetime, edge: str | None, step: str, unit: str) -> datetime:
    """Return a moment such as `next week` or `first day of last month`, at the time of now."""
    moment = _add(now, unit, _STEPS[step.lower()])
    if edge is None:
        return moment
    first = moment.replace(day=1)
    return first if edge.lower() == "first" else add(add_months(first, 1), timedelta(days=-1))


def _add(now: datetime, unit: str, count: int) -> datetime:
    unit = unit.lower()
    if unit in ("month", "year"):
        months = count * (12 if unit == "year" else 1)
        year = now.year + (now.month - 1 + months) // 12
        return add_months(now, months) if MINYEAR <= year <= MAXYEAR else _beginning(now)
    try:
        return now + timedelta(**{{"min": "minute"}.get(unit, unit) + "s": count})
    except OverflowError:
        return _beginning(now)


def _beginning(now: datetime) -> datetime:
    return datetime(1970, 1, 1, tzinfo=now.tzinfo)
