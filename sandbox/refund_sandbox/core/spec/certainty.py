"""Table of certainties, from the marks of a spec. References, `verify` and the console use these marks and no others.

| mark | at | says |
|---|---|---|
| `x-certainty` | operation, response | how certain a behaviour is |
| `x-verified` | operation | the recorded versions of the service that it was verified with |
| `x-recorded` | document | the date of each recorded version |
| `x-fields` | operation, document | certainty of a field of the request, or of a field of all replies |
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Any, Literal

from msgspec import Struct

from refund_sandbox.core.shipped_documents import read_shipped
from refund_sandbox.core.spec.router import Spec

Word = Literal["measured", "documented", "observed", "assumed"]
WORDS: tuple[Word, ...] = ("measured", "documented", "observed", "assumed")
"""The words, the most certain first."""
_INDEX = re.compile(r"\[\d+\]")


class Certainty(Struct, frozen=True):
    """Certainty that a behaviour is that of the live service, and the versions and dates with which that was verified."""

    word: Word
    verified: Mapping[str, str] = {}

    @property
    def versions(self) -> str:
        """Versions with their dates: "1.5.2 (2026-11-29)"."""
        return ", ".join(f"{version} ({date})" for version, date in self.verified.items())


class CertaintyRow(Struct, frozen=True):
    """One row of the table. `place` is empty for the operation, a status for a reply, or a field of the request."""

    operation: str
    place: str
    certainty: Certainty


_ASSUMED = Certainty("assumed")


@lru_cache(4)
def _document_of(text: str) -> Mapping[str, Any]:
    """Return a spec as a document. Reading it takes 0.2 s."""
    document: Mapping[str, Any] = read_shipped(text)
    return document


class CertaintyTable:
    """The certainties of one API."""

    def __init__(self, spec: Spec) -> None:
        self._document = _document_of(spec.text)
        self._operations = {operation.operation_id: operation for operation in spec.operations}

    @cached_property
    def rows(self) -> tuple[CertaintyRow, ...]:
        return tuple(row for name, operation in self._operations.items() for row in self._rows_of(name, operation.extensions))

    @cached_property
    def fields(self) -> Mapping[str, Word]:
        """Certainty of fields of all replies, such as `transactions[].url`."""
        fields: Mapping[str, Word] = self._document.get("x-fields", {})
        return fields

    def of(self, operation_id: str, status: int | None = None) -> Certainty:
        """Return the certainty of an operation, or of its reply with a status. One that the spec does not have is assumed."""
        operation = self._operations.get(operation_id)
        if operation is None or (status is not None and status not in operation.replies):
            return _ASSUMED
        places = {row.place: row.certainty for row in self.rows if row.operation == operation_id}
        return places.get(str(status)) or places[""]

    def of_field(self, path: str, reply: Certainty) -> Certainty:
        """Return the certainty of a field at a path such as `body.order.transactions[0].url`, else that of its reply."""
        general = _INDEX.sub("[]", path)
        word = next((word for name, word in self.fields.items() if general.endswith(f".{name}")), None)
        return Certainty(word) if word else reply

    def of_differences(self, operation_id: str, status: int, paths: Iterable[str]) -> Certainty:
        """Return the certainty of a reply with differences at these paths: the highest one of its fields that differ."""
        reply = self.of(operation_id, status)
        fields = [self.of_field(path, reply) for path in paths]
        return min(fields, key=lambda certainty: WORDS.index(certainty.word), default=reply)

    def _rows_of(self, name: str, extensions: Mapping[str, Any]) -> Iterator[CertaintyRow]:
        dates = self._document.get("x-recorded", {})
        verified = {version: dates[version] for version in extensions.get("x-verified", ())}
        yield CertaintyRow(name, "", Certainty(extensions.get("x-certainty", "assumed"), verified))
        for status, reply in self._responses(name).items():
            if "x-certainty" in reply:
                yield CertaintyRow(name, status, Certainty(reply["x-certainty"]))
        for field, word in extensions.get("x-fields", {}).items():
            yield CertaintyRow(name, field, Certainty(word))

    def _responses(self, name: str) -> Mapping[str, Mapping[str, Any]]:
        operation = self._operations[name]
        responses = self._document["paths"][operation.path][operation.method.lower()].get("responses", {})
        return {str(status): self._resolve(reply) for status, reply in responses.items()}

    def _resolve(self, reply: Mapping[str, Any]) -> Mapping[str, Any]:
        if "$ref" not in reply:
            return reply
        named: Mapping[str, Any] = self._document["components"]["responses"][reply["$ref"].rpartition("/")[2]]
        return named
