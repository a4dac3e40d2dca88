"""Targets of faults: which fault can hit at all, and what is wrong with one that can't."""

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from refund_sandbox.core.errors import Problem
from refund_sandbox.core.faults.fault import Fault, Phase
from refund_sandbox.suggestions import did_you_mean

WEBHOOK_FIELDS = frozenset(("topic", "url"))
"""Fields of a webhook that `match` is compared with."""
_MAX_LISTED = 12
_ORDER = "order_id"

FindOrderId = Callable[[str, str], str | None]
"""Function that returns the id of an order as requests have it, given an API and an id. None if there is no such order."""


class FaultTarget(Struct, frozen=True):
    """An operation of an API, or a webhook topic. `fields` are those that `match` can compare."""

    api: str
    operation: str
    phases: frozenset[Phase]
    fields: frozenset[str]

    def fits(self, fault: Fault) -> bool:
        """Whether the fault applies to it, whatever its `match` says."""
        return fault.at in self.phases and fault.api in (None, self.api) and fault.operation in (None, self.operation)


class FaultTargets:
    """All targets of a sandbox."""

    def __init__(self, targets: Iterable[FaultTarget]) -> None:
        self._targets = tuple(targets)

    def problems(self, fault: Fault, find_order_id: FindOrderId) -> list[Problem]:
        """Return why the fault can never hit. A fault that can hit has no problems."""
        fitting = [target for target in self._targets if target.fits(fault)]
        if not fitting:
            return [self._nowhere(fault)]
        unknown = [name for name in fault.match if not any(name in target.fields for target in fitting)]
        if unknown:
            return [Problem(f"/match/{name}", _unknown_field(name, fitting)) for name in unknown]
        matching = [target for target in fitting if target.fields >= fault.match.keys()]
        if not matching:
            return [Problem("/match", f"no request has all of the fields {', '.join(fault.match)}")]
        return _unknown_values(fault, matching, find_order_id)

    def with_known_order(self, fault: Fault, find_order_id: FindOrderId) -> Fault:
        """Return the fault with the order's id as requests have it, for example in lower case."""
        order_id = fault.match.get(_ORDER)
        if order_id is None:
            return fault
        apis = dict.fromkeys(target.api for target in self._targets if target.fits(fault))
        found = next(filter(None, (find_order_id(api, str(order_id)) for api in apis)), None)
        return fault if found in (None, str(order_id)) else replace(fault, match={**fault.match, _ORDER: found})

    def can_hit(self, fault: Fault, api: str, operation: str) -> bool:
        """Whether a fault of a scenario applies to a request to this operation. Faults of webhooks are not compared."""
        own = (target for target in self._targets if (target.api, target.operation) == (api, operation))
        return fault.at == "webhook" or any(target.fits(fault) for target in own)

    def _nowhere(self, fault: Fault) -> Problem:
        """Return the first field by which the fault fits no target."""
        of_api = [target for target in self._targets if fault.api in (None, target.api)]
        if not of_api:
            apis = list(dict.fromkeys(target.api for target in self._targets))
            return Problem("/api", f"Unknown API {fault.api!r}.{did_you_mean(fault.api, apis)} Known: {_listed(apis)}")
        in_phase = [target for target in of_api if fault.at in target.phases]
        name = "topic" if fault.at == "webhook" else "operation"
        if not in_phase:
            return Problem("/at", f"no {name} of {fault.api} has the phase {fault.at}")
        names = [target.operation for target in in_phase]
        if any(target.operation == fault.operation and "webhook" not in target.phases for target in of_api):
            return Problem("/operation", f"{fault.operation} has no phase {fault.at}. These have: {_listed(names)}")
        known = [target.operation for target in of_api if ("webhook" in target.phases) == (fault.at == "webhook")]
        specs = " and ".join(f"/specs/{api}.yaml" for api in dict.fromkeys(target.api for target in of_api))
        hint = did_you_mean(fault.operation, known) or f" See {specs}."
        return Problem("/operation", f"Unknown {name} {fault.operation!r}.{hint}")


def _unknown_field(name: str, targets: Sequence[FaultTarget]) -> str:
    known = sorted(frozenset().union(*(target.fields for target in targets)))
    return f"Unknown field {name!r}.{did_you_mean(name, known) or f' Known: {_listed(known)}.'}"


def _unknown_values(fault: Fault, targets: Sequence[FaultTarget], find_order_id: FindOrderId) -> list[Problem]:
    """Return the problems of an order or a topic that does not exist."""
    order_id, topic = fault.match.get(_ORDER), fault.match.get("topic")
    apis = list(dict.fromkeys(target.api for target in targets))
    if order_id is not None and not any(find_order_id(api, str(order_id)) for api in apis):
        return [Problem(f"/match/{_ORDER}", f"Order {order_id} not found in {' or '.join(apis)}")]
    topics = [target.operation for target in targets]
    if fault.at == "webhook" and topic is not None and topic not in topics:
        hint = did_you_mean(topic, topics) or f" Known: {_listed(topics)}."
        return [Problem("/match/topic", f"Unknown topic {topic!r}.{hint}")]
    return []


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MAX_LISTED} more" if len(names) > _MAX_LISTED else ""
    return f"{', '.join(names[:_MAX_LISTED])}{more}"
