"""Validator: JSON Schema to a list of violations."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice
from typing import Any

from refund_sandbox.core.validation.fast import Fits, compile_schema
from refund_sandbox.core.validation.keywords import Schema
from refund_sandbox.core.validation.unknown_fields import has_known_fields, unknown_fields
from refund_sandbox.core.validation.violation import Violations

_NONE = Violations()

_MAX_UNKNOWN_FIELDS = 10


class Validator:
    """A schema, compiled for the first document. jsonschema is imported only if a document may be invalid."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def properties(self, *path: str) -> frozenset[str]:
        """Return the names of an object's properties: those of the document, or of a property of it."""
        schemas: list[Schema] = [self._schema]
        for name in path:
            schemas = [part["properties"][name] for part in _alternatives(schemas) if name in part.get("properties", {})]
        return frozenset(name for part in _alternatives(schemas) for name in part.get("properties", {}))

    @cached_property
    def _fits(self) -> Fits:
        return compile_schema(self._schema)

    def violations(self, document: Any) -> Violations:
        """Return the first 100 violations in the order of the schema. A valid document has none."""
        if self._fits(document):
            return _NONE
        from refund_sandbox.core.validation import json_schema  # 45 ms

        return json_schema.violations(self._schema, document)

    def unknown_fields(self, document: Any) -> list[str]:
        """Return a message for each of the first fields that the schema does not name, in the order of the document."""
        if has_known_fields(self._schema, document):
            return []
        return list(islice(unknown_fields(self._schema, document), _MAX_UNKNOWN_FIELDS))


def _alternatives(schemas: Iterable[Schema]) -> Iterator[Schema]:
    """Yield the schemas and the parts that they combine."""
    for schema in schemas:
        yield schema
        yield from _alternatives(part for keyword in ("anyOf", "oneOf", "allOf") for part in schema.get(keyword, ()))
