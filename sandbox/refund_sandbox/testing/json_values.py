"""Values of Python in documents of the control API, and checks of option names."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any
from uuid import UUID

from refund_sandbox.suggestions import unknown

__tracebackhide__ = True  # pytest shows the line of the test, not those of this module

Moment = datetime | date | str | float
"""A time: a datetime or a date, both in UTC without a time zone, a text, or seconds since 1970."""
Span = timedelta | str | float
"""A duration: a timedelta, a text such as `1h30m`, or seconds."""


def to_json(value: Any) -> Any:
    """Return the JSON value for a value that JSON does not have. For the parameter `default` of `json.dumps`."""
    match value:
        case datetime():
            return _in_utc(value).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case timedelta():
            return write_span(value)
        case Decimal():
            return format(value, "f")
        case Enum():
            return value.value
        case UUID() | PurePath():
            return str(value)
        case set() | frozenset():
            return sorted(value)
        case _:
            raise TypeError(f"{type(value).__name__} has no form in JSON: {value!r}")


def write_moment(value: Moment) -> str | float:
    """Return a time as `PUT /_sandbox/clock` takes it."""
    return value if isinstance(value, str | int | float) else str(to_json(value))


def write_span(value: Span) -> str:
    """Return a duration as `POST /_sandbox/clock/advance` takes it."""
    if isinstance(value, str):
        return value
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    return f"{Decimal(str(seconds)):f}s"


def write_time(value: Any, pattern: str) -> Any:
    """Return a datetime or date as text in UTC, any other value as it is."""
    if isinstance(value, datetime):
        return _in_utc(value).strftime(pattern)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC).strftime(pattern)
    return value


def check_names(given: Iterable[str], known: Iterable[str], kind: str) -> None:
    """Raise TypeError for a name that is not known."""
    known = list(known)
    for name in given:
        if name not in known:
            raise TypeError(unknown(kind, name, known))


def nested_settings(settings: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as the control API has them: `acme_version` is the member `version` of `acme`.

    `current` are all settings. Raises TypeError for an unknown one.
    """
    groups = {name: one for name, one in current.items() if isinstance(one, Mapping)}
    flat = {f"{group}_{name}": (group, name) for group, members in groups.items() for name in members}
    check_names(settings, [*current, *flat], "setting")
    nested: dict[str, Any] = {}
    for name, value in settings.items():
        if name not in flat and name not in groups:
            nested[name] = value
            continue
        group, members = (flat[name][0], {flat[name][1]: value}) if name in flat else (name, value)
        check_names(members, groups[group], f"setting of {group}")
        spans = {member: write_span(one) for member, one in members.items() if isinstance(one, timedelta)}
        nested[group] = {**nested.get(group, {}), **members, **spans}
    return nested


def _in_utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
