"""Readers of the texts of settings. Each returns the value, or raises ValueError or KeyError for an invalid text."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path


def read_int(minimum: int, maximum: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text)
        if not minimum <= number <= maximum:
            raise ValueError(text)
        return number

    return read


def read_choice(choices: tuple[str, ...]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(text)
        return text

    return read


def read_flag(text: str) -> bool:
    return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}[text.lower()]


def read_store(text: str) -> str:
    """A SQLite store needs a file: each connection to `:memory:` would have a database of its own."""
    file = text.removeprefix("sqlite:///")
    is_file = file not in (text, "", ":memory:") and "?" not in file
    if text != "memory://" and not is_file and not text.startswith("postgresql://"):
        raise ValueError(text)
    return text


_SECONDS: dict[str, Decimal | int] = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
    **dict.fromkeys(("w", "week", "weeks"), 604_800),
    "ms": Decimal("0.001"),
}
_MAX_SECONDS = 999_999 * 86_400
_PART = r"(?P<number>[0-9]{1,9}(?:\.[0-9]{1,6})?)\s*(?P<unit>[a-z]+)"
_DURATION = re.compile(
    rf"{_PART}(?:(?:\s*,\s*|\s+and\s+|\s*){_PART.replace('number', 'n').replace('unit', 'u')})*", re.IGNORECASE
)
_ISO_DURATION = re.compile(r"P(?:[0-9]+[WD])*(?:T(?:[0-9]+[HMS])+)?", re.IGNORECASE)


@lru_cache(64)
def read_duration(text: str) -> timedelta:
    """Return a duration such as 90s, 1h30m, 2w, "30 days" or PT1H. Raises ValueError for anything else."""
    stripped = text.strip(" ")
    if _ISO_DURATION.fullmatch(stripped) and stripped[-1].upper() not in "PT":
        stripped = stripped[1:].upper().replace("T", "")
    elif not _DURATION.fullmatch(stripped):
        raise ValueError(text)
    parts = re.finditer(_PART, stripped, re.IGNORECASE)
    try:
        seconds = sum(Decimal(part["number"]) * _SECONDS[part["unit"].lower()] for part in parts)
    except KeyError:
        raise ValueError(text) from None
    if seconds > _MAX_SECONDS:
        raise ValueError(text)
    return timedelta(microseconds=int(seconds * 1_000_000))


def read_duration_text(text: str) -> str:
    read_duration(text)
    return text


def read_host_names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if not all(re.fullmatch(r"[A-Za-z0-9._-]+|\*", name) for name in names):
        raise ValueError(text)
    return names


def read_origins(text: str) -> tuple[str, ...]:
    """Return origins as browsers send them: a scheme and a host, without a path."""
    origins = tuple(origin.strip() for origin in text.split(","))
    if not all(re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#@,*\s]+|null|none|\*", origin) for origin in origins):
        raise ValueError(text)
    return origins


def read_non_empty(text: str) -> str:
    if not text:
        raise ValueError(text)
    return text


def read_file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise ValueError(text)
    return path
