"""Conversion between records and documents: the JSON Schema of a record, and a record from and to a JSON object."""

import types
from collections.abc import Hashable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

R = TypeVar("R")

JsonObject = dict[str, Any] | list[Any]
"""An object that PHP writes as `[]` when it is empty."""

_TYPES: dict[Any, dict[str, Any]] = {
    int: {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    str: {"type": "string"},
    bool: {"type": "boolean"},
    float: {"type": "number"},
    type(None): {"type": "null"},
    Any: {},
}


def schema_of(record: type[Any]) -> Mapping[str, Any]:
    """Return the JSON Schema of a record: a property for each public field, optional if the field has a default.

    A field's metadata may hold its `schema`. Fields marked `internal` are not part of the document.
    """
    hints = get_type_hints(record)
    public = [entry for entry in fields(record) if not is_internal(entry)]
    properties = {entry.name: _schema(hints[entry.name]) | entry.metadata.get("schema", {}) for entry in public}
    required = [entry.name for entry in public if not _has_default(entry)]
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def is_internal(entry: Field[Any]) -> bool:
    """Whether a field is internal and not part of the state document."""
    return bool(entry.metadata.get("internal"))


def _has_default(entry: Field[Any]) -> bool:
    return entry.default is not MISSING or entry.default_factory is not MISSING


def _schema(hint: Any) -> dict[str, Any]:
    origin = get_origin(hint)
    if origin is Literal:
        return {"enum": list(get_args(hint))}
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema(part) for part in get_args(hint)]}
    if origin in (list, tuple):
        return {"type": "array", "items": _schema(get_args(hint)[0])}
    if origin in (dict, Mapping):
        return {"type": "object"}
    if is_dataclass(hint) and isinstance(hint, type):
        return dict(schema_of(hint))
    return _TYPES[hint]


def _names(record: type[Any]) -> list[str]:
    return [entry.name for entry in fields(record) if not is_internal(entry)]


@cache
def _integer_fields(record: Hashable) -> frozenset[str]:
    """Return the names of integer fields. JSON may write an integer as 1.0, but keys and money must be `int`."""
    return frozenset(name for name, hint in get_type_hints(record).items() if hint is int or int in get_args(hint))


def read(record: type[R], document: Mapping[str, Any], **overrides: Any) -> R:
    """Return a record from a document that fits its schema. `overrides` takes precedence. Unknown keys are ignored."""
    values = {name: document[name] for name in _names(record) if name in document}
    for name in _integer_fields(record) & values.keys():  # type: ignore[arg-type]  # classes are hashable
        values[name] = int(values[name]) if isinstance(values[name], float) else values[name]
    return record(**{**values, **overrides})


def write(record: Any) -> dict[str, Any]:
    """Return the record's public fields as a document."""
    return {name: getattr(record, name) for name in _names(type(record))}
