"""Puts the control API together: each operation of its spec finds the method that is called like it."""

from collections.abc import Iterator
from typing import Any

from refund_sandbox.control.endpoint import Endpoint, Gate
from refund_sandbox.control.fault_endpoints import Faults
from refund_sandbox.control.order_endpoints import Orders
from refund_sandbox.control.request_endpoints import Requests
from refund_sandbox.control.webhook_endpoints import Webhooks
from refund_sandbox.control.workspace_endpoints import Worlds
from refund_sandbox.core.errors import SpecError
from refund_sandbox.core.spec.router import Spec
from refund_sandbox.core.webhooks.delivery import DeliveryWorker


def endpoints(spec: Spec, gate: Gate, delivery_worker: DeliveryWorker) -> Iterator[Endpoint]:
    """Every operation, ready to answer. Raises SpecError for one that nothing answers."""
    rooms: tuple[Any, ...] = (Worlds(gate.workspaces, delivery_worker), Orders(), Requests(gate.executor), Faults(), Webhooks())
    for operation in spec.operations:
        handler = next((found for room in rooms if (found := getattr(room, operation.handler_name, None))), None)
        if handler is None:
            raise SpecError(f"specs/sandbox.yaml: {operation.operation_id} has no method {operation.handler_name}")
        yield Endpoint(gate, operation, handler)
