"""Strict reader of JSON text. It rejects everything that other readers would read differently."""

import json
import re
from typing import Any

from refund_sandbox.core.errors import BadDocument, Problem

MAX_DEPTH = 600
"""Maximum nesting depth of JSON. The APIs use less, and every JSON library reads and writes it."""

_BRACKETS = re.compile(r'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+"?)*+(?:([\[{])|([\]}])|\Z)', re.DOTALL)
"""Text up to the next bracket outside of strings, and the bracket."""
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_LARGE_CHARS = 1024 * 1024
"""Length of a text above which the levels of its value are counted, which takes a tenth of the time."""
_JSON_TOO_DEEP = f"nested deeper than {MAX_DEPTH}"
NUL = "\0"
NO_NUL = "a NUL character (U+0000) is not allowed"
TOO_MANY_DIGITS = "a number has too many digits"


def depth(text: str) -> int:
    """Return the nesting depth of a JSON text, even of an invalid one, in linear time.

    The loop lets other threads run, which a single call of a regular expression on a large text does not.
    """
    level = deepest = 0
    for found in _BRACKETS.finditer(text):
        if found.lastindex is not None:
            level += 1 if found.lastindex == 1 else -1
            deepest = max(deepest, level)
    return deepest


def is_deeper(text: str, limit: int) -> bool:
    """Whether a JSON text is nested deeper than `limit`."""
    return text.count("[") + text.count("{") > limit and depth(text) > limit


def read_json(text: str) -> Any:
    """Return the value of a JSON text.

    Raise BadDocument for text that is not JSON, a duplicate key, a lone surrogate, a NUL character, and too deep nesting.
    Numbers that are NaN, infinite or too long are refused as well.
    """
    try:
        is_large = len(text) > _LARGE_CHARS
        if not is_large and is_deeper(text, MAX_DEPTH):
            raise Rejected(_JSON_TOO_DEEP)
        value = _decode(text)
        if is_large and _has_levels(value, MAX_DEPTH + 1):
            raise Rejected(_JSON_TOO_DEEP)
        if "\\u" in text and _LONE_SURROGATE.search(json.dumps(value, ensure_ascii=False)):
            raise Rejected("a lone surrogate is not a character")
        if "\\u0000" in text and has_nul(value):
            raise Rejected(NO_NUL)
    except (ValueError, RecursionError) as error:
        raise unreadable("JSON", _reason(error)) from None
    return value


def _has_levels(value: Any, levels: int) -> bool:
    """Whether a value has that many levels of lists and objects."""
    current = [value] if isinstance(value, dict | list) else []
    for _ in range(levels - 1):
        inner = (one.values() if type(one) is dict else one for one in current)
        current = [child for children in inner for child in children if type(child) is dict or type(child) is list]
    return bool(current)


def has_nul(value: Any) -> bool:
    """Whether a text of a JSON value has a NUL character. PostgreSQL stores none, so no store does."""
    if isinstance(value, str):
        return NUL in value
    if isinstance(value, dict):
        return any(map(has_nul, value)) or any(map(has_nul, value.values()))
    return isinstance(value, list) and any(map(has_nul, value))


class Rejected(ValueError):
    """Text that a library accepts and this module does not."""


def _reason(error: Exception) -> str:
    """Return why a text is not JSON. The message of a library comes last, since it differs between versions."""
    if isinstance(error, Rejected):
        return str(error)
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno}: {error.msg}"
    return "nested too deep" if isinstance(error, RecursionError) else TOO_MANY_DIGITS


def unreadable(language: str, reason: str) -> BadDocument:
    """Return the error for a text that is not JSON or YAML."""
    return BadDocument([Problem("", f"not {language}: {' '.join(reason.split())}")])


def _refuse_constant(name: str) -> Any:
    raise Rejected(f"{name} is not a JSON number")


def read_float(digits: str) -> float:
    """Return a number. Raise Rejected for one that no float can hold."""
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise Rejected(f"{digits[:40]} is too large for a number")
    return number


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        raise Rejected(f"duplicate key: {', '.join(sorted({name for name in names if names.count(name) > 1}))}")
    return value


_decoder = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=read_float, object_pairs_hook=_read_object)


def _decode(text: str) -> Any:
    """Return the value of a JSON text, like `json.loads`, which would make a decoder for each call."""
    return json.loads(text) if text.startswith("\ufeff") else _decoder.decode(text)  # it explains a byte order mark


def readable(text: str) -> Any:
    """Return the value of a JSON body, any other body as text, and None for an empty one."""
    try:
        return read_json(text) if text else None
    except BadDocument:
        return text
