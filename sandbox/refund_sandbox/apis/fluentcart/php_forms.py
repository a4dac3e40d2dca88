"""Query strings and forms as PHP 8.2 reads them: `a[b]=1&a[c]=2` is {"a": {"b": "1", "c": "2"}}. Values are text."""

import re
from itertools import islice
from typing import Any
from urllib.parse import unquote_plus

MAX_INPUT_VARS = 1000
_MAX_INPUT_NESTING = 64
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,18}")
_KEY = re.compile(r"\[(?:[ \t\n\r\v\f]?(\])|([^\]]*)\])")
_TO_UNDERSCORE = str.maketrans(" .[", "___")


class Form:
    """Fields of a query string or a form, set one by one."""

    def __init__(self) -> None:
        self.fields: dict[str, Any] = {}
        self._numbers: dict[tuple[str, ...], int] = {}
        """The next number of each array by the keys that lead to it."""

    def set(self, name: str, value: str) -> None:
        """Set a field by its name, such as `a[b]`. A field without a name is dropped, as one with more than 64 brackets."""
        keys = _keys(name.partition("\0")[0].lstrip(" "))
        if not keys or len(keys) > _MAX_INPUT_NESTING + 1:
            return
        target = self.fields
        path: tuple[str, ...] = ()
        for key in keys[:-1]:
            index = self._index(path, key)
            path = (*path, index)
            if not isinstance(target.get(index), dict):
                target[index], self._numbers[path] = {}, 0
            target = target[index]
        target[self._index(path, keys[-1])] = value

    def _index(self, path: tuple[str, ...], key: str | None) -> str:
        """Return a key, or the next number for None."""
        number = self._numbers.get(path, 0)
        index = str(number) if key is None else key
        if _WHOLE.fullmatch(index):
            self._numbers[path] = max(number, int(index) + 1)
        return index


def parse_query(query: str) -> dict[str, Any]:
    """Parse a query string or form. PHP's max_input_vars drops the fields after the 1000th."""
    form = Form()
    parts = filter(None, query.split("&")) if query else ()
    for part in islice(parts, MAX_INPUT_VARS):
        name, _, value = part.partition("=")
        form.set(unquote_plus(name, errors="replace"), unquote_plus(value, errors="replace"))
    return form.fields


def _keys(name: str) -> list[str | None]:
    """Return the keys in a name: `a[b][]` is a, b and None for the next number. Text after the last bracket does not count.

    A bracket that is not closed is part of the first key, and ends the keys after it.
    """
    root, bracket, _ = name.partition("[")
    if not root:
        return []
    keys: list[str | None] = [root.translate(_TO_UNDERSCORE)]
    end = len(root)
    while found := _KEY.match(name, end):
        keys.append(None if found[1] else found[2])
        end = found.end()
    return keys if len(keys) > 1 or not bracket else [name.translate(_TO_UNDERSCORE)]
