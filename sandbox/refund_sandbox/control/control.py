"""Puts the control API together: each operation of its spec finds the method that is called like it."""

from collections.abc import Iterator
from typing import Any

from refund_sandbox.control.endpoint import Endpoint, Gate
from refund_sandbox.control.faults import Faults
from refund_sandbox.control.orders import Orders
from refund_sandbox.control.requests import Requests
from refund_sandbox.control.webhooks import Webhooks
from refund_sandbox.control.worlds import Worlds
from refund_sandbox.engine.errors import SpecError
from refund_sandbox.engine.sender import Sender
from refund_sandbox.engine.spec import Spec


def endpoints(spec: Spec, gate: Gate, sender: Sender) -> Iterator[Endpoint]:
    """Every operation, ready to answer. Raises SpecError for one that nothing answers."""
    rooms: tuple[Any, ...] = (Worlds(gate.workspaces, sender), Orders(), Requests(gate.runner), Faults(), Webhooks())
    for operation in spec.operations:
        handler = next((found for room in rooms if (found := getattr(room, operation.handler_name, None))), None)
        if handler is None:
            raise SpecError(f"specs/sandbox.yaml: {operation.operation_id} has no method {operation.handler_name}")
        yield Endpoint(gate, operation, handler)
