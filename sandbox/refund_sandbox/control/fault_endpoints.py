"""Endpoints for faults: enable, list, release, remove."""

import re
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from refund_sandbox.control.endpoint import ControlError, ControlRequest, check, json_reply, no_content
from refund_sandbox.core import record_schema
from refund_sandbox.core.errors import BadDocument, Problem
from refund_sandbox.core.faults.fault import PHASES, Fault
from refund_sandbox.core.validation.validator import Validator

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_FRAMING = frozenset(("content-length", "transfer-encoding"))


class FaultEndpoints:
    """Handlers; each has the name of its operation in specs/sandbox.yaml."""

    def __init__(self) -> None:
        self._fault = Validator({**record_schema.schema_of(Fault), "required": []})  # `at` may come from a scenario

    def list_faults(self, request: ControlRequest) -> Response:
        return json_reply({"faults": [fault.describe() for fault in request.workspace.faults.enabled()]})

    def add_fault(self, request: ControlRequest) -> Response:
        """Enable a fault, or all faults of a scenario."""
        check(self._fault, request.document)
        _check_headers(request.document)
        if "at" not in request.document and request.document.get("scenario") is None:
            raise BadDocument([Problem("", f"A fault needs `at` ({', '.join(PHASES)}) or `scenario`")])
        return json_reply({"faults": [fault.describe() for fault in request.workspace.add_fault(request.document)]}, 201)

    def release_fault(self, request: ControlRequest) -> Response:
        """Release the requests that a fault holds, by its id or the name in `hold`."""
        released = request.workspace.faults.release(request.param("id"))
        if not released:
            raise ControlError(404, f"No held requests under the name {request.param('id')!r}.")
        return json_reply({"released": [fault.describe() for fault in released]})

    def clear_faults(self, request: ControlRequest) -> Response:
        request.workspace.faults.clear()
        return no_content()

    def remove_fault(self, request: ControlRequest) -> Response:
        if not request.workspace.faults.remove(request.param("id")):
            raise ControlError(404, f"Fault {request.param('id')} not found.")
        return no_content()

    def list_scenarios(self, request: ControlRequest) -> Response:
        scenarios = request.workspace.faults.scenarios
        return json_reply({"scenarios": [{"name": name, **scenario} for name, scenario in scenarios.items()]})


def _check_headers(document: Mapping[str, Any]) -> None:
    """Raise BadDocument for headers that are invalid, or that would contradict the length of the body."""
    for name in (document.get("reply") or {}).get("headers", {}):
        if name.lower() in _FRAMING or not _HEADER_NAME.fullmatch(name):
            reason = "is set by the server" if name.lower() in _FRAMING else "is not a valid header name"
            raise BadDocument([Problem(f"/reply/headers/{name}", reason)])
