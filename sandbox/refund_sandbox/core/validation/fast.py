"""Predicates that accept nearly all valid documents, and no other. jsonschema decides about the rest."""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import reduce
from operator import ge, gt, le, lt
from typing import Any

from refund_sandbox.core.validation.formats import FORMATS
from refund_sandbox.core.validation.keywords import ANNOTATIONS, Schema

Fits = Callable[[Any], bool]
"""Predicate. True means that the document is valid. False means that jsonschema has to decide."""


def compile_schema(schema: Schema) -> Fits:
    """Compile a schema. With a keyword that is unknown here, the predicate is always False."""
    return _compile_keywords(_keywords_of(schema), schema)


def _keywords_of(schema: Schema) -> list[str]:
    """Return the keywords that a value must fit. The type is checked first."""
    keywords = [name for name in schema if name not in ANNOTATIONS and not name.startswith("x-")]
    if "minimum" in keywords and "maximum" in keywords:
        keywords.remove("maximum")  # `_minimum` compares both
    return sorted(keywords, key=lambda name: name != "type")


def _compile_keywords(names: Sequence[str], schema: Schema) -> Fits:
    if not _KEYWORDS.keys() >= set(names):
        return lambda _: False
    return reduce(_both, [_compile_keyword(name, schema) for name in names] or [lambda _: True])


def _compile_keyword(name: str, schema: Schema) -> Fits:
    """Compile a keyword. A value of a type that the keyword does not concern fits."""
    kinds, compile_keyword = _KEYWORDS[name]
    fits = compile_keyword(schema[name], schema)
    if not kinds or ("type" in schema and _types(schema["type"]) <= set(kinds)):
        return fits
    return lambda value: not isinstance(value, kinds) or fits(value)


def _both(first: Fits, second: Fits) -> Fits:
    return lambda value: first(value) and second(value)


def _either(first: Fits, second: Fits) -> Fits:
    return lambda value: first(value) or second(value)


_TYPES: Mapping[str, tuple[type, ...]] = {
    "null": (type(None),),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "array": (list,),
    "object": (dict,),
}
_HASHABLE = frozenset((str, int, bool, type(None)))


def _types(names: str | list[str]) -> frozenset[type]:
    return frozenset(kind for name in ([names] if isinstance(names, str) else names) for kind in _TYPES[name])


def _type(names: str | list[str], _: Schema) -> Fits:
    types = _types(names)
    return lambda value: type(value) in types


def _enum(values: list[Any], _: Schema) -> Fits:
    """Compare type and value. jsonschema decides whether 1 equals 1.0."""
    known = frozenset((type(value), value) for value in values if type(value) in _HASHABLE)
    return lambda value: type(value) in _HASHABLE and (type(value), value) in known


def _required(names: list[str], _: Schema) -> Fits:
    required = frozenset(names)
    return lambda value: not required.difference(value)


def _properties(schemas: Mapping[str, Schema], _: Schema) -> Fits:
    parts = {name: _split(schema) for name, schema in schemas.items()}

    def fits(value: Any) -> bool:
        for name, entry in value.items():
            if name in parts:
                types, rest = parts[name]
                if (types is not None and type(entry) not in types) or (rest is not None and not rest(entry)):
                    return False
        return True

    return fits


def _split(schema: Schema) -> tuple[frozenset[type] | None, Fits | None]:
    """Return the types that a schema allows, and a predicate for its other keywords. Most properties need no call then."""
    keywords = _keywords_of(schema)
    if keywords == ["anyOf"]:
        parts = [_split(part) for part in schema["anyOf"]]
        if all(types is not None and rest is None for types, rest in parts):
            return frozenset(kind for types, _ in parts for kind in types or ()), None
    if keywords[:1] != ["type"]:
        return None, compile_schema(schema)
    return _types(schema["type"]), _compile_keywords(keywords[1:], schema) if len(keywords) > 1 else None


def _additional(allowed: Schema | bool, schema: Schema) -> Fits:
    known, fits = frozenset(schema.get("properties", {})), _part(allowed)
    if allowed is False:
        return known.issuperset
    return lambda value: all(fits(entry) for name, entry in value.items() if name not in known)


def _items(schema: Schema | bool, _: Schema) -> Fits:
    fits = _part(schema)
    return lambda value: all(map(fits, value))


def _part(schema: Schema | bool) -> Fits:
    return (lambda _: schema) if isinstance(schema, bool) else compile_schema(schema)


def _pattern(pattern: str, _: Schema) -> Fits:
    search = re.compile(pattern).search
    return lambda value: search(value) is not None


def _size(compare: Callable[[int, int], bool]) -> Callable[[int, Schema], Fits]:
    return lambda limit, _: lambda value: compare(len(value), limit)


def _bound(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Schema], Fits]:
    return lambda limit, _: lambda value: compare(value, limit)


def _minimum(low: Any, schema: Schema) -> Fits:
    """Compile both bounds of a number, if there are two."""
    high = schema.get("maximum")
    return (lambda value: value >= low) if high is None else lambda value: low <= value <= high


_NUMBERS = (int, float, Decimal)
_Keyword = tuple[tuple[type, ...], Callable[[Any, Schema], Fits]]
_KEYWORDS: Mapping[str, _Keyword] = {
    "type": ((), _type),
    "enum": ((), _enum),
    "anyOf": ((), lambda parts, _: reduce(_either, map(compile_schema, parts))),
    "allOf": ((), lambda parts, _: reduce(_both, map(compile_schema, parts))),
    "required": ((dict,), _required),
    "properties": ((dict,), _properties),
    "additionalProperties": ((dict,), _additional),
    "items": ((list,), _items),
    "pattern": ((str,), _pattern),
    "format": ((str,), lambda name, _: FORMATS[name]),
    "minLength": ((str,), _size(ge)),
    "maxLength": ((str,), _size(le)),
    "minItems": ((list,), _size(ge)),
    "maxItems": ((list,), _size(le)),
    "minProperties": ((dict,), _size(ge)),
    "maxProperties": ((dict,), _size(le)),
    "minimum": (_NUMBERS, _minimum),
    "maximum": (_NUMBERS, _bound(le)),
    "exclusiveMinimum": (_NUMBERS, _bound(gt)),
    "exclusiveMaximum": (_NUMBERS, _bound(lt)),
}
"""Each keyword with the types that it concerns, or none if it concerns all, and its compiler."""
