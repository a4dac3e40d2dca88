"""Store of the enabled faults of a workspace, and the choice of the fault that hits."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from refund_sandbox.core import record_schema
from refund_sandbox.core.errors import BadDocument, Problem
from refund_sandbox.core.faults.fault import FAULTS, Fault, FaultPoint
from refund_sandbox.core.faults.targets import FaultTargets, FindOrderId
from refund_sandbox.core.ids import Ids
from refund_sandbox.stores.protocol import Store, Transaction
from refund_sandbox.suggestions import did_you_mean

Scenarios = Mapping[str, Mapping[str, Any]]
"""Named faults: the content of `fixtures/scenarios.yaml`."""

MAX_FAULTS = 1000
"""Number of enabled faults of a workspace. Every request looks through them."""
_MAX_CHARS = 16_000_000
"""Size of all enabled faults of a workspace."""


class FaultStore:
    """The enabled faults of one workspace, oldest first."""

    def __init__(self, scenarios: Scenarios, targets: FaultTargets, ids: Ids, store: Store) -> None:
        self.scenarios = scenarios
        self._targets = targets
        self._ids = ids
        self._store = store

    def add(self, document: Mapping[str, Any], find_order_id: FindOrderId) -> list[Fault]:
        """Enable a fault, or the faults of a scenario that can hit. The document's other fields override the scenario's.

        Raise BadDocument for an unknown scenario, for a fault without an effect, and if none can ever hit.
        """
        added = self._fitting(document, find_order_id)
        with self._store.transaction() as transaction:
            enabled = [*transaction.all(FAULTS), *added]
            if len(enabled) > MAX_FAULTS:
                raise BadDocument([Problem("", f"at most {MAX_FAULTS} faults can be enabled at a time. Remove some first")])
            if sum(fault.size() for fault in enabled) > _MAX_CHARS:
                raise BadDocument(
                    [Problem("", "all enabled faults together can have at most 16 million characters. Remove some first")]
                )
            for fault in added:
                transaction.put(FAULTS, fault)
        return added

    def _fitting(self, document: Mapping[str, Any], find_order_id: FindOrderId) -> list[Fault]:
        """Return the faults of a document that can hit, with ids. Raise BadDocument if there are none, or for a contradiction."""
        added = [replace(fault, id=self._ids.hex(8)) for fault in self._expand(document)]
        if not added:
            apis = dict.fromkeys(fault["api"] for fault in self.scenarios[document["scenario"]]["faults"])
            raise BadDocument(
                [Problem("/api", f"{document['scenario']} is not for {document.get('api')}, but for {', '.join(apis)}")]
            )
        contradictions = [problem for fault in added for problem in fault.problems()]
        checked = [(fault, self._targets.problems(fault, find_order_id)) for fault in added]
        added = [self._targets.with_known_order(fault, find_order_id) for fault, problems in checked if not problems]
        if contradictions or not added:
            misses = (problem for _, problems in checked for problem in problems)
            raise BadDocument(list(dict.fromkeys((*misses, *contradictions))))
        return added

    def can_hit(self, scenario: str, api: str, operation: str) -> bool:
        """Whether a fault of a scenario applies to a request to this operation."""
        return any(self._targets.can_hit(fault, api, operation) for fault in self._expand({"scenario": scenario}))

    def claim(
        self,
        transaction: Transaction,
        enabled: Sequence[Fault],
        point: FaultPoint,
        fields: Mapping[str, Any],
        scenarios: Sequence[str] = (),
    ) -> Fault | None:
        """Return the fault that hits at this point and count the hit, in the given transaction.

        The enabled faults come first, then the `scenarios` that the request or its order names.
        """
        for candidate in enabled:
            if candidate.matches(point, fields):
                fault = transaction.get(FAULTS, candidate.id, for_update=True)
                if fault and self._use(transaction, fault):
                    return fault
        candidates = (fault for name in scenarios if name in self.scenarios for fault in self._expand({"scenario": name}))
        return next((fault for fault in candidates if fault.matches(point, fields) and self._is_drawn(fault)), None)

    def could_hit(self, enabled: Sequence[Fault], point: FaultPoint, scenarios: Sequence[str]) -> bool:
        """Whether an enabled fault or a named scenario applies to that point: a cheap test before `claim`."""
        if any(fault.is_at(point) for fault in enabled):
            return True
        documents = (self.scenarios[name] for name in scenarios if name in self.scenarios)
        return any(fault["at"] == point.at for scenario in documents for fault in scenario["faults"])

    def start_wait(self, fault: Fault) -> Fault | None:
        """Count a hit that was undone when its request began to wait. Return None if the fault is used up meanwhile."""
        with self._store.transaction() as transaction:
            if not fault.id:
                return self.save_held(transaction, fault)
            current = transaction.get(FAULTS, fault.id, for_update=True)
            if current is None or current.times == 0:
                return None
            self._count(transaction, current)
        return fault

    def save_held(self, transaction: Transaction, fault: Fault) -> Fault:
        """Return the fault with an id. A scenario's fault that holds its request is saved, so that it can be released."""
        if fault.id:
            return fault
        fault = replace(fault, id=self._ids.hex(8), times=0, hits=1)
        if fault.hold is not None:
            transaction.put(FAULTS, fault)
        return fault

    def count_passed(self, passed: Sequence[Fault]) -> None:
        """Count that faults have let a request pass whose transaction was undone."""
        if not passed:
            return
        with self._store.transaction() as transaction:
            for fault in passed:
                current = transaction.get(FAULTS, fault.id, for_update=True)
                if current and current.skip:
                    transaction.put(FAULTS, replace(current, skip=current.skip - 1))

    def release(self, name: str) -> list[Fault]:
        """Release every request that is held by a fault, and disable the fault. `name` is its id or its `hold`."""
        with self._store.transaction() as transaction:
            faults = [fault for fault in transaction.all(FAULTS) if name in (fault.id, fault.hold) and fault.hold is not None]
            for fault in faults:
                transaction.delete(FAULTS, fault.id)
        return faults

    def delay_seconds(self, fault: Fault) -> float:
        """Return the delay of a request in seconds, drawn from the fault's range if it has one."""
        delay = fault.delay_ms or 0
        if isinstance(delay, Mapping):
            delay = self._ids.random.uniform(delay["min"], delay["max"])
        return float(delay) / 1000

    def enabled(self) -> list[Fault]:
        with self._store.read_only() as transaction:
            return transaction.all(FAULTS)

    def remove(self, fault_id: str) -> bool:
        """Disable one fault. Return False if there is none with that id."""
        with self._store.transaction() as transaction:
            exists = transaction.get(FAULTS, fault_id, for_update=True) is not None
            transaction.delete(FAULTS, fault_id)
        return exists

    def clear(self) -> None:
        with self._store.transaction() as transaction:
            transaction.clear(FAULTS)

    def _expand(self, document: Mapping[str, Any]) -> Sequence[Fault]:
        """Return the fault of a document, or the faults of its scenario that apply to its API."""
        name = document.get("scenario")
        if name is None:
            return [record_schema.read(Fault, document)]
        if name not in self.scenarios:
            raise BadDocument([Problem("/scenario", unknown_scenario(name, self.scenarios))])
        api = document.get("api")
        faults = [fault for fault in self.scenarios[name]["faults"] if api is None or fault.get("api") in (None, api)]
        return [record_schema.read(Fault, {**fault, **document}) for fault in faults]

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
        """Count a hit. The last one disables the fault, unless it holds requests: then a release does."""
        if fault.times == 1 and fault.hold is None:
            transaction.delete(FAULTS, fault.id)
        else:
            transaction.put(FAULTS, replace(fault, times=fault.times and fault.times - 1, hits=fault.hits + 1))


def unknown_scenario(name: Any, scenarios: Scenarios) -> str:
    """Return the message for a scenario that does not exist."""
    return f"Unknown scenario {name!r}.{did_you_mean(name, scenarios)} Known ones: GET /_sandbox/scenarios."


def scenario_problem(name: Any, api: str, scenarios: Scenarios) -> str | None:
    """Return why an order of an API can't have a scenario: it does not exist, or it is another API's."""
    if name not in scenarios:
        return unknown_scenario(name, scenarios)
    apis = dict.fromkeys(fault.get("api") for fault in scenarios[name]["faults"])
    return None if api in apis or None in apis else f"Scenario {name!r} is not for {api}, but for {', '.join(apis)}."
