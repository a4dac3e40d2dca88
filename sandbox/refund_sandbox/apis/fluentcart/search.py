"""The `search` parameter of the lists: free text, and `column = value` (facts §10, group 11)."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from msgspec import Struct, field

from refund_sandbox.apis.fluentcart import php
from refund_sandbox.stores.query import Compare, Condition, EqualsText, Not

_OPERATION = re.compile(r"\s*(\w+)\s*(::|>=|<=|!=|=|>|<)\s*(.*\S)\s*", re.DOTALL)
TextCondition = Callable[[str], Condition]
"""Return the condition for records that contain a text."""


class SearchFields(Struct, frozen=True):
    """Searchable fields of a list.

    `compared` columns accept numbers with any operator. `equal` maps a name in the search to a field that must be equal.
    `contained` maps a name to a condition on a part of the text.
    """

    free_text: TextCondition
    compared: Collection[str] = ("id",)
    equal: Mapping[str, str] = field(default_factory=dict)
    contained: Mapping[str, TextCondition] = field(default_factory=dict)


def parse(search: str, fields: SearchFields) -> tuple[Condition, ...]:
    """Parse `id = 1002`, `id :: 1002-1004`, `payment = refunded`, `customer = jane` or free text."""
    operation = _OPERATION.fullmatch(search)
    if operation is None:
        return (fields.free_text(search),)
    column, operator, value = operation.groups()
    if column in fields.compared:
        return _compare(column, operator, value)
    if column in fields.equal:
        equals = EqualsText(fields.equal[column], value)
        return (Not(equals) if operator == "!=" else equals,)
    if column in fields.contained:
        return (fields.contained[column](value),)
    return (fields.free_text(search),)


def _compare(column: str, operator: Any, value: str) -> tuple[Condition, ...]:
    if operator != "::":
        return (Compare(column, operator, php.to_int(value)),)
    first, _, last = value.partition("-")
    return Compare(column, ">=", php.to_int(first)), Compare(column, "<=", php.to_int(last))
