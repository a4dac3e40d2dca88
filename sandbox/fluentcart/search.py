"""The plugin's search box: free text, and `column = value` (facts §10, group 11)."""

import operator
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sandbox.fluentcart import php

_OPERATION = re.compile(r"\s*(\w+)\s*(::|>=|<=|!=|=|>|<)\s*(.*\S)\s*", re.DOTALL)
_COMPARE: Mapping[str, Callable[[int, int], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}


@dataclass(frozen=True)
class Searchable:
    """What a search looks at in one record.

    `texts` are for free text; `numbers`, `words` and `names` are the columns that an operation may name: numbers are compared,
    words must be equal, of names a part will do.
    """

    texts: Iterable[str]
    numbers: Mapping[str, int]
    words: Mapping[str, str]
    names: Mapping[str, Iterable[str]]


def is_found(wanted: str, record: Searchable) -> bool:
    """Whether a search finds a record: `id = 1002`, `id :: 1002-1004`, `payment = refunded`, `customer = jane`, or free text."""
    found = _OPERATION.fullmatch(wanted)
    if found is None:
        return is_any_like(record.texts, wanted)
    column, sign, value = found.groups()
    if column in record.numbers:
        return _compare(record.numbers[column], sign, value)
    if column in record.words:
        return (_fold(record.words[column]) == _fold(value)) == (sign != "!=")
    return is_any_like(record.names.get(column, record.texts), value if column in record.names else wanted)


def _compare(number: int, sign: str, value: str) -> bool:
    if sign != "::":
        return _COMPARE[sign](number, php.to_int(value))
    least, _, most = value.partition("-")
    return php.to_int(least) <= number <= php.to_int(most)


def is_any_like(texts: Iterable[str], wanted: str) -> bool:
    """SQL's `LIKE '%wanted%'` for any of the texts: `%` stands for anything (11-026), `_` for one character."""
    parts = [re.compile(re.escape(part).replace("_", "."), re.DOTALL) for part in _fold(wanted.strip()).split("%")]
    return any(_contains(_fold(text), parts) for text in texts)


def _contains(text: str, parts: Iterable[re.Pattern[str]]) -> bool:
    """Whether the parts follow one another in the text."""
    place = 0
    for part in parts:
        found = part.search(text, place)
        if found is None:
            return False
        place = found.end()
    return True


def _fold(text: str) -> str:
    """The text without case and accents, as MySQL's collation compares it."""
    bare = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in bare if not unicodedata.combining(letter)).casefold()
