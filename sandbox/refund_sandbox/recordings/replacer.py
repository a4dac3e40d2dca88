"""Replacement of texts, as the readers of encodings and notations use it."""

from typing import Protocol

from refund_sandbox.recordings.field_kinds import Kind
from refund_sandbox.recordings.stand_ins import StandIns


class Replacer(Protocol):
    """Replacement of personal data in the parts of a text."""

    @property
    def stand_ins(self) -> StandIns: ...

    def named(self, kind: Kind | None, value: str, /) -> str:
        """Return the text of a field of that kind."""

    def text(self, text: str, nested: int = 0, /) -> str:
        """Return a text without personal data."""
