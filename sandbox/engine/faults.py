"""Failures on demand: which are armed, and which one hits at a point of a call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from sandbox.engine import records
from sandbox.engine.errors import BadDocument, Problem
from sandbox.engine.ids import Ids
from sandbox.stores import Kind, Store, Transaction

Point = Literal["gateway", "cancel"]
Catalogue = Mapping[str, Mapping[str, Any]]


class Where(NamedTuple):
    """A point of a call at which a fault can hit."""

    at: Point
    api: str
    operation: str


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
    hits: int = field(default=0, metadata={"internal": True})

    def fits(self, where: Where, subject: Mapping[str, Any]) -> bool:
        """Whether this fault is about that point of that call."""
        return (
            self.at == where.at
            and self.api in (None, where.api)
            and self.operation in (None, where.operation)
            and all(str(subject.get(name)) == str(value) for name, value in self.match.items())
        )


FAULTS = Kind("sandbox.fault", Fault, "id")


class Faults:
    """The armed faults of one workspace, oldest first, kept in its store."""

    def __init__(self, catalogue: Catalogue, ids: Ids, store: Store) -> None:
        self.catalogue = catalogue
        self._ids = ids
        self._store = store

    def add(self, document: Mapping[str, Any]) -> list[Fault]:
        """Arms a fault, or every fault of a scenario; the document's other fields override the scenario's.

        Raises BadDocument for a scenario that is not in the catalogue.
        """
        added = [replace(entry, id=self._ids.hex(8)) for entry in self._expand(document)]
        with self._store.transaction() as transaction:
            for fault in added:
                transaction.put(FAULTS, fault)
        return added

    def take(self, transaction: Transaction, where: Where, subject: Mapping[str, Any], scenario: str | None) -> Fault | None:
        """The fault that hits here, counted as used; an order's own `scenario` comes after the armed ones.

        What is counted is kept or undone with the transaction.
        """
        for armed in transaction.all(FAULTS):
            if armed.fits(where, subject):
                fault = transaction.get(FAULTS, armed.id, for_update=True)
                if fault and self._use(transaction, fault):
                    return fault
        own = self._expand({"scenario": scenario}) if scenario in self.catalogue else []
        return next((fault for fault in own if fault.fits(where, subject)), None)

    def list(self) -> "list[dict[str, Any]]":
        """The armed faults as documents, with what is left of each."""
        with self._store.reading() as transaction:
            return [self.describe(fault) for fault in transaction.all(FAULTS)]

    def describe(self, fault: Fault) -> dict[str, Any]:
        """A fault as a document, with its id and how often it hit."""
        return {"id": fault.id, **records.write(fault), "hits": fault.hits}

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
        name = document.get("scenario")
        if name is None:
            return [records.read(Fault, document)]
        if name not in self.catalogue:
            raise BadDocument([Problem("/scenario", f"no scenario {name}; there are {', '.join(sorted(self.catalogue))}")])
        return [records.read(Fault, {**entry, **document}) for entry in self.catalogue[name]["faults"]]

    def _use(self, transaction: Transaction, fault: Fault) -> bool:
        if fault.skip:
            transaction.put(FAULTS, replace(fault, skip=fault.skip - 1))
            return False
        if fault.probability < 1 and self._ids.random.random() >= fault.probability:
            return False
        if fault.times == 1:
            transaction.delete(FAULTS, fault.id)
        else:
            transaction.put(FAULTS, replace(fault, times=fault.times and fault.times - 1, hits=fault.hits + 1))
        return True
