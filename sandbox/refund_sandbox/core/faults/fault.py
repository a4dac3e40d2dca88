"""Faults: the record that describes one injected failure."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple, get_args

from msgspec import Meta, field

from refund_sandbox.core import record_schema
from refund_sandbox.core.errors import Problem
from refund_sandbox.core.record_schema import Internal
from refund_sandbox.stores.protocol import Record, RecordType

Phase = Literal["before", "gateway", "cancel", "after", "webhook"]
Connection = Literal["reset", "close", "truncate", "hang"]
DeliveryEffect = Literal["duplicate", "reorder", "wrong_signature", "drop"]
PHASES: tuple[Phase, ...] = get_args(Phase)
NO_REPLY: frozenset[str | None] = frozenset(("reset", "close", "hang"))
"""Connection faults after which the client has no status."""

_FAULT_CHARS = 200
"""Approximate size of a fault without its texts."""
_REPLY = Meta(
    extra_json_schema={
        "type": ["object", "null"],
        "required": ["status"],
        "additionalProperties": False,
        "properties": {
            "status": {"type": "integer", "minimum": 200, "maximum": 599},
            "headers": {"type": "object", "additionalProperties": {"type": "string"}},
            "body": {},
        },
    }
)
_MILLISECONDS = {"type": "number", "minimum": 0, "maximum": 600_000}
_DELAY = Meta(
    extra_json_schema={
        "anyOf": [
            _MILLISECONDS,
            {
                "type": "object",
                "required": ["min", "max"],
                "additionalProperties": False,
                "properties": {"min": _MILLISECONDS, "max": _MILLISECONDS},
            },
            {"type": "null"},
        ]
    }
)
_TIMES = Meta(extra_json_schema={"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]})


class FaultPoint(NamedTuple):
    """A point in the processing of a request where a fault can hit."""

    at: Phase
    api: str
    operation: str


class Fault(Record):
    """One injected failure: the phase, the requests that it applies to, the number of hits, and the effect.

    `at` is the phase:

    - `before`: nothing is booked.
    - `gateway`: the payment gateway refuses the refund, with `error` as its message.
    - `cancel`: the payment gateway refuses to cancel the subscription, with `error` as its message.
    - `after`: the refund is booked, and its reply is replaced or lost.
    - `webhook`: a delivery gets the effect `webhook`. `operation` is its topic, such as refund/settled.

    `match` compares fields of the request (order_id, transaction_id, external_id …) as text.
    `reply` replaces the reply. Without a body, the API's own error format is used. `connection` says what happens to the socket.
    The request waits `delay_ms`, and with `hold` until it is released.
    With `unlocked`, it continues with the records that it read before it waited.

    `times` counts down with each hit. None is unlimited. 0 is used up, but requests are still held.
    The first `skip` matching requests pass. Each of the others is hit with `probability` (0 to 1).
    A test fails if a fault never hits, unless it is `optional`.
    """

    at: Phase
    api: str | None = None
    operation: str | None = None
    match: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    reply: Annotated[dict[str, Any] | None, _REPLY] = None
    connection: Connection | None = None
    delay_ms: Annotated[Any, _DELAY] = None
    hold: str | None = None
    webhook: DeliveryEffect | None = None
    unlocked: bool = False
    times: Annotated[int | None, _TIMES] = 1
    skip: Annotated[int, Meta(extra_json_schema={"type": "integer", "minimum": 0})] = 0
    probability: Annotated[float, Meta(extra_json_schema={"minimum": 0, "maximum": 1})] = 1
    optional: bool = False
    scenario: str | None = None
    id: Internal[str] = ""
    hits: Internal[int] = 0

    def matches(self, point: FaultPoint, fields: Mapping[str, Any]) -> bool:
        """Whether this fault applies to a request with these fields at that point, and is not used up."""
        return (
            self.is_at(point)
            and self.times != 0
            and all(str(fields.get(name)) == str(value) for name, value in self.match.items())
        )

    def is_at(self, point: FaultPoint) -> bool:
        """Whether this fault applies to that phase, API and operation."""
        return self.at == point.at and self.api in (None, point.api) and self.operation in (None, point.operation)

    @property
    def has_wait(self) -> bool:
        """Whether a request that it hits has to wait."""
        return self.delay_ms is not None or self.hold is not None

    @property
    def is_refusal(self) -> bool:
        """Whether the payment gateway refuses. A fault that only delays or holds is not a refusal."""
        return self.error is not None or not self.has_wait

    @property
    def message(self) -> str:
        """Message of the payment gateway."""
        return self.error if self.error is not None else "The payment provider refused."

    def describe(self) -> dict[str, Any]:
        """Return the fault as a document with its id and its number of hits."""
        return {"id": self.id, **record_schema.write(self), "hits": self.hits}

    def size(self) -> int:
        """Return the approximate number of characters that it takes."""
        values = (self.error, self.hold, self.match, *(self.reply or {}).values())
        return _FAULT_CHARS + sum(len(value if isinstance(value, str) else json.dumps(value)) for value in values if value)

    def problems(self) -> list[Problem]:
        """Return the fields that contradict each other. A fault without an effect is a problem too."""
        outside = self.at in ("before", "after")
        problems = []
        if (self.at == "webhook") != (self.webhook is not None):
            problems.append(Problem("/webhook", "is the effect on a delivery and goes with at: webhook"))
        if outside and self.error is not None:
            problems.append(Problem("/error", f"is for at: gateway and at: cancel. At {self.at} use reply"))
        if not outside:
            present = [name for name in ("reply", "connection") if getattr(self, name) is not None]
            problems += [Problem(f"/{name}", f"is for at: before and at: after. At {self.at} use error") for name in present]
        if outside and self.reply is None and self.connection is None and not self.has_wait:
            problems.append(
                Problem("", f"The fault has no effect: with `at: {self.at}` it needs reply, connection, delay_ms or hold")
            )
        if self.unlocked and (outside or self.hold is None):
            problems.append(Problem("/unlocked", "is for requests that are held at gateway"))
        if isinstance(self.delay_ms, Mapping) and self.delay_ms["min"] > self.delay_ms["max"]:
            problems.append(Problem("/delay_ms", "min must not be greater than max"))
        return problems


FAULTS = RecordType("sandbox.fault", Fault, "id")


class RetryAfterFault(Exception):
    """Raised inside a transaction where a request must wait.

    The transaction is undone, the request waits without holding a lock, and then it runs again from the start.
    """

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.id)
        self.fault = fault
