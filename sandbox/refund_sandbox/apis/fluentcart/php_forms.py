"""Query strings and forms as PHP 8.2 reads them: `a[b]=1&a[c]=2` is {"a": {"b": "1", "c": "2"}}. Values are text."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any
from urllib.parse import unquote_plus

_MAX_INPUT_VARS = 1000
_MAX_INPUT_NESTING = 64
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,18}")
_KEY = re.compile(r"\[(?:[ \t\n\r\v\f]?(\])|([^\]]*)\])")
_BOUNDARY = re.compile(r'boundary[^=]*=(?:"([^"]*)"|(?!")([^,;]*))', re.IGNORECASE)
_HEADERS = re.compile(rb"((?:(?!\r?\n)[^\n]+(?:\n|\Z))*+)(?:\r?\n)?")
"""The lines up to an empty one."""
_DISPOSITION = re.compile(rb"^content-disposition:[ \t\v\f]*([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)", re.IGNORECASE | re.MULTILINE)
_PARAMETER = re.compile(rb"""(?:"(?:\\"|[^"])*+"?|'(?:\\'|[^'])*+'?|[^;"'])+""")
_WORD = re.compile(rb"""\s*(?:(["'])((?:\\.|(?!\1)[^\\]|\\\Z)*+)|(\S*))""", re.DOTALL)
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
    """Parse a query string. PHP's max_input_vars drops the fields after the 1000th."""
    return _parse(islice(filter(None, query.split("&")), _MAX_INPUT_VARS)) if query else {}


def parse_form(body: bytes) -> dict[str, Any]:
    """Parse a form. max_input_vars lets one field more pass here, and counts empty ones."""
    return _parse(body.decode("utf-8", "replace").split("&", _MAX_INPUT_VARS + 1)[: _MAX_INPUT_VARS + 1])


def _parse(parts: Iterable[str]) -> dict[str, Any]:
    form = Form()
    for part in parts:
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


def parse_multipart(content_type: str, body: bytes) -> dict[str, Any] | None:
    """Parse the text fields of a multipart form; None if the type names no boundary.

    Files are skipped, as are fields after the 1000th.
    """
    form, boundary = Form(), _BOUNDARY.search(content_type)
    if boundary is None:
        return None
    separator = b"--" + (boundary[1] or boundary[2] or "").encode("latin-1", "replace")
    for name, value in islice(_parts(separator, body), _MAX_INPUT_VARS):
        form.set(name.decode("utf-8", "replace"), value.decode("utf-8", "replace"))
    return form.fields


def _parts(separator: bytes, body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and value of each text field, up to the first part without a name."""
    start = re.compile(rb"^" + re.escape(separator) + rb"\r?(?:\n|\Z)", re.MULTILINE)
    position = 0
    while found := start.search(body, position):
        headers = _HEADERS.match(body, found.end())
        assert headers
        position = headers.end()
        disposition = _DISPOSITION.search(headers[1])
        if disposition is None:
            continue
        parameters = _parameters(disposition[1])
        if not parameters:
            return
        end = _end(separator, body, position)
        if b"filename" not in parameters:
            yield parameters[b"name"], body[position:end].removesuffix(b"\r")
        position = end


def _parameters(disposition: bytes) -> dict[bytes, bytes]:
    """Return `name` and `filename` of a Content-Disposition."""
    pairs = (parameter.lstrip().partition(b"=") for parameter in _PARAMETER.findall(disposition))
    return {name.lower(): _word(value) for name, equals, value in pairs if equals and name.lower() in (b"name", b"filename")}


def _word(text: bytes) -> bytes:
    """Return a word without its quotes."""
    found = _WORD.match(text)
    assert found
    quote, quoted, bare = found.groups()
    return bare if quote is None else re.sub(rb"\\([\\" + quote + rb"])", rb"\1", quoted)


def _end(separator: bytes, body: bytes, start: int) -> int:
    """Return the end of a part: the next separator, or the end of the body without the beginning of a separator."""
    following = b"\n" + separator
    end = body.find(following, start)
    if end >= 0:
        return end
    cut = next((length for length in range(len(following), 0, -1) if body.endswith(following[:length], start)), 0)
    return len(body) - cut
