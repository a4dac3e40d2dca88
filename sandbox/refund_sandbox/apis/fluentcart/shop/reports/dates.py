"""Dates in requests, as far as PHP's date parser is imitated: ISO dates, `now`, `today`, and offsets such as `-30 days`."""

import re
from datetime import datetime, timedelta

from refund_sandbox.apis.fluentcart.errors import PluginCrash
from refund_sandbox.apis.fluentcart.shop.reports.period import add_months, start_of_day

_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2}))?)?(?:Z|\.\d+Z?)?")
_OFFSET = re.compile(r"([+-]?)\s*(\d{1,6})\s*(minute|min|hour|day|week|month|year)s?(\s+ago)?", re.IGNORECASE)
_WORDS = {"now": 0, "today": 0, "yesterday": -1, "tomorrow": 1}


def read(text: str, now: datetime) -> datetime | None:
    """Return the moment that a text names; None if it is not understood."""
    text = text.strip()
    if iso := _ISO.fullmatch(text):
        return _read_iso(iso, now)
    if text.lower() in _WORDS:
        moment = now + timedelta(days=_WORDS[text.lower()])
        return moment if text.lower() == "now" else start_of_day(moment)
    offset = _OFFSET.fullmatch(text)
    return _add(now, offset) if offset else None


def parse(text: str, now: datetime) -> datetime:
    """Return the moment that a text names, or crash like PHP."""
    moment = read(text, now)
    if moment is None:
        raise PluginCrash(f"Failed to parse time string ({text}) at position 0 ({text[:1]})")
    return moment


def _read_iso(match: re.Match[str], now: datetime) -> datetime | None:
    """Return an ISO date. A day past the month's last one runs over, a month or day out of range is an error."""
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
    if not (year and 1 <= month <= 12 and 1 <= day <= 31 and hour <= 24 and minute < 60 and second < 60):
        return None
    first = datetime(year, month, 1, tzinfo=now.tzinfo)
    return first + timedelta(days=day - 1, hours=hour, minutes=minute, seconds=second)


def _add(now: datetime, match: re.Match[str]) -> datetime:
    sign, digits, unit, ago = match.groups()
    count = int(digits) * (-1 if (sign == "-") != bool(ago) else 1)
    unit = unit.lower()
    try:
        if unit in ("month", "year"):
            return add_months(now, count * (12 if unit == "year" else 1))
        return now + timedelta(**{{"min": "minute"}.get(unit, unit) + "s": count})
    except (OverflowError, ValueError):
        return datetime(1970, 1, 1, tzinfo=now.tzinfo)


def write(moment: datetime) -> str:
    """Return a moment as the database stores it."""
    return f"{moment.year:04}{moment:-%m-%d %H:%M:%S}"
