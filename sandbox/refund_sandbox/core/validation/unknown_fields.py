"""Fields of a document that its schema does not name, although it allows them."""

from collections.abc import Iterator, Mapping
from typing import Any

from refund_sandbox.core.validation.keywords import Schema
from refund_sandbox.suggestions import did_you_mean

_MAX_NAME_CHARS = 60
"""Length of a field's name in a warning."""
_CONTAINERS = (dict, list)


def unknown_fields(schema: Schema, document: Any, pointer: str = "") -> Iterator[str]:
    """Yield a message for each unknown field. An object whose schema has `additionalProperties` has none."""
    if isinstance(document, list):
        for index, entry in enumerate(document if isinstance(schema.get("items"), Mapping) else ()):
            yield from unknown_fields(schema["items"], entry, f"{pointer}/{index}")
    elif isinstance(document, dict) and "properties" in schema:
        known = schema["properties"]
        for name, value in document.items():
            if name in known:
                if isinstance(value, list | dict):
                    yield from unknown_fields(known[name], value, f"{pointer}/{name}")
            elif "additionalProperties" not in schema:
                shown = name[:_MAX_NAME_CHARS]
                yield f"{pointer or '/'} has an unknown field {shown!r}.{did_you_mean(shown, known)}"


def has_known_fields(schema: Schema, document: Any) -> bool:
    """Whether the schema names all fields. False means that `unknown_fields` has to look."""
    if not isinstance(document, dict) or "properties" not in schema:
        return not isinstance(document, list)
    known = schema["properties"]
    for name, value in document.items():
        if name not in known or (type(value) in _CONTAINERS and not has_known_fields(known[name], value)):
            return False
    return True
