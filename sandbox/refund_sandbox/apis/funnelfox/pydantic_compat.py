"""Coercion of fields and error items as pydantic v2 makes them.

Assumed: FunnelFox reads bodies with pydantic v2 (facts §2.4). Pydantic's behaviour was measured with version 2.14.
"""

import math
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from refund_sandbox.apis.funnelfox.errors import Item, Refusal
from refund_sandbox.core.clock import read_instant
from refund_sandbox.core.validation.violation import Violation

_TRUE, _FALSE = frozenset(("true", "t", "yes", "y", "on", "1")), frozenset(("false", "f", "no", "n", "off", "0"))
_HEX = "[0-9a-fA-F]"
_HYPHENATED = "-".join(f"{_HEX}{{{length}}}" for length in (8, 4, 4, 4, 12))
_OTHER_UUID = re.compile(rf"{_HEX}{{32}}|urn:uuid:{_HYPHENATED}|\{{{_HYPHENATED}\}}")
_WHOLE = re.compile(r"\s*[+-]?[0-9]{1,18}(\.0*)?\s*")
_NON_FINITE = re.compile(r"[+-]?(s?nan[0-9]*|inf(inity)?)", re.IGNORECASE)

_UUIDS = ("order_id", "subs_id", "oneoff_id")
_TIMES = ("pause_till", "defer_till", "last_transaction_date")
_AMOUNTS = ("amount", "lifetime_price", "intro_paid_trial_price", "next_price")
_FLAGS = ("soft_refund", "soft_cancel", "dry_run", "strict_mode")
_NUMBERS = (
    *("percent", "count_of_iterations", "limit", "offset"),
    *("intro_free_trial_period", "intro_paid_trial_period", "next_period"),
)

ErrorKind = tuple[str, str]
"""Type and message of a pydantic error."""
_UUID_TYPE = ("uuid_type", "UUID input should be a string, bytes or UUID object")
_TIME_TYPE = ("datetime_type", "Input should be a valid datetime")
_BOOL_TYPE = ("bool_type", "Input should be a valid boolean")
_BOOL_PARSING = ("bool_parsing", "Input should be a valid boolean, unable to interpret input")
_INT_TYPE = ("int_type", "Input should be a valid integer")
_INT_PARSING = ("int_parsing", "Input should be a valid integer, unable to parse string as an integer")
_INT_FROM_FLOAT = ("int_from_float", "Input should be a valid integer, got a number with a fractional part")
_DECIMAL_TYPE = ("decimal_type", "Decimal input should be an integer, float, string or Decimal object")
_DECIMAL_PARSING = ("decimal_parsing", "Input should be a valid decimal")
_LIST_TYPE = ("list_type", "Input should be a valid list")
_FINITE = ("finite_number", "Input should be a finite number")
_INFINITE = (math.inf, -math.inf)
"""Values of numbers such as 1e999, which JSON Schema accepts."""
# By the schema keyword that failed, or by the expected JSON type or format.
_ERROR_KINDS: Mapping[str, ErrorKind] = {
    "required": ("missing", "Field required"),
    "maxLength": ("string_too_long", "String should have at most {} characters"),
    "minLength": ("string_too_short", "String should have at least {} characters"),
    "pattern": ("string_pattern_mismatch", "String should match pattern '{}'"),
    "enum": ("enum", "Input should be {}"),
    "minimum": ("greater_than_equal", "Input should be greater than or equal to {}"),
    "exclusiveMinimum": ("greater_than", "Input should be greater than {}"),
    "maximum": ("less_than_equal", "Input should be less than or equal to {}"),
    "uuid": ("uuid_parsing", "Input should be a valid UUID"),
    "date-time": ("datetime_from_date_parsing", "Input should be a valid datetime or date"),
    "email": ("value_error", "value is not a valid email address"),
    "string": ("string_type", "Input should be a valid string"),
    "array": _LIST_TYPE,
    "maxItems": ("too_long", "List should have at most {} items after validation"),
}


def with_zones(document: Any) -> Any:
    """Return the document with UTC as the zone of times that have none."""
    if not isinstance(document, Mapping):
        return document
    return {**document} | {name: f"{document[name]}Z" for name in _TIMES if _has_no_zone(document.get(name))}


def is_local_time(violation: Violation) -> bool:
    """Whether a value violates the schema only because it is a time without a zone."""
    return violation.keyword == "format" and violation.expected == "date-time" and _has_no_zone(violation.value)


def _has_no_zone(value: Any) -> bool:
    try:
        return isinstance(value, str) and read_instant(f"{value}Z") is not None
    except ValueError:
        return False


def coerce(document: Any) -> Any:
    """Return the document as pydantic's lax mode reads it, with coerced amounts, flags, numbers, times and UUIDs."""
    if not isinstance(document, Mapping):
        return document
    return {name: _COERCIONS[name](value) if name in _COERCIONS else value for name, value in document.items()}


def _coerce_flag(value: Any) -> Any:
    text = value.lower() if isinstance(value, str) else str(int(value)) if value in (0, 1) else None
    if text in _TRUE:
        return True
    return False if text in _FALSE else value


def coerce_uuid(value: Any) -> Any:
    """Return a UUID of any spelling in its canonical one, and every other value unchanged."""
    if isinstance(value, str) and _OTHER_UUID.fullmatch(value):
        return str(uuid.UUID(value))
    return value


def _coerce_amount(value: Any) -> Any:
    """Remove underscores between digits, which pydantic allows as Python's Decimal does."""
    return value.replace("_", "") if isinstance(value, str) else value


def _coerce_number(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    return int(value.partition(".")[0]) if isinstance(value, str) and _WHOLE.fullmatch(value) else value


def _coerce_time(value: Any) -> Any:
    """Mark a timestamp without a zone as UTC. The live API writes timestamps without a zone."""
    try:
        naive = datetime.fromisoformat(value).tzinfo is None
    except (TypeError, ValueError):
        return value
    return f"{datetime.fromisoformat(value).isoformat()}Z" if naive else value


_COERCIONS: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(_AMOUNTS, _coerce_amount),
    **dict.fromkeys(_UUIDS, coerce_uuid),
    **dict.fromkeys(_FLAGS, _coerce_flag),
    **dict.fromkeys(_NUMBERS, _coerce_number),
    **dict.fromkeys(_TIMES, _coerce_time),
}


def check(document: Any, violations: Sequence[Violation]) -> None:
    """Raise a refusal with an item for every violation and every infinite amount."""
    items = error_items(violations) if violations else []
    if isinstance(document, dict):
        items += [_item(_FINITE, (name,)) for name in _AMOUNTS if document.get(name) in _INFINITE]
    if items:
        raise Refusal(*items)


# Assumed: FunnelFox shows pydantic's error types, messages and paths in its envelope (facts §2.4 and §7, question 3).
def error_items(violations: Sequence[Violation], *prefix: str | int) -> list[Item]:
    """Return an item for every violation. `prefix` is the start of each item's path."""
    return [_item(_error_kind(violation), (*prefix, *violation.path)) for violation in violations]


def _item(kind: ErrorKind, path: tuple[str | int, ...]) -> Item:
    error_type, message = kind
    return Item(message, error_type, error_type, path)


def _error_kind(violation: Violation) -> ErrorKind:
    if violation.keyword == "anyOf":
        return _LIST_TYPE if violation.path[-1:] == ("features",) else _kind_of_amount(violation.value)
    if violation.keyword == "type":
        return _kind_of_type(violation)
    if violation.keyword == "enum":
        return _kind_of_choice(violation.expected)
    error_type, message = _ERROR_KINDS[violation.expected if violation.keyword == "format" else violation.keyword]
    return error_type, message.format(violation.expected)


def _kind_of_type(violation: Violation) -> ErrorKind:
    """Return the error of a value of the wrong JSON type. A nullable field is described by its other type."""
    expected = violation.expected if isinstance(violation.expected, str) else violation.expected[0]
    name = str(violation.path[-1]) if violation.path else ""
    if expected == "boolean":
        return _BOOL_PARSING if isinstance(violation.value, str | int) else _BOOL_TYPE
    if expected == "integer":
        return _kind_of_number(violation.value)
    if expected == "object":
        return ("dict_type", "Input should be a valid dictionary") if name else ("model_type", "Input should be an object")
    if name in _UUIDS:
        return _UUID_TYPE
    return _TIME_TYPE if name in _TIMES else _ERROR_KINDS[expected]


def _kind_of_number(value: Any) -> ErrorKind:
    if isinstance(value, str):
        return _INT_PARSING
    return _INT_FROM_FLOAT if isinstance(value, float) else _INT_TYPE


def _kind_of_choice(choices: Sequence[Any]) -> ErrorKind:
    *others, last = [repr(choice) for choice in choices if choice is not None]
    return "enum", f"Input should be {', '.join(others)} or {last}" if others else f"Input should be {last}"


def _kind_of_amount(value: Any) -> ErrorKind:
    if not isinstance(value, str):
        return _DECIMAL_TYPE
    return _FINITE if _NON_FINITE.fullmatch(value.strip()) else _DECIMAL_PARSING
