"""Rules of request fields, as the plugin's validator applies them, with its texts.

A rule is a word such as `required` or `maxLength:15`. Several are joined with `|`. Errors map a field to its rules' texts.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from refund_sandbox.apis.fluentcart import php
from refund_sandbox.apis.fluentcart.errors import PluginCrash
from refund_sandbox.apis.fluentcart.wordpress.plain_text import sanitize_text

Fields = Mapping[str, Any]
Errors = dict[str, dict[str, str]]
MAX_NUMBER = 10**15
_MISSING = object()
_EMAIL_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+")
_EMAIL_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?")
_SHORTEST_EMAIL = 6
_OWN_TEXT = ("sanitizeText", "sanitizeTextArea", "maxLength")
"""Rules of the plugin itself. They ignore the texts of a request, as the framework's rules do not."""


def get(document: Any, path: str, default: Any = None) -> Any:
    """Return the field at a path such as `detail.fulfillment_type`."""
    value = _find(document, path)
    return default if value is _MISSING else value


def _find(document: Any, path: str) -> Any:
    for name in path.split("."):
        if isinstance(document, list) and name.isdecimal() and int(name) < len(document):
            document = document[int(name)]
        elif isinstance(document, dict) and name in document:
            document = document[name]
        else:
            return _MISSING
    return document


def check(document: Fields, rules: Mapping[str, str], texts: Mapping[str, str] = {}) -> Errors:
    """Return the errors of a document. `texts` has texts of its own for `field.rule`."""
    errors: Errors = {}
    for pattern, words in rules.items():
        for path in _expand(document, pattern):
            for name, text in _check_field(document, path, words.split("|")):
                errors.setdefault(path, {})[name] = text if name in _OWN_TEXT else texts.get(f"{pattern}.{name}", text)
    return errors


def _expand(document: Fields, pattern: str) -> Iterator[str]:
    """Yield the paths that a pattern such as `order_items.*.id` stands for. Entries without the field have none (33-033)."""
    head, star, tail = pattern.partition(".*")
    if not star:
        yield pattern
        return
    entries = get(document, head)
    keys = range(len(entries)) if isinstance(entries, list) else entries if isinstance(entries, dict) else ()
    paths = (f"{head}.{key}{tail}" for key in keys)
    yield from (path for path in paths if _find(document, path) is not _MISSING)


def _check_field(document: Fields, path: str, words: list[str]) -> Iterator[tuple[str, str]]:
    value = _find(document, path)
    is_present = value is not _MISSING
    value = value if is_present else None
    if "nullable" in words and php.is_empty(value):
        return
    for word in words:
        name, _, limit = word.partition(":")
        if name == "nullable" or not (is_present or name in ("required", "sanitizeText")):
            continue
        text = _TESTS[name](path, value, limit)
        if text:
            yield name, text


def _required(path: str, value: Any, _: str) -> str | None:
    return f"The {path} field is required." if php.is_blank(value) else None


def _sanitize_text(path: str, value: Any, _: str) -> str | None:
    """Refuse markup. An array crashes the plugin (30-019, 32-011)."""
    if isinstance(value, php.ARRAY):
        raise PluginCrash("trim(): Argument #1 ($string) must be of type string, array given")
    text = php.to_text(value).strip(" \t\n\r\0\x0b")
    return f"The {path} must be a valid text" if sanitize_text(text) != text else None


def _sanitize_text_area(path: str, value: Any, name: str) -> str | None:
    """Refuse markup in a text of several lines."""
    text = value if isinstance(value, php.ARRAY) else re.sub(r"\s+", " ", php.to_text(value))
    return _sanitize_text(path, text, name)


def _max_length(path: str, value: Any, limit: str) -> str | None:
    """Refuse a text of more bytes than the limit. An array crashes the plugin."""
    if isinstance(value, php.ARRAY):
        raise PluginCrash("trim(): Argument #1 ($string) must be of type string, array given")
    too_long = len(php.to_text(value).strip(" \t\n\r\0\x0b").encode("utf-8", "surrogatepass")) > int(limit)
    return f"The {path} must not be greater than {limit} characters." if too_long else None


def _numeric(path: str, value: Any, _: str) -> str | None:
    return None if php.is_numeric(value) else f"The {path} must be a number."


def _min(path: str, value: Any, limit: str) -> str | None:
    size, unit = _size(value)
    if size >= float(limit):
        return None
    return f"The {path} must have at least {limit} items." if unit == "items" else f"The {path} must be at least {limit}{unit}."


def _max(path: str, value: Any, limit: str) -> str | None:
    size, unit = _size(value)
    if size <= float(limit):
        return None
    if unit == "items":
        return f"The {path} may not have more than {limit} items."
    return f"The {path} may not be greater than {limit}{unit}."


def _size(value: Any) -> tuple[float, str]:
    """Return the size of a value, and how its unit is written: a number, characters of a text, items of an array (33-017)."""
    if php.is_numeric(value):
        return float(value), ""
    if isinstance(value, php.ARRAY):
        return len(value), "items"
    return len(php.to_text(value)), " characters"


def _email(path: str, value: Any, _: str) -> str | None:
    """Refuse what WordPress's `is_email` does. Source: WordPress core."""
    if isinstance(value, php.ARRAY):
        raise PluginCrash("strlen(): Argument #1 ($string) must be of type string, array given")
    text = php.to_text(value)
    local, _at, domain = text.partition("@")
    labels = domain.split(".")
    is_email = (
        len(text) >= _SHORTEST_EMAIL
        and _EMAIL_LOCAL.fullmatch(local)
        and len(labels) > 1
        and all(map(_EMAIL_LABEL.fullmatch, labels))
    )
    return None if is_email else f"The {path} must be a valid email address."


def _array(path: str, value: Any, _: str) -> str | None:
    return None if isinstance(value, php.ARRAY) else f"The {path} must be an array."


def _string(path: str, value: Any, _: str) -> str | None:
    return None if isinstance(value, str) else f"The {path} must be a string."


def _in(path: str, value: Any, choices: str) -> str | None:
    return None if php.to_text(value) in choices.split(",") else f"The selected {path} is invalid."


_TESTS: Mapping[str, Callable[[str, Any, str], str | None]] = {
    "required": _required,
    "sanitizeText": _sanitize_text,
    "sanitizeTextArea": _sanitize_text_area,
    "maxLength": _max_length,
    "numeric": _numeric,
    "min": _min,
    "max": _max,
    "email": _email,
    "array": _array,
    "string": _string,
    "in": _in,
}


def text(document: Fields, path: str) -> str:
    """Return a field as one line of plain text."""
    return sanitize_text(get(document, path))


def text_or_null(document: Fields, name: str) -> str | None:
    """Return a field as text; a missing one is null, which empties the column."""
    value = document.get(name)
    return None if value is None else sanitize_text(value)


def clamp(number: int) -> int:
    """Return a number within the limits of the sandbox. Assumed: the plugin's database allows more."""
    return max(-MAX_NUMBER, min(number, MAX_NUMBER))


def ids(document: Fields, name: str) -> list[int]:
    """Return the ids in a list of a request. Anything but a list crashes the plugin (33-068)."""
    values = document.get(name, [])
    if not isinstance(values, php.ARRAY):
        raise PluginCrash(f"array_map(): Argument #2 ($array) must be of type array, {php.type_name(values)} given")
    return [number for number in map(php.to_int, php.values_of(values)) if number]
