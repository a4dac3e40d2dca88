"""Messages of violations."""

from collections.abc import Callable, Mapping
from typing import Any

from refund_sandbox.core.validation.keywords import Schema
from refund_sandbox.suggestions import did_you_mean

_MAX_NAMES = 20
"""Number of unknown fields of an object that a message names."""
_MAX_NAME_CHARS = 200
"""Length of a field's name in a message. A name in a document may be as long as the document."""


def message_of(keyword: str, schema: Schema, value: Any) -> str:
    """Return the message for a value that violates a keyword of a schema."""
    expected = schema[keyword]
    if keyword == "additionalProperties" and expected is False:
        return _unknown_fields(undeclared_names(value, schema), schema.get("properties", {}))
    if keyword in ("format", "type") and schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    if keyword == "format":
        return f"must be a valid {expected}"
    render = _MESSAGES.get(keyword)
    return render(expected) if render else f"must satisfy {keyword}: {expected}"


def undeclared_names(value: Any, schema: Schema) -> list[str]:
    """Return the names of an object's fields that a schema does not declare."""
    known = schema.get("properties", {})
    return [name for name in value if name not in known] if isinstance(value, dict) else []


def _unknown_fields(unknown: list[str], known: Mapping[str, Any]) -> str:
    names = [shortened(name) for name in sorted(unknown)[:_MAX_NAMES]]
    if len(unknown) == 1:
        return f"Unknown field {names[0]!r}.{did_you_mean(names[0], known)}"
    more = f" and {len(unknown) - _MAX_NAMES} more" if len(unknown) > _MAX_NAMES else ""
    return f"Unknown fields {', '.join(map(repr, names))}{more}."


def shortened(name: str) -> str:
    return name if len(name) <= _MAX_NAME_CHARS else f"{name[:_MAX_NAME_CHARS]}…"


def _joined(values: Any) -> str:
    return ", ".join(map(str, values)) if isinstance(values, list) else str(values)


_MAJOR_UNITS = 'must be a decimal amount as text, such as "25.00"'
_FORMATS: Mapping[str, str] = {
    "duration": "must be a duration such as 90s, 1h30m, 2w or 30 days",
    "duration-60s": "must be a duration of at most 60s, such as 10s",
    "web-url": "must be a URL that begins with http:// or https://, such as http://127.0.0.1:3000/hook",
    "date-time": "must be a time such as 2026-01-02T03:04:05Z",
    "decimal": _MAJOR_UNITS,
    "major-units": _MAJOR_UNITS,
    "minor-units": "must be of type integer, in minor units: 2500 for 25.00",
    "name": "must have 1 to 64 letters, digits, dots, dashes and underscores, and begin with a letter or digit",
}
_MESSAGES: dict[str, Callable[[Any], str]] = {
    "type": lambda expected: f"must be of type {_joined(expected)}",
    "enum": lambda expected: f"must be one of {', '.join(repr(value) for value in expected)}",
    "maxLength": lambda expected: f"must have at most {expected} characters",
    "minLength": lambda expected: f"must have at least {expected} characters",
    "minimum": lambda expected: f"must be at least {expected}",
    "maximum": lambda expected: f"must be at most {expected}",
    "exclusiveMinimum": lambda expected: f"must be greater than {expected}",
    "pattern": lambda expected: f"must match {expected}",
    "minItems": lambda expected: f"must have at least {expected} entries",
    "maxItems": lambda expected: f"must have at most {expected} entries",
}
