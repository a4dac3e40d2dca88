"""Keywords of JSON Schema that the sandbox enforces, and their valid values. The spec loader rejects all others."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from refund_sandbox.core.validation.formats import FORMATS

Schema = Mapping[str, Any]

_TYPES = frozenset(("null", "boolean", "integer", "number", "string", "array", "object"))


def _is_type(value: Any) -> bool:
    names = value if isinstance(value, list) else [value]
    return bool(names) and all(isinstance(name, str) and name in _TYPES for name in names)


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_pattern(value: Any) -> bool:
    try:
        return isinstance(value, str) and re.compile(value) is not None
    except re.error:
        return False


def _is_schema_or_flag(value: Any) -> bool:
    return isinstance(value, dict | bool)


def _are_schemas(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(part, dict) for part in value)


ENFORCED: Mapping[str, Callable[[Any], bool]] = {
    "type": _is_type,
    "enum": lambda value: isinstance(value, list) and bool(value),
    "const": lambda _: True,
    "properties": lambda value: isinstance(value, dict) and all(isinstance(part, dict) for part in value.values()),
    "required": lambda value: isinstance(value, list) and all(isinstance(name, str) for name in value),
    "additionalProperties": _is_schema_or_flag,
    "items": _is_schema_or_flag,
    **dict.fromkeys(("anyOf", "oneOf", "allOf"), _are_schemas),
    "pattern": _is_pattern,
    "format": lambda value: value in FORMATS,
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), _is_size),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _is_number),
    "uniqueItems": lambda value: isinstance(value, bool),
}
"""Enforced keywords, each with a predicate of its valid values."""
ANNOTATIONS = frozenset("title description default example examples deprecated".split())
"""Keywords for readers, which enforce nothing."""


def with_parts(schema: Schema, convert: Callable[[Any, str], Schema]) -> Schema:
    """Return a schema with each direct sub-schema replaced by `convert(part, location)`. A location is `properties/id`."""
    whole = dict(schema)
    for keyword in ("items", "additionalProperties"):
        if isinstance(schema.get(keyword), dict):
            whole[keyword] = convert(schema[keyword], keyword)
    if "properties" in schema:
        whole["properties"] = {name: convert(part, f"properties/{name}") for name, part in schema["properties"].items()}
    for keyword in ("anyOf", "oneOf", "allOf"):
        if keyword in schema:
            whole[keyword] = [convert(part, f"{keyword}/{index}") for index, part in enumerate(schema[keyword])]
    return whole
