"""Routing of the control API: each operation of its spec gets the handler of the same name."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from starlette.responses import Response
from starlette.types import Scope

from refund_sandbox.control.api_endpoints import ApiEndpoints
from refund_sandbox.control.endpoint import ControlContext, Endpoint
from refund_sandbox.control.fault_endpoints import FaultEndpoints
from refund_sandbox.control.health import Health
from refund_sandbox.control.metrics import MetricsEndpoints
from refund_sandbox.control.order_endpoints import OrderEndpoints
from refund_sandbox.control.request_endpoints import RequestEndpoints
from refund_sandbox.control.webhook_endpoints import WebhookEndpoints
from refund_sandbox.control.workspace_endpoints import WorkspaceEndpoints
from refund_sandbox.core.api import Api
from refund_sandbox.core.errors import SpecError
from refund_sandbox.core.spec.router import Spec
from refund_sandbox.core.webhooks.delivery import DeliveryWorker


def endpoints(
    spec: Spec, context: ControlContext, apis: Mapping[str, Api], delivery_worker: DeliveryWorker
) -> Iterator[Endpoint | Health]:
    """Yield an endpoint for every operation. Raises SpecError for an operation without a handler."""
    store = context.workspaces.open().store.name
    handlers: tuple[Any, ...] = (
        WorkspaceEndpoints(context.workspaces, apis, context.executor, delivery_worker),
        ApiEndpoints(),
        OrderEndpoints(),
        RequestEndpoints(context.executor),
        FaultEndpoints(),
        WebhookEndpoints(),
        MetricsEndpoints(context.workspaces, context.executor, apis),
    )
    for operation in spec.operations:
        if operation.operation_id == "getHealth":
            yield Health(operation, store, context.progress)
            continue
        name = _handler_name(operation.operation_id)
        handler = next((method for group in handlers if (method := getattr(group, name, None))), None)
        if handler is None:
            raise SpecError(f"specs/sandbox.yaml: {operation.operation_id} has no handler {name}")
        yield Endpoint(context, operation, handler)


def _handler_name(operation_id: str) -> str:
    """Return the name of the method that answers: `reset_workspace` for `resetWorkspace`."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: f"_{match[1].lower()}", operation_id)


class ControlApi:
    """The control API: its spec, and the endpoint of every operation."""

    def __init__(self, spec: Spec, context: ControlContext, apis: Mapping[str, Api], delivery_worker: DeliveryWorker) -> None:
        self.spec = spec
        self.endpoints = {one.operation.operation_id: one for one in endpoints(spec, context, apis, delivery_worker)}

    def answer(self, scope: Scope, body: bytes) -> Response | None:
        """Reply in the thread of the caller, for tools in this process. Return None for a request that a server must answer."""
        match = self.spec.find(scope["path"]).get(scope["method"])
        endpoint = self.endpoints[match.operation.operation_id] if match else None
        if match is None or not isinstance(endpoint, Endpoint):
            return None
        params = {name: unquote(value) for name, value in match.params.items()}
        return endpoint.answer({**scope, "path_params": params}, body)
