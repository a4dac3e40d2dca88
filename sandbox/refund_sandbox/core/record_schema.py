"""Conversion between records and documents: the JSON Schema of a record, and a record from and to a JSON object.

`msgspec.json.schema` is not used: it sorts the values of an enum, includes internal fields, and knows no 64-bit limits.
`msgspec.convert` is not used: it does not read 1e18 as an integer.
"""

import types
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, Generic, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from msgspec import Meta, Struct
from msgspec.structs import FieldInfo, fields

R = TypeVar("R", bound=Struct)
T = TypeVar("T")

JsonObject = dict[str, Any] | list[Any]
"""An object that PHP writes as `[]` when it is empty."""
_INTERNAL = Meta(extra={"internal": True})
Internal = Annotated[T, _INTERNAL]
"""Type of a field that is not part of the document."""

_TYPES: dict[Any, dict[str, Any]] = {
    int: {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    str: {"type": "string"},
    bool: {"type": "boolean"},
    float: {"type": "number"},
    type(None): {"type": "null"},
    Any: {},
}


def schema_of(record: type[Struct]) -> Mapping[str, Any]:
    """Return the JSON Schema of a record: a property for each public field, optional if the field has a default.

    The type of a field may be annotated with a `Meta` that holds a part of its schema.
    """
    public = _public_fields(record)
    return {
        "type": "object",
        "properties": {entry.name: _schema(entry.type) for entry in public},
        "required": [entry.name for entry in public if entry.required],
        "additionalProperties": False,
    }


def list_schema(record: type[Struct], optional: Collection[str] = (), **more: Any) -> dict[str, Any]:
    """Return the JSON Schema of a list of records. Fields in `optional` may be missing; `more` are further properties."""
    schema = schema_of(record)
    required = [name for name in schema["required"] if name not in optional]
    return {"type": "array", "items": {**schema, "required": required, "properties": {**schema["properties"], **more}}}


@cache
def _public_fields(record: type[Struct]) -> list[FieldInfo]:
    return [entry for entry in fields(record) if _INTERNAL not in getattr(entry.type, "__metadata__", ())]


def _schema(hint: Any) -> dict[str, Any]:
    origin = get_origin(hint)
    if origin is Annotated:
        return _schema(hint.__origin__) | _described(hint.__metadata__)
    if origin is Literal:
        return {"enum": list(get_args(hint))}
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema(part) for part in get_args(hint)]}
    if origin in (list, tuple):
        return {"type": "array", "items": _schema(get_args(hint)[0])}
    if origin in (dict, Mapping):
        return {"type": "object"}
    if isinstance(hint, type) and issubclass(hint, Struct):
        return dict(schema_of(hint))
    return _TYPES[hint]


def _described(metadata: Iterable[Meta]) -> dict[str, Any]:
    """Return the part of a schema that annotations hold, with the description for people."""
    described: dict[str, Any] = {}
    for meta in metadata:
        described |= meta.extra_json_schema or {}
        if meta.description:
            described["description"] = meta.description
    return described


@cache
def _names(record: type[Struct]) -> tuple[str, ...]:
    return tuple(entry.name for entry in _public_fields(record))


@cache
def _name_set(record: type[Struct]) -> frozenset[str]:
    return frozenset(_names(record))


@cache
def _integer_fields(record: Hashable) -> frozenset[str]:
    """Return the names of integer fields. JSON may write an integer as 1.0, but keys and money must be `int`."""
    return frozenset(name for name, hint in get_type_hints(record).items() if hint is int or int in get_args(hint))


def read(record: type[R], document: Mapping[str, Any], **overrides: Any) -> R:
    """Return a record from a document that fits its schema. `overrides` takes precedence. Unknown keys are ignored."""
    if _name_set(record).issuperset(document):
        values = dict(document)
    else:
        values = {name: document[name] for name in _names(record) if name in document}
    if float in map(type, values.values()):
        for name in _integer_fields(record) & values.keys():
            values[name] = int(values[name]) if isinstance(values[name], float) else values[name]
    values.update(overrides)
    return record(**values)


def write(record: Struct) -> dict[str, Any]:
    """Return the record's public fields as a document."""
    names, read_values = values_of(type(record))
    return dict(zip(names, read_values(record), strict=False))


@cache
def values_of(record: type[Struct]) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """Return the names of the public fields, and a function that returns their values."""
    names = _names(record)
    return names, attrgetter(*names) if len(names) > 1 else lambda one: tuple([getattr(one, name) for name in names])


class WrittenList(Generic[R]):
    """List of documents that are written from records when they are read, so that not all of them are in memory."""

    def __init__(self, records: Sequence[R], write: Callable[[R], dict[str, Any]] = write) -> None:
        self._records = records
        self._write = write

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return map(self._write, self._records)
