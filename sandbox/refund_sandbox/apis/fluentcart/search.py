"""The plugin's search box: free text, and `column = value` (facts §10, group 11)."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import field
from typing import Any

from refund_sandbox.apis.fluentcart import php
from refund_sandbox.frozen import frozen
from refund_sandbox.stores.query import Compare, Condition, EqualsText, Not

_OPERATION = re.compile(r"\s*(\w+)\s*(::|>=|<=|!=|=|>|<)\s*(.*\S)\s*", re.DOTALL)
Texts = Callable[[str], Condition]
"""Which records have a text somewhere."""


@frozen
class Searchable:
    """What a search looks at in records of one kind.

    `texts` are for free text; `numbers`, `words` and `names` are the columns that an operation may name: numbers are compared,
    words must be equal (the column's name → the field), of names a part will do.
    """

    texts: Texts
    numbers: Collection[str] = ("id",)
    words: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, Texts] = field(default_factory=dict)


def read(wanted: str, looked_at: Searchable) -> tuple[Condition, ...]:
    """What a search finds: `id = 1002`, `id :: 1002-1004`, `payment = refunded`, `customer = jane`, or free text."""
    found = _OPERATION.fullmatch(wanted)
    if found is None:
        return (looked_at.texts(wanted),)
    column, sign, value = found.groups()
    if column in looked_at.numbers:
        return _compare(column, sign, value)
    if column in looked_at.words:
        same = EqualsText(looked_at.words[column], value)
        return (Not(same) if sign == "!=" else same,)
    if column in looked_at.names:
        return (looked_at.names[column](value),)
    return (looked_at.texts(wanted),)


def _compare(column: str, sign: Any, value: str) -> tuple[Condition, ...]:
    if sign != "::":
        return (Compare(column, sign, php.to_int(value)),)
    least, _, most = value.partition("-")
    return Compare(column, ">=", php.to_int(least)), Compare(column, "<=", php.to_int(most))
