"""Conversion between records and JSON objects, nested records included, for stores that hold text."""

import types
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from msgspec import Struct

R = TypeVar("R")


def encode(record: Any) -> dict[str, Any]:
    """Return the record as a JSON object."""
    return {name: _encode(getattr(record, name)) for name in record.__struct_fields__}


def _encode(value: Any) -> Any:
    if isinstance(value, Struct):
        return encode(value)
    if isinstance(value, list | tuple):
        return [_encode(entry) for entry in value]
    return value


def decode(record: type[R], document: Mapping[str, Any]) -> R:
    """Return the record of a JSON object; missing fields get their defaults."""
    kind: Any = record
    readers = _readers(kind)
    return record(**{name: readers[name](value) if name in readers else value for name, value in document.items()})


@cache
def _readers(record: Any) -> dict[str, Callable[[Any], Any]]:
    """Return readers for the fields that hold records or tuples; JSON reads the others."""
    hints = get_type_hints(record)
    readers = {name: _reader(hints[name]) for name in record.__struct_fields__}
    return {name: reader for name, reader in readers.items() if reader}


def _reader(hint: Any) -> Callable[[Any], Any] | None:
    if isinstance(hint, type) and issubclass(hint, Struct):
        return lambda value: decode(hint, value)
    parts = [_reader(part) for part in get_args(hint)]
    inner = next((part for part in parts if part), None)
    if inner is None:
        return tuple if get_origin(hint) is tuple else None
    if get_origin(hint) in (Union, types.UnionType):
        return lambda value: None if value is None else inner(value)
    return lambda value: [inner(entry) for entry in value]
