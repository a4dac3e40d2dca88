"""Strict readers of JSON and YAML text. They reject everything that other readers would read differently."""

import json
import re
from contextlib import suppress
from typing import Any

import yaml
from yaml.events import AliasEvent, MappingEndEvent, ScalarEvent, SequenceEndEvent, SequenceStartEvent, StreamEndEvent
from yaml.reader import ReaderError

from refund_sandbox.core.errors import BadDocument, Problem

MAX_DEPTH = 600
"""Maximum nesting depth of JSON. The APIs use less, and every JSON library reads and writes it."""
_YAML_DEPTH = 100
"""Maximum nesting depth of YAML."""

_BRACKETS = re.compile(r'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+"?)*+(?:([\[{])|([\]}])|\Z)', re.DOTALL)
"""Text up to the next bracket outside of strings, and the bracket."""
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_LARGE_CHARS = 1024 * 1024
"""Length of a text above which the levels of its value are counted, which takes a tenth of the time."""
_JSON_TOO_DEEP = f"nested deeper than {MAX_DEPTH}"
_NUL = "\0"
NO_NUL = "a NUL character (U+0000) is not allowed"


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
            raise _Rejected(_JSON_TOO_DEEP)
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_read_float, object_pairs_hook=_read_object)
        if is_large and _has_levels(value, MAX_DEPTH + 1):
            raise _Rejected(_JSON_TOO_DEEP)
        if "\\u" in text and _LONE_SURROGATE.search(json.dumps(value, ensure_ascii=False)):
            raise _Rejected("a lone surrogate is not a character")
        if "\\u0000" in text and has_nul(value):
            raise _Rejected(NO_NUL)
    except (ValueError, RecursionError) as error:
        raise _error("JSON", error) from None
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
        return _NUL in value
    if isinstance(value, dict):
        return any(map(has_nul, value)) or any(map(has_nul, value.values()))
    return isinstance(value, list) and any(map(has_nul, value))


class _Rejected(ValueError):
    """Text that a library accepts and this module does not."""


def _error(language: str, error: Exception) -> BadDocument:
    """Return the error with its location. The message of a library comes last, since it differs between versions."""
    if isinstance(error, _Rejected):
        reason = str(error)
    elif isinstance(error, json.JSONDecodeError):
        reason = f"line {error.lineno}, column {error.colno}: {error.msg}"
    elif isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        mark = error.problem_mark
        reason = f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
    elif isinstance(error, ReaderError):
        reason = f"position {error.position + 1}: invalid character"
    else:
        reason = "nested too deep" if isinstance(error, RecursionError) else "a number has too many digits"
    return BadDocument([Problem("", f"not {language}: {' '.join(reason.split())}")])


def _refuse_constant(name: str) -> Any:
    raise _Rejected(f"{name} is not a JSON number")


def _read_float(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise _Rejected(f"{digits[:40]} is too large for a number")
    return number


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Rejected(f"duplicate key: {', '.join(sorted({name for name in names if names.count(name) > 1}))}")
    return value


def read_yaml(text: str) -> Any:
    """Return the value of a YAML text. Only numbers as in JSON, true, false and null are not text. Keys are text.

    Raise BadDocument for text that is not YAML, a duplicate key, an alias, a tag other than !!str, and for too deep nesting.
    JSON is YAML too, and its reader takes a fifth of the time.
    """
    if text.startswith("{"):
        with suppress(BadDocument):
            return read_json(text)
    try:
        return _YamlReader(text).document()
    except (yaml.YAMLError, ValueError) as error:
        raise _error("YAML", _Rejected(_TOO_DEEP) if _is_too_deep(text, error) else error) from None


def _is_too_deep(text: str, error: Exception) -> bool:
    """Whether the text is nested too deep up to the position of a library's error: the library may have a limit of its own."""
    mark = getattr(error, "problem_mark", None)
    return mark is not None and is_deeper(text[: mark.index], _YAML_DEPTH)


_TOO_DEEP = f"nested deeper than {_YAML_DEPTH}"
_PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""PyYAML's parser in C, if available. It is ten times faster."""
_TAGS = (None, "!", "tag:yaml.org,2002:str")
_WHOLE = r"-?(?:0|[1-9][0-9]*)"
_NUMBER = re.compile(rf"({_WHOLE})|{_WHOLE}(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(["", "~", "null", "Null", "NULL"]),
    **dict.fromkeys(["true", "True", "TRUE"], True),
    **dict.fromkeys(["false", "False", "FALSE"], False),
}


class _YamlReader:
    """Builds a value from the events of the parser, in one pass. PyYAML's own loaders build a tree of nodes first."""

    def __init__(self, text: str) -> None:
        self._events = iter(_PARSER(text).get_event, None)

    def document(self) -> Any:
        next(self._events)  # start of the stream
        if isinstance(next(self._events), StreamEndEvent):
            return None
        value = self._value(next(self._events), 1)
        next(self._events)  # end of the document
        if not isinstance(next(self._events), StreamEndEvent):
            raise _Rejected("expected a single document")
        return value

    def _value(self, event: Any, level: int) -> Any:
        kind = type(event)
        if kind is ScalarEvent and _NUL in event.value:
            raise _Rejected(NO_NUL)
        if kind is ScalarEvent and event.tag in _TAGS:
            return _read_scalar(event.value) if event.implicit[0] else event.value
        if kind is AliasEvent:
            raise _Rejected("aliases (*name) are not supported; repeat the value")
        if event.tag not in _TAGS:
            raise _Rejected(f"the tag {event.tag} is not supported")
        if level > _YAML_DEPTH:
            raise _Rejected(_TOO_DEEP)
        return self._list(level) if kind is SequenceStartEvent else self._mapping(level)

    def _list(self, level: int) -> list[Any]:
        entries: list[Any] = []
        for event in self._events:
            if type(event) is SequenceEndEvent:
                break
            entries.append(self._value(event, level + 1))
        return entries

    def _mapping(self, level: int) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        for event in self._events:
            if type(event) is MappingEndEvent:
                break
            if type(event) is not ScalarEvent or event.tag not in _TAGS:
                raise _Rejected(f"a key must be text, line {_line(event)}")
            if _NUL in event.value:
                raise _Rejected(NO_NUL)
            if event.value in entries:
                raise _Rejected(f"duplicate key: {event.value}, line {_line(event)}")
            entries[event.value] = self._value(next(self._events), level + 1)
        return entries


def _line(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1


def _read_scalar(text: str) -> Any:
    """Return the value of a scalar without quotes."""
    if text in _WORDS:
        return _WORDS[text]
    number = _NUMBER.fullmatch(text)
    if not number:
        return text
    return int(text) if number[1] else _read_float(text)


def readable(text: str) -> Any:
    """Return the value of a JSON body, any other body as text, and None for an empty one."""
    try:
        return read_json(text) if text else None
    except BadDocument:
        return text
