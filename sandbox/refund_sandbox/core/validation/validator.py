"""Validator: JSON Schema to a list of violations."""

from functools import cached_property
from typing import Any

from refund_sandbox.core.validation.fast import Fits, compile_schema
from refund_sandbox.core.validation.keywords import Schema
from refund_sandbox.core.validation.violation import Violation


class Validator:
    """A schema, compiled for the first document. jsonschema is imported only if a document may be invalid."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    @cached_property
    def _fits(self) -> Fits:
        return compile_schema(self._schema)

    def violations(self, document: Any) -> list[Violation]:
        """Return the first 100 violations in the order of the schema. A valid document has none."""
        if self._fits(document):
            return []
        from refund_sandbox.core.validation import json_schema  # 45 ms

        return json_schema.violations(self._schema, document)
