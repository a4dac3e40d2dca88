"""Readers of the texts of settings. Each returns the value, or raises ValueError or KeyError for an invalid text."""

import re
from collections.abc import Callable
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


def read_duration(text: str) -> str:
    if not re.fullmatch("[0-9]{1,6}[smhd]", text):
        raise ValueError(text)
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
