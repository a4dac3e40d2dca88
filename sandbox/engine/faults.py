"""Failures on demand: which are armed, and which one hits at a point of a call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sandbox.engine import records
from sandbox.engine.errors import BadDocument, Problem
from sandbox.engine.ids import Ids

Point = Literal["gateway", "cancel"]
Catalogue = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Fault:
    """One failure: where it happens, to which calls, how often, and what is said.

    `at`: `gateway` (the payment provider refuses the refund) or `cancel` (it refuses to cancel the subscription), with
    `error` as its message. `match` compares fields of the refund (order_id, transaction_id, external_id …) as text.
    `times` counts down from the first hit (None: always), the first `skip` calls that match pass, and of the rest only
    a share `probability` (0 to 1) is hit.
    """

    at: Point
    api: str | None = None
    operation: str | None = None
    match: dict[str, Any] = field(default_factory=dict)
    error: str = "The payment provider refused."
    times: int | None = field(default=1, metadata={"schema": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]}})
    skip: int = field(default=0, metadata={"schema": {"type": "integer", "minimum": 0}})
    probability: float = field(default=1, metadata={"schema": {"type": "number", "minimum": 0, "maximum": 1}})
    scenario: str | None = None
    id: str = field(default="", metadata={"internal": True})

    def fits(self, api: str, operation: str, at: Point, subject: Mapping[str, Any]) -> bool:
        """Whether this fault is about that point of that call."""
        return (
            self.at == at
            and self.api in (None, api)
            and self.operation in (None, operation)
            and all(str(subject.get(name)) == str(value) for name, value in self.match.items())
        )


class Faults:
    """The armed faults of one workspace, oldest first."""

    def __init__(self, catalogue: Catalogue, ids: Ids) -> None:
        self.catalogue = catalogue
        self._ids = ids
        self._armed: dict[str, Fault] = {}
        self._hits: dict[str, int] = {}

    def add(self, document: Mapping[str, Any]) -> list[Fault]:
        """Arms a fault, or every fault of a scenario; the document's other fields override the scenario's.

        Raises BadDocument for a scenario that is not in the catalogue.
        """
        added = []
        for entry in self._expand(document):
            fault = replace(entry, id=self._ids.hex(8))
            self._armed[fault.id] = fault
            self._hits[fault.id] = 0
            added.append(fault)
        return added

    def take(self, at: Point, api: str, operation: str, subject: Mapping[str, Any], scenario: str | None) -> Fault | None:
        """The fault that hits here, counted as used; an order's own `scenario` comes after the armed ones."""
        for fault in list(self._armed.values()):
            if fault.fits(api, operation, at, subject) and self._use(fault):
                return fault
        own = self._expand({"scenario": scenario}) if scenario in self.catalogue else []
        return next((fault for fault in own if fault.fits(api, operation, at, subject)), None)

    def list(self) -> "list[dict[str, Any]]":
        """The armed faults as documents, with what is left of each."""
        return [self.describe(fault) for fault in self._armed.values()]

    def describe(self, fault: Fault) -> dict[str, Any]:
        """A fault as a document, with its id and how often it hit."""
        return {"id": fault.id, **records.write(fault), "hits": self._hits.get(fault.id, 0)}

    def remove(self, fault_id: str) -> bool:
        """Disarms one fault; False when there is none of that id."""
        return self._armed.pop(fault_id, None) is not None

    def clear(self) -> None:
        """Disarms all."""
        self._armed.clear()
        self._hits.clear()

    def _expand(self, document: Mapping[str, Any]) -> Sequence[Fault]:
        name = document.get("scenario")
        if name is None:
            return [records.read(Fault, document)]
        if name not in self.catalogue:
            raise BadDocument([Problem("/scenario", f"no scenario {name}; there are {', '.join(sorted(self.catalogue))}")])
        return [records.read(Fault, {**entry, **document}) for entry in self.catalogue[name]["faults"]]

    def _use(self, fault: Fault) -> bool:
        if fault.skip:
            self._armed[fault.id] = replace(fault, skip=fault.skip - 1)
            return False
        if fault.probability < 1 and self._ids.random.random() >= fault.probability:
            return False
        self._hits[fault.id] += 1
        if fault.times == 1:
            del self._armed[fault.id]
        elif fault.times is not None:
            self._armed[fault.id] = replace(fault, times=fault.times - 1)
        return True
