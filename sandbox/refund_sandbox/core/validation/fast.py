"""Fast validation: compiled predicates that accept most valid documents. jsonschema decides about all others."""

import re
from collections.abc import Callable, Iterable, Mapping
from numbers import Number
from typing import Any

Fits = Callable[[Any], bool]
"""Predicate. True means that the document is valid. False means that jsonschema has to decide."""
Formats = Mapping[str, Fits]


def compile_schema(schema: Mapping[str, Any], formats: Formats) -> Fits:
    """Compile a schema. With a keyword that is unknown here, the predicate is always False.

    `formats` are predicates by format name.
    """
    keywords = {name: value for name, value in schema.items() if name not in _ANNOTATIONS and not name.startswith("x-")}
    try:
        parts = [_object(keywords, formats)] if keywords.get("type") == "object" else []
        return _all([*parts, *(_KEYWORDS[name](value, schema, formats) for name, value in keywords.items())])
    except KeyError:
        return lambda _: False


_ANNOTATIONS = frozenset("title description default example examples deprecated".split())


def _all(parts: list[Fits]) -> Fits:
    if len(parts) == 1:
        return parts[0]

    def fits(value: Any) -> bool:
        for part in parts:  # noqa: SIM110 - a generator takes twice as long
            if not part(value):
                return False
        return True

    return fits


def _some(parts: list[Fits]) -> Fits:
    def fits(value: Any) -> bool:
        for part in parts:  # noqa: SIM110 - as above
            if part(value):
                return True
        return False

    return fits


_PLAIN = (str, int, bool, type(None))


def _is_integer(value: Any) -> bool:
    return type(value) is int


_TYPES: Mapping[str, Fits] = {
    "null": lambda value: value is None,
    "boolean": lambda value: value is True or value is False,
    "integer": _is_integer,
    "number": lambda value: type(value) in (int, float),
    "string": lambda value: type(value) is str,
    "array": lambda value: type(value) is list,
    "object": lambda value: type(value) is dict,
}


def has_type(value: Any, names: Iterable[str]) -> bool:
    """Whether a value has one of these types. False means that jsonschema has to decide."""
    return any(_TYPES[name](value) for name in names)


def _type(names: Any, _schema: Any, _formats: Formats) -> Fits:
    if isinstance(names, str):
        return _TYPES[names]
    return _some([_TYPES[name] for name in names])


def _enum(values: Any, _schema: Any, _formats: Formats) -> Fits:
    """Compare type and value. jsonschema decides whether 1 equals 1.0."""
    known = frozenset((type(value), value) for value in values if type(value) in _PLAIN)
    return lambda value: type(value) in _PLAIN and (type(value), value) in known


def _object(keywords: dict[str, Any], formats: Formats) -> Fits:
    """Compile `type`, `properties` and `required` of an object into one predicate, and remove them from `keywords`."""
    required = frozenset(keywords.pop("required", ()))
    parts = {name: compile_schema(part, formats) for name, part in keywords.pop("properties", {}).items()}
    del keywords["type"]

    def fits(value: Any) -> bool:
        if type(value) is not dict or not required <= value.keys():
            return False
        for name, entry in value.items():
            part = parts.get(name)
            if part is not None and not part(entry):
                return False
        return True

    return fits


def _of_objects(name: str) -> Callable[[Any, Any, Formats], Fits]:
    """Return the compiler of a keyword that concerns only objects, in a schema that also allows other types."""

    def keyword(expected: Any, _schema: Any, formats: Formats) -> Fits:
        fits = _object({"type": "object", name: expected}, formats)
        return lambda value: not isinstance(value, dict) or fits(value)

    return keyword


def _additional(allowed: Any, schema: Any, formats: Formats) -> Fits:
    known = frozenset(schema.get("properties", {}))
    if allowed is True:
        return lambda _: True
    part = compile_schema(allowed, formats) if allowed else lambda _: False
    return lambda value: not isinstance(value, dict) or all(part(entry) for name, entry in value.items() if name not in known)


def _items(part: Any, _schema: Any, formats: Formats) -> Fits:
    fits = compile_schema(part, formats) if isinstance(part, Mapping) else lambda _: bool(part)
    return lambda value: not isinstance(value, list) or all(fits(entry) for entry in value)


def _any_of(parts: Any, _schema: Any, formats: Formats) -> Fits:
    return _some([compile_schema(part, formats) for part in parts])


def _all_of(parts: Any, _schema: Any, formats: Formats) -> Fits:
    return _all([compile_schema(part, formats) for part in parts])


def _pattern(pattern: Any, _schema: Any, _formats: Formats) -> Fits:
    search = re.compile(pattern).search
    return lambda value: not isinstance(value, str) or search(value) is not None


def _format(name: Any, _schema: Any, formats: Formats) -> Fits:
    has_format = formats[name]
    return lambda value: not isinstance(value, str) or has_format(value)


def _size(kind: type[Any], compare: Callable[[int, Any], bool]) -> Callable[[Any, Any, Formats], Fits]:
    def keyword(limit: Any, _schema: Any, _formats: Formats) -> Fits:
        return lambda value: not isinstance(value, kind) or compare(len(value), limit)

    return keyword


def _bound(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any, Formats], Fits]:
    def keyword(limit: Any, _schema: Any, _formats: Formats) -> Fits:
        return lambda value: compare(value, limit) if type(value) in (int, float) else not isinstance(value, Number)

    return keyword


_KEYWORDS: Mapping[str, Callable[[Any, Any, Formats], Fits]] = {
    "type": _type,
    "enum": _enum,
    "properties": _of_objects("properties"),
    "required": _of_objects("required"),
    "additionalProperties": _additional,
    "items": _items,
    "anyOf": _any_of,
    "allOf": _all_of,
    "pattern": _pattern,
    "format": _format,
    "minLength": _size(str, lambda size, limit: size >= limit),
    "maxLength": _size(str, lambda size, limit: size <= limit),
    "minItems": _size(list, lambda size, limit: size >= limit),
    "maxItems": _size(list, lambda size, limit: size <= limit),
    "minProperties": _size(dict, lambda size, limit: size >= limit),
    "maxProperties": _size(dict, lambda size, limit: size <= limit),
    "minimum": _bound(lambda value, limit: value >= limit),
    "maximum": _bound(lambda value, limit: value <= limit),
    "exclusiveMinimum": _bound(lambda value, limit: value > limit),
    "exclusiveMaximum": _bound(lambda value, limit: value < limit),
}
