"""Fields of a record from a row of a reply, as far as they fit the record."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from msgspec import Struct

from refund_sandbox.core.record_schema import schema_of
from refund_sandbox.core.validation.validator import Validator

_WHOLE_NUMBER = re.compile(r"-?\d{1,18}")


def rows_with(rows: Any, *names: str) -> list[Mapping[str, Any]]:
    """Return the entries of a list that are objects with a number or a text in each of these fields."""
    entries = rows if isinstance(rows, list) else []
    return [row for row in entries if isinstance(row, Mapping) and all(_is_id(row.get(name)) for name in names)]


def _is_id(value: Any) -> bool:
    return isinstance(value, int | str) and not isinstance(value, bool) and value != ""


def fitting_fields(
    record: type[Struct], row: Mapping[str, Any], convert: Callable[[Any], Any] = lambda value: value
) -> dict[str, Any]:
    """Return the fields that a record and a row have in common. A value that does not fit its field is left out.

    `convert` changes each value first. Text that is a whole number becomes one, where the field takes no text.
    """
    found = {}
    for name, check in _checks(record).items():
        if name not in row:
            continue
        value = convert(row[name])
        if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value) and check.violations(value):
            value = int(value)
        if not check.violations(value):
            found[name] = value
    return found


@cache
def _checks(record: type[Struct]) -> Mapping[str, Validator]:
    return {name: Validator(schema) for name, schema in schema_of(record)["properties"].items()}
