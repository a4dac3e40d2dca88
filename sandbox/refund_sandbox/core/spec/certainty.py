"""Certainty of each behaviour, from the marks of a spec: `x-certainty` and `x-verified`."""

from typing import Literal, cast

from msgspec import Struct

from refund_sandbox.core.spec.router import Spec

Word = Literal["measured", "documented", "observed", "assumed"]


class Certainty(Struct, frozen=True):
    """How certain it is that a behaviour is that of the live service."""

    word: Word


def certainty_of(spec: Spec, operation_id: str, status: int | None = None) -> Certainty:
    """Return the certainty of an operation's reply with a status. A behaviour outside of all operations is assumed."""
    operation = next((one for one in spec.operations if one.operation_id == operation_id), None)
    if operation is None or (status is not None and status not in operation.replies):
        return Certainty("assumed")
    word = operation.reply_certainties.get(status or 0) or operation.extensions.get("x-certainty", "assumed")
    return Certainty(cast(Word, word))
