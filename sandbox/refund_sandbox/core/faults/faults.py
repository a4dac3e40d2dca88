"""Failures on demand: which are armed, and which one hits at a point of a call."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, Literal, NamedTuple, get_args

from refund_sandbox.core import record_schema
from refund_sandbox.core.errors import BadDocument, Problem
from refund_sandbox.core.ids import Ids
from refund_sandbox.frozen import frozen, replace
from refund_sandbox.stores.protocol import RecordType, Store, Transaction

Phase = Literal["before", "gateway", "cancel", "after", "webhook"]
Connection = Literal["reset", "close", "truncate", "hang"]
Effect = Literal["duplicate", "reorder", "wrong_signature", "drop"]
Catalogue = Mapping[str, Mapping[str, Any]]
PHASES: tuple[Phase, ...] = get_args(Phase)

_REPLY = {
    "type": ["object", "null"],
    "required": ["status"],
    "additionalProperties": False,
    "properties": {
        "status": {"type": "integer", "minimum": 200, "maximum": 599},
        "headers": {"type": "object", "additionalProperties": {"type": "string"}},
        "body": {},
    },
}
_MILLISECONDS = {"type": "number", "minimum": 0, "maximum": 600_000}
_DELAY = {
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
_TIMES = {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]}


class FaultPoint(NamedTuple):
    """A point of a call at which a fault can hit."""

    at: Phase
    api: str
    operation: str


@frozen
class Fault:
    """One failure: where it happens, to which calls, how often, and what it does.

    `at`: `before` (nothing happens), `gateway` (the payment provider refuses the refund), `cancel` (it refuses to cancel the
    subscription), both with `error` as its message, `after` (what was asked is done, its reply is replaced or lost), or
    `webhook` (a delivery suffers what `webhook` says; `operation` is then its topic, such as refund/settled).
    `match` compares fields of the call (order_id, transaction_id, external_id …) as text. `reply` answers instead, in the
    API's own format where it has no body; `connection` is what happens to the socket. A call waits `delay_ms`, and with
    `hold` until it is released; an `unlocked` one goes on with what it had read before it waited. `times` counts down from
    the first hit (None: always; 0: used up, but calls still wait), the first `skip` calls that match pass, and of the rest
    only a share `probability` (0 to 1) is hit.
    """

    at: Phase
    api: str | None = None
    operation: str | None = None
    match: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    reply: dict[str, Any] | None = field(default=None, metadata={"schema": _REPLY})
    connection: Connection | None = None
    delay_ms: Any = field(default=None, metadata={"schema": _DELAY})
    hold: str | None = None
    webhook: Effect | None = None
    unlocked: bool = False
    times: int | None = field(default=1, metadata={"schema": _TIMES})
    skip: int = field(default=0, metadata={"schema": {"type": "integer", "minimum": 0}})
    probability: float = field(default=1, metadata={"schema": {"type": "number", "minimum": 0, "maximum": 1}})
    scenario: str | None = None
    id: str = field(default="", metadata={"internal": True})
    hits: int = field(default=0, metadata={"internal": True})

    def matches(self, point: FaultPoint, fields: Mapping[str, Any]) -> bool:
        """Whether this fault is about that point of that call, and not used up."""
        return (
            self.is_at(point)
            and self.times != 0
            and all(str(fields.get(name)) == str(value) for name, value in self.match.items())
        )

    def is_at(self, point: FaultPoint) -> bool:
        """Whether this fault is about that point of such a call."""
        return self.at == point.at and self.api in (None, point.api) and self.operation in (None, point.operation)

    @property
    def waits(self) -> bool:
        """Whether a call that it hits has to wait."""
        return self.delay_ms is not None or self.hold is not None

    @property
    def is_refusal(self) -> bool:
        """Whether the payment provider says no: always, but for a fault that only makes it slow."""
        return self.error is not None or not self.waits

    @property
    def message(self) -> str:
        """What the payment provider says."""
        return self.error if self.error is not None else "The payment provider refused."

    def describe(self) -> dict[str, Any]:
        """The fault as a document, with its id and how often it hit."""
        return {"id": self.id, **record_schema.write(self), "hits": self.hits}


FAULTS = RecordType("sandbox.fault", Fault, "id")


class RetryAfterFault(Exception):
    """A call must wait at a point inside its transaction: it is undone, waits without holding anything, and runs again."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.id)
        self.fault = fault
        self.seen: Any = None
        """What the call goes on with, when the fault is `unlocked`."""


class Faults:
    """The armed faults of one workspace, oldest first, kept in its store."""

    def __init__(self, catalogue: Catalogue, ids: Ids, store: Store) -> None:
        self.catalogue = catalogue
        self._ids = ids
        self._store = store

    def add(self, document: Mapping[str, Any]) -> list[Fault]:
        """Arms a fault, or every fault of a scenario; the document's other fields override the scenario's.

        Raises BadDocument for a scenario that is not in the catalogue, and for a fault that would do nothing.
        """
        added = [replace(entry, id=self._ids.hex(8)) for entry in self._expand(document)]
        problems = [problem for fault in added for problem in _contradictions(fault)]
        if problems or not added:
            raise BadDocument(problems or [Problem("/api", f"the scenario has nothing for {document.get('api')}")])
        with self._store.transaction() as transaction:
            for fault in added:
                transaction.put(FAULTS, fault)
        return added

    def claim(
        self, transaction: Transaction, point: FaultPoint, fields: Mapping[str, Any], scenarios: Sequence[str] = ()
    ) -> Fault | None:
        """The fault that hits here, counted as used; those that the call or its order names come after the armed ones.

        What is counted is kept or undone with the transaction.
        """
        for enabled in transaction.all(FAULTS):
            if enabled.matches(point, fields):
                fault = transaction.get(FAULTS, enabled.id, for_update=True)
                if fault and self._use(transaction, fault):
                    return fault
        own = (fault for name in scenarios if name in self.catalogue for fault in self._expand({"scenario": name}))
        return next((fault for fault in own if fault.matches(point, fields) and self._is_drawn(fault)), None)

    def could_hit(self, enabled: Sequence[Fault], point: FaultPoint, scenarios: Sequence[str]) -> bool:
        """Whether it is worth looking closer: some fault, armed or named, is about that point."""
        if any(fault.is_at(point) for fault in enabled):
            return True
        known = (self.catalogue[name] for name in scenarios if name in self.catalogue)
        return any(entry["at"] == point.at for scenario in known for entry in scenario["faults"])

    def start_wait(self, fault: Fault) -> Fault | None:
        """Counts a fault whose use was undone when its call began to wait; None when others have used it up."""
        if not fault.id:
            return self.save_held(fault)
        with self._store.transaction() as transaction:
            current = transaction.get(FAULTS, fault.id, for_update=True)
            if current is None or current.times == 0:
                return None
            self._count(transaction, current)
        return fault

    def save_held(self, fault: Fault) -> Fault:
        """The fault with an id. One that a call named and that holds it is kept, used up, so that it can be released."""
        if fault.id:
            return fault
        fault = replace(fault, id=self._ids.hex(8), times=0, hits=1)
        if fault.hold is not None:
            with self._store.transaction() as transaction:
                transaction.put(FAULTS, fault)
        return fault

    def is_holding(self, fault_id: str) -> bool:
        """Whether calls that wait for this fault go on waiting."""
        with self._store.read_only() as transaction:
            return transaction.get(FAULTS, fault_id) is not None

    def release(self, name: str) -> list[Fault]:
        """Lets go of every call that a fault holds, by the fault's id or what its `hold` is called, and disarms it."""
        with self._store.transaction() as transaction:
            found = [fault for fault in transaction.all(FAULTS) if name in (fault.id, fault.hold) and fault.hold is not None]
            for fault in found:
                transaction.delete(FAULTS, fault.id)
        return found

    def delay_seconds(self, fault: Fault) -> float:
        """How long a call is delayed, in seconds."""
        delay = fault.delay_ms or 0
        if isinstance(delay, Mapping):
            delay = self._ids.random.uniform(delay["min"], delay["max"])
        return float(delay) / 1000

    def enabled(self) -> list[Fault]:
        """The armed faults."""
        with self._store.read_only() as transaction:
            return transaction.all(FAULTS)

    def remove(self, fault_id: str) -> bool:
        """Disarms one fault; False when there is none of that id."""
        with self._store.transaction() as transaction:
            known = transaction.get(FAULTS, fault_id, for_update=True) is not None
            transaction.delete(FAULTS, fault_id)
        return known

    def clear(self) -> None:
        """Disarms all."""
        with self._store.transaction() as transaction:
            transaction.clear(FAULTS)

    def _expand(self, document: Mapping[str, Any]) -> Sequence[Fault]:
        """The faults of a document: itself, or those of its scenario that are about its API."""
        name = document.get("scenario")
        if name is None:
            return [record_schema.read(Fault, document)]
        if name not in self.catalogue:
            raise BadDocument([Problem("/scenario", f"no scenario {name}; there are {', '.join(sorted(self.catalogue))}")])
        api = document.get("api")
        entries = [entry for entry in self.catalogue[name]["faults"] if api is None or entry.get("api") in (None, api)]
        return [record_schema.read(Fault, {**entry, **document}) for entry in entries]

    def _use(self, transaction: Transaction, fault: Fault) -> bool:
        if fault.times == 0:
            return False
        if fault.skip:
            transaction.put(FAULTS, replace(fault, skip=fault.skip - 1))
            return False
        if not self._is_drawn(fault):
            return False
        self._count(transaction, fault)
        return True

    def _is_drawn(self, fault: Fault) -> bool:
        return fault.probability >= 1 or self._ids.random.random() < fault.probability

    def _count(self, transaction: Transaction, fault: Fault) -> None:
        """A fault that holds calls stays until it is released, used up or not."""
        if fault.times == 1 and fault.hold is None:
            transaction.delete(FAULTS, fault.id)
        else:
            transaction.put(FAULTS, replace(fault, times=fault.times and fault.times - 1, hits=fault.hits + 1))


def _contradictions(fault: Fault) -> list[Problem]:
    """What makes no sense together, and a fault that would do nothing."""
    outside = fault.at in ("before", "after")
    found = []
    if (fault.at == "webhook") != (fault.webhook is not None):
        found.append(Problem("/webhook", "says what becomes of a delivery, and goes with at: webhook"))
    if outside and fault.error is not None:
        found.append(Problem("/error", f"is what the payment provider says, at gateway or cancel; at {fault.at} use reply"))
    if not outside:
        given = [name for name in ("reply", "connection") if getattr(fault, name) is not None]
        found += [Problem(f"/{name}", f"is for faults before and after; at {fault.at} use error") for name in given]
    if outside and fault.reply is None and fault.connection is None and not fault.waits:
        found.append(Problem("", f"does nothing: a fault {fault.at} needs reply, connection, delay_ms or hold"))
    if fault.unlocked and (outside or fault.hold is None):
        found.append(Problem("/unlocked", "is for calls that a fault holds at gateway"))
    if isinstance(fault.delay_ms, Mapping) and fault.delay_ms["min"] > fault.delay_ms["max"]:
        found.append(Problem("/delay_ms", "min must not be greater than max"))
    return found
