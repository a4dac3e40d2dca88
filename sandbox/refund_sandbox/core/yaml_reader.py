"""Strict reader of YAML text. It rejects everything that other readers would read differently.

PyYAML takes 10 ms to import, and most processes read no YAML. So callers import this module when they need it.
"""

import re
from contextlib import suppress
from typing import Any

import yaml
from yaml.events import AliasEvent, MappingEndEvent, ScalarEvent, SequenceEndEvent, SequenceStartEvent, StreamEndEvent
from yaml.reader import ReaderError

from refund_sandbox.core.documents import NO_NUL, NUL, TOO_MANY_DIGITS, Rejected, is_deeper, read_float, read_json, unreadable
from refund_sandbox.core.errors import BadDocument

_DEPTH = 100
"""Maximum nesting depth."""
_TOO_DEEP = f"nested deeper than {_DEPTH}"
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
        raise unreadable("YAML", _TOO_DEEP if _is_too_deep(text, error) else _reason(text, error)) from None


def _is_too_deep(text: str, error: Exception) -> bool:
    """Whether the text is nested too deep up to the position of a library's error: the library may have a limit of its own."""
    mark = getattr(error, "problem_mark", None)
    return mark is not None and is_deeper(text[: mark.index], _DEPTH)


def _reason(text: str, error: Exception) -> str:
    """Return why a text is not YAML. The message of a library comes last, since it differs between versions."""
    if isinstance(error, Rejected):
        return str(error)
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        mark = error.problem_mark
        problem = "a tab; indent with spaces" if text[mark.index : mark.index + 1] == "\t" else error.problem
        return f"line {mark.line + 1}, column {mark.column + 1}: {problem}"
    if isinstance(error, ReaderError):
        return f"position {error.position + 1}: invalid character"
    return TOO_MANY_DIGITS


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
            raise Rejected("expected a single document")
        return value

    def _value(self, event: Any, level: int) -> Any:
        kind = type(event)
        if kind is ScalarEvent and NUL in event.value:
            raise Rejected(NO_NUL)
        if kind is ScalarEvent and event.tag in _TAGS:
            return _read_scalar(event.value) if event.implicit[0] else event.value
        if kind is AliasEvent:
            raise Rejected("aliases (*name) are not supported; repeat the value")
        if event.tag not in _TAGS:
            raise Rejected(f"the tag {event.tag} is not supported")
        if level > _DEPTH:
            raise Rejected(_TOO_DEEP)
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
                raise Rejected(f"a key must be text, line {_line(event)}")
            if NUL in event.value:
                raise Rejected(NO_NUL)
            if event.value in entries:
                raise Rejected(f"duplicate key: {event.value}, line {_line(event)}")
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
    return int(text) if number[1] else read_float(text)
