"""The `search` parameter of the lists: free text, and `column = value` (facts §10, groups 11 and 31; read in the source)."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from msgspec import Struct, field

from refund_sandbox.apis.fluentcart import php
from refund_sandbox.stores.query import AnyOf, Compare, Condition, Contains, EqualsText, Not

_OPERATOR = re.compile(r"=|!=|>|<|::")
"""The plugin's operators. It looks for `>` and `<` before `>=` and `<=`, so it never finds these."""
TextCondition = Callable[[str], Condition]
"""Return the condition for records that contain a text."""
NOTHING = AnyOf(())
"""Condition that no record meets."""


class SearchFields(Struct, frozen=True):
    """Searchable fields of a list.

    `compared` maps a name in the search to a column with numbers, for any operator. `equal` maps a name to a field that must
    be equal. `contained` maps a name to a condition on a part of the text.
    """

    free_text: TextCondition
    compared: Mapping[str, str] = field(default_factory=lambda: {"id": "id"})
    equal: Mapping[str, str] = field(default_factory=dict)
    contained: Mapping[str, TextCondition] = field(default_factory=dict)


class Operation(Struct, frozen=True):
    """A search such as `id = 1002`."""

    column: str
    sign: str
    value: str


def parse_operation(search: str) -> Operation | None:
    """Return column, operator and value of a search. A second operator ends the value."""
    found = _OPERATOR.search(search)
    if found is None:
        return None
    column, value, *_ = search.split(found[0])
    return Operation(php.trim(column).lower(), found[0], php.trim(value))


def parse(search: str, fields: SearchFields) -> tuple[Condition, ...]:
    """Parse `id = 1002`, `id :: 1002-1004`, `payment = refunded`, `customer = jane` or free text."""
    operation = parse_operation(search)
    if operation is None:
        return (fields.free_text(search),)
    column, value = operation.column, operation.value
    if column in fields.compared:
        return compare(fields.compared[column], operation)
    if column in fields.equal:
        equals = EqualsText(fields.equal[column], value)
        return (Not(equals) if operation.sign == "!=" else equals,)
    if column in fields.contained:
        return (fields.contained[column](value),)
    return (fields.free_text(search),)


def compare(column: str, operation: Operation) -> tuple[Condition, ...]:
    """Return the condition on a column of numbers. A value that is no number is 0, as for the database: `>= 5` is `> 0`."""
    if operation.sign != "::":
        sign: Any = operation.sign
        return (Compare(column, sign, php.to_int(operation.value)),)
    ends = operation.value.split("-")
    if len(ends) != _ENDS_OF_A_RANGE:
        return (NOTHING,)
    return Compare(column, ">=", php.to_int(ends[0])), Compare(column, "<=", php.to_int(ends[1]))


_ENDS_OF_A_RANGE = 2


def is_filtered(params: Mapping[str, Any]) -> bool:
    """Whether a list applies `active_view` and `search`: with `filter_type` simple, which is the default (31-036).

    The filters of `advanced` need the Pro plugin, and any other word means none.
    """
    return bool(params.get("filter_type", "simple") == "simple")


def contains_any(columns: Collection[str], text: str) -> AnyOf:
    """Return the condition that at least one of the columns contains a text."""
    return AnyOf(tuple(Contains(column, text) for column in columns))
