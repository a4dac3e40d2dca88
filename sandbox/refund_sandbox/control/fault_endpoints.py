"""Control calls about failures: arming, listing, releasing and disarming them."""

import re
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from refund_sandbox.control.endpoint import ControlError, ControlRequest, check, json_reply, no_content
from refund_sandbox.core import record_schema
from refund_sandbox.core.errors import BadDocument, Problem
from refund_sandbox.core.faults.fault import PHASES, Fault
from refund_sandbox.core.validation.validator import Validator
from refund_sandbox.core.workspaces.workspace import Workspace

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_FRAMING = frozenset(("content-length", "transfer-encoding"))


class FaultEndpoints:
    """Each method answers the operation of specs/sandbox.yaml that is called like it."""

    def __init__(self) -> None:
        self._fault = Validator({**record_schema.schema_of(Fault), "required": []})  # `at` may come from a scenario

    def list_faults(self, request: ControlRequest) -> Response:
        """The armed faults."""
        return json_reply({"faults": [fault.describe() for fault in request.workspace.services.faults.enabled()]})

    def add_fault(self, request: ControlRequest) -> Response:
        """Arms."""
        check(self._fault, request.document)
        _check_headers(request.document)
        _check_aim(request.workspace, request.document)
        return json_reply(
            {"faults": [fault.describe() for fault in request.workspace.services.faults.add(request.document)]}, 201
        )

    def release_fault(self, request: ControlRequest) -> Response:
        """Lets go of the calls that a fault holds."""
        released = request.workspace.services.faults.release(request.param("id"))
        if not released:
            raise ControlError(404, f"No fault {request.param('id')} holds calls.")
        return json_reply({"released": [fault.describe() for fault in released]})

    def clear_faults(self, request: ControlRequest) -> Response:
        """Disarms all."""
        request.workspace.services.faults.clear()
        return no_content()

    def remove_fault(self, request: ControlRequest) -> Response:
        """Disarms one."""
        if not request.workspace.services.faults.remove(request.param("id")):
            raise ControlError(404, f"No fault {request.param('id')} is armed.")
        return no_content()

    def list_scenarios(self, request: ControlRequest) -> Response:
        """The catalogue."""
        scenarios = request.workspace.services.faults.scenarios
        return json_reply({"scenarios": [{"name": name, **scenario} for name, scenario in scenarios.items()]})


def _check_headers(document: Mapping[str, Any]) -> None:
    """Raises BadDocument for headers of a reply that can't be sent, or that would say another length than its body's."""
    for name in (document.get("reply") or {}).get("headers", {}):
        if name.lower() in _FRAMING or not _HEADER_NAME.fullmatch(name):
            reason = "is the sandbox's own to say" if name.lower() in _FRAMING else "is no name of a header"
            raise BadDocument([Problem(f"/reply/headers/{name}", reason)])


def _check_aim(workspace: Workspace, document: Mapping[str, Any]) -> None:
    """Raises BadDocument for a fault that could never hit."""
    apis, api, operation = workspace.apis, document.get("api"), document.get("operation")
    if "at" not in document and document.get("scenario") is None:
        raise BadDocument([Problem("", f"names neither `at` ({', '.join(PHASES)}) nor `scenario`")])
    if api is not None and api not in apis:
        raise BadDocument([Problem("/api", f"there is no API {api}; there are {', '.join(apis)}")])
    operations = [one.operation_id for name in apis if api in (None, name) for one in apis[name].spec.operations]
    scenario = workspace.services.faults.scenarios.get(document.get("scenario", ""), {"faults": [document]})
    about_calls = any(fault.get("at") != "webhook" for fault in scenario["faults"])  # a webhook's operation is its topic
    if operation is not None and about_calls and operation not in operations:
        raise BadDocument([Problem("/operation", f"there is no operation {operation}; there are {', '.join(operations)}")])
