"""Arguments of the form NAME=VALUE, and nested documents with dotted names."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from refund_sandbox.cli.user_errors import InputError

_DECIMAL = re.compile(r"-?\d+\.\d+")


def read_assignment(text: str) -> tuple[str, Any]:
    """Return name and value of NAME=VALUE. Raises InputError."""
    name, separator, value = text.partition("=")
    if not (name and separator):
        raise InputError(f"Invalid value {text!r} (expected NAME=VALUE).")
    return name, read_value(value)


def read_value(text: str) -> Any:
    """Return a JSON value. Decimal numbers and what is no JSON stay text."""
    if _DECIMAL.fullmatch(text):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def nested(values: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return the document of values with dotted names."""
    document: dict[str, Any] = {}
    for name, value in values:
        *path, last = name.split(".")
        part = document
        for step in path:
            part = part.setdefault(step, {})
        part[last] = value
    return document


def flatten(document: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values of nested settings with dotted names."""
    for name, value in document.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
