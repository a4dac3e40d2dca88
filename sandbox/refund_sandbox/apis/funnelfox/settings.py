"""Settings of the FunnelFox API."""

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct
from msgspec.structs import force_setattr

from refund_sandbox import setting_values
from refund_sandbox.settings import Option
from refund_sandbox.workspace_settings import Duration

Envelope = Literal["data", "always", "never"]
ENVELOPES: tuple[Envelope, ...] = get_args(Envelope)
_FLAGS: Mapping[bool, Envelope] = {True: "always", False: "never"}
"""Values of `envelope` in documents that were written when it was a flag."""
_ENVELOPE_SCHEMA = {"anyOf": [{"enum": list(ENVELOPES)}, {"type": "boolean", "deprecated": True}]}


class FunnelFoxSettings(Struct, frozen=True):
    """Behaviour of the FunnelFox API."""

    envelope: Annotated[str | bool, Meta(extra_json_schema=_ENVELOPE_SCHEMA)] = "data"
    """Replies that are wrapped in `{"status", "data", "req_id"}`: those with data, all of status 200, or none.
    `true` and `false` mean `always` and `never`."""
    error_status: Annotated[Literal[200, 400, 422], Meta(description="HTTP status of refused refunds and of invalid fields.")] = (
        400
    )
    settle_after: Annotated[Duration, Meta(description="Time that an accepted refund stays pending: 0s, 90s, 2h, 3d.")] = "0s"
    webhook_subtype_case: Annotated[
        Literal["lower", "upper"],
        Meta(
            description="Case of subtype in webhooks: settled as in the documentation's samples, or SETTLED as some receivers do."
        ),
    ] = "lower"
    webhook_deferring: Annotated[
        Literal["defering", "deferring"],
        Meta(description="Spelling of the subtype of a deferred charge: that of the documentation, or that of known receivers."),
    ] = "defering"

    def __post_init__(self) -> None:
        if isinstance(self.envelope, bool):
            force_setattr(self, "envelope", _FLAGS[self.envelope])


def _read_envelope(text: str) -> str:
    return text if text in ENVELOPES else _FLAGS[setting_values.read_flag(text)]


OPTIONS: Mapping[str, Option] = {
    "envelope": Option(
        "FunnelFox replies to wrap in {status, data, req_id}: those with data, always or never.",
        "data, always or never",
        _read_envelope,
        alone=_FLAGS[True],
    ),
}
"""Settings that are options of `refund-sandbox serve` too."""
