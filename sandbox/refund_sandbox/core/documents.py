"""Reads JSON and YAML text into plain values, refusing what would read differently elsewhere or never end."""

import json
import re
from itertools import accumulate
from typing import Any

import yaml
from yaml.events import AliasEvent, MappingEndEvent, ScalarEvent, SequenceEndEvent, SequenceStartEvent, StreamEndEvent
from yaml.reader import ReaderError

from refund_sandbox.core.errors import BadDocument, Problem

MAX_DEPTH = 600
"""Deeper than anything that the APIs keep, shallow enough for every reader and writer of JSON."""
_YAML_DEPTH = 100
"""The same for YAML."""

_NO_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"?|[^"\[\]{}]+', re.DOTALL)
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def depth(text: str) -> int:
    """The deepest nesting of a JSON text, of a broken one too, in time that grows no faster than the text."""
    return max(accumulate(map(_STEPS.__getitem__, _NO_BRACKETS.sub("", text)), initial=0))


def is_deeper(text: str, most: int) -> bool:
    """Whether a JSON text is nested deeper than that; few have so many brackets at all."""
    return text.count("[") + text.count("{") > most and depth(text) > most


def read_json(text: str) -> Any:
    """The value of a JSON text.

    Raises BadDocument: not JSON, a key twice, half a surrogate pair, a number that is NaN, infinite or of absurd length, or
    nested too deep.
    """
    try:
        if is_deeper(text, MAX_DEPTH):
            raise _Refused(f"nested deeper than {MAX_DEPTH}")
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_read_float, object_pairs_hook=_read_object)
        if "\\u" in text and _LONE_SURROGATE.search(json.dumps(value, ensure_ascii=False)):
            raise _Refused("half of a surrogate pair is no character")
    except (ValueError, RecursionError) as error:
        raise _bad("JSON", error) from None
    return value


class _Refused(ValueError):
    """A reason of this module, for a text that a library would read."""


def _bad(language: str, error: Exception) -> BadDocument:
    """Says where a text goes wrong; what a library says about it comes last, since each version says it in its own way."""
    if isinstance(error, _Refused):
        reason = str(error)
    elif isinstance(error, json.JSONDecodeError):
        reason = f"line {error.lineno}, column {error.colno}: {error.msg}"
    elif isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        mark = error.problem_mark
        reason = f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
    elif isinstance(error, ReaderError):
        reason = f"position {error.position + 1}: a character that can't stand in a text"
    else:
        reason = "nested too deep" if isinstance(error, RecursionError) else "a number has too many digits"
    return BadDocument([Problem("", f"not {language}: {' '.join(reason.split())}")])


def _refuse_constant(name: str) -> Any:
    raise _Refused(f"{name} is not a JSON number")


def _read_float(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise _Refused(f"{digits[:40]} is beyond what a number can hold")
    return number


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Refused(f"key twice: {', '.join(sorted({name for name in names if names.count(name) > 1}))}")
    return value


def read_yaml(text: str) -> Any:
    """The value of a YAML text: numbers as JSON writes them, true and false, null; the rest is text, and so is every key.

    Raises BadDocument: not YAML, a key twice, an alias, a tag but !!str, or nested too deep.
    """
    try:
        return _Events(text).document()
    except (yaml.YAMLError, ValueError) as error:
        raise _bad("YAML", _Refused(_TOO_DEEP) if _is_too_deep(text, error) else error) from None


def _is_too_deep(text: str, error: Exception) -> bool:
    """Whether a text is nested too deep where a library gave up: it may have a limit of its own, before any value is read."""
    mark = getattr(error, "problem_mark", None)
    return mark is not None and is_deeper(text[: mark.index], _YAML_DEPTH)


_TOO_DEEP = f"nested deeper than {_YAML_DEPTH}"
_PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The parser in C where PyYAML has it: ten times faster."""
_TAGS = (None, "!", "tag:yaml.org,2002:str")
_WHOLE = r"-?(?:0|[1-9][0-9]*)"
_NUMBER = re.compile(rf"({_WHOLE})|{_WHOLE}(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(["", "~", "null", "Null", "NULL"]),
    **dict.fromkeys(["true", "True", "TRUE"], True),
    **dict.fromkeys(["false", "False", "FALSE"], False),
}


class _Events:
    """What a parser says of a text, put together in one pass: PyYAML's own loaders pass over nodes of every scalar too."""

    def __init__(self, text: str) -> None:
        self._events = iter(_PARSER(text).get_event, None)

    def document(self) -> Any:
        """The one value of the text."""
        next(self._events)  # the stream begins
        if isinstance(next(self._events), StreamEndEvent):
            return None
        value = self._value(next(self._events), 1)
        next(self._events)  # the document ends
        if not isinstance(next(self._events), StreamEndEvent):
            raise _Refused("expected a single document")
        return value

    def _value(self, event: Any, level: int) -> Any:
        kind = type(event)
        if kind is ScalarEvent and event.tag in _TAGS:
            return _read_scalar(event.value) if event.implicit[0] else event.value
        if kind is AliasEvent:
            raise _Refused("aliases (*name) are not read; write the value out")
        if event.tag not in _TAGS:
            raise _Refused(f"the tag {event.tag} is not read")
        if level > _YAML_DEPTH:
            raise _Refused(_TOO_DEEP)
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
                raise _Refused(f"a key must be text, line {_line(event)}")
            if event.value in entries:
                raise _Refused(f"key twice: {event.value}, line {_line(event)}")
            entries[event.value] = self._value(next(self._events), level + 1)
        return entries


def _line(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1


def _read_scalar(text: str) -> Any:
    """A scalar without quotes."""
    if text in _WORDS:
        return _WORDS[text]
    number = _NUMBER.fullmatch(text)
    if not number:
        return text
    return int(text) if number[1] else _read_float(text)


def readable(text: str) -> Any:
    """What a body says: JSON as what it means, another as text, an empty one as None."""
    try:
        return read_json(text) if text else None
    except BadDocument:
        return text
