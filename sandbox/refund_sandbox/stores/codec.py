"""Conversion between records and JSON objects, nested records included, for stores that hold text."""

import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

R = TypeVar("R")


def encode(record: Any) -> dict[str, Any]:
    """Return the record as a JSON object."""
    return {entry.name: _encode(getattr(record, entry.name)) for entry in fields(record)}


def _encode(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
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
    readers = {entry.name: _reader(hints[entry.name]) for entry in fields(record)}
    return {name: reader for name, reader in readers.items() if reader}


def _reader(hint: Any) -> Callable[[Any], Any] | None:
    if is_dataclass(hint) and isinstance(hint, type):
        return lambda value: decode(hint, value)
    parts = [_reader(part) for part in get_args(hint)]
    inner = next((part for part in parts if part), None)
    if inner is None:
        return tuple if get_origin(hint) is tuple else None
    if get_origin(hint) in (Union, types.UnionType):
        return lambda value: None if value is None else inner(value)
    return lambda value: [inner(entry) for entry in value]
