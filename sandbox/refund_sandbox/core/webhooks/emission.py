"""Emission of events: a unit of work's events go into the outbox, in its own transaction."""

from collections.abc import Sequence

from refund_sandbox.core.api import ApiDescriptor
from refund_sandbox.core.clock import write_sortable
from refund_sandbox.core.context import UnitOfWork
from refund_sandbox.core.faults.fault import Fault, FaultPoint
from refund_sandbox.core.faults.fault_store import FaultStore
from refund_sandbox.core.webhooks.outbox import enqueue


def emit_events(api: ApiDescriptor, work: UnitOfWork, faults: FaultStore, enabled: Sequence[Fault]) -> bool:
    """Add each event of a unit of work to the outbox of every webhook target that subscribes to it.

    Return whether there is a delivery.
    """
    has_deliveries = False

    def find_fault(topic: str, url: str) -> Fault | None:
        point = FaultPoint("webhook", api.name, topic)
        return faults.claim(work.transaction, enabled, point, {"topic": topic, "url": url}, work.scenarios)

    for event in api.webhooks.build_events(work):
        targets = api.webhooks.targets(work.transaction, event)
        has_deliveries = has_deliveries or bool(targets)
        enqueue(work.transaction, api.name, event, targets, write_sortable(work.now), find_fault)
    return has_deliveries
