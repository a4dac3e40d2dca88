"""Endpoints for a workspace: state, settings, clock, snapshots; and the list of workspaces."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.responses import Response

from refund_sandbox.control.endpoint import ControlError, ControlRequest, check, json_reply, no_content
from refund_sandbox.control.streaming import json_stream
from refund_sandbox.core.api import Api
from refund_sandbox.core.clock import later, read_duration, read_moment, write_instant
from refund_sandbox.core.errors import BadDocument, Problem
from refund_sandbox.core.executor import Executor
from refund_sandbox.core.validation.validator import Validator
from refund_sandbox.core.webhooks.delivery import DeliveryWorker
from refund_sandbox.core.workspaces.fixtures import read_fixture
from refund_sandbox.core.workspaces.registry import DEFAULT, Workspaces
from refund_sandbox.core.workspaces.state_document import count_orders, settings_schema
from refund_sandbox.core.workspaces.workspace_state import WorkspaceState
from refund_sandbox.gc_tuning import collection_paused
from refund_sandbox.stores.protocol import CommitUnknown, StoreError
from refund_sandbox.suggestions import did_you_mean

_MAX_SNAPSHOTS = 100
"""Number of snapshots of a workspace. Each is a copy of its state."""
_MAX_ADVANCE = timedelta(days=36525)


class WorkspaceEndpoints:
    """Handlers; each has the name of its operation in specs/sandbox.yaml."""

    def __init__(
        self, workspaces: Workspaces, apis: Mapping[str, Api], executor: Executor, delivery_worker: DeliveryWorker
    ) -> None:
        self._workspaces = workspaces
        self._executor = executor
        self._delivery_worker = delivery_worker
        self._settings = Validator(settings_schema(api.descriptor for api in apis.values()))

    def reset(self, request: ControlRequest) -> Response:
        """Reset the state to the fixture, or to another shipped one."""
        document = request.document
        fixture = read_fixture(document["fixture"]) if "fixture" in document else None
        return json_reply({"status": "ok", "seed": request.workspace.reset(document.get("seed"), fixture, document.get("ids"))})

    def get_state(self, request: ControlRequest) -> Response:
        """Return the state document. Headers say how many entries and orders are in it, for those who show progress."""
        written = request.workspace.write()
        headers = {"X-Sandbox-Entries": str(written.entries), "X-Sandbox-Orders": json.dumps(written.orders)}
        return json_stream(self._executor, written.pieces, headers)

    def put_state(self, request: ControlRequest) -> Response:
        with collection_paused():
            request.workspace.load(request.document)
        return json_reply({"status": "ok", "orders": count_orders(request.document, request.workspace.apis)})

    def get_settings(self, request: ControlRequest) -> Response:
        return json_reply(request.workspace.settings().to_document())

    def put_settings(self, request: ControlRequest) -> Response:
        """Change the settings that the document names. The others stay as they are."""
        check(self._settings, request.document)
        return json_reply(request.workspace.change_settings(request.document).to_document())

    def get_clock(self, request: ControlRequest) -> Response:
        return json_reply(_clock_document(request.workspace.state()))

    def put_clock(self, request: ControlRequest) -> Response:
        """Freeze, set or resume the clock. Omitted fields stay unchanged; `now: null` is the real time."""
        document, now = request.document, None
        if "now" in document:
            now = datetime.now(UTC) if document["now"] is None else _read_now(document["now"])
            _check_advance(request.workspace.state(), now, "/now")
        return json_reply(_clock_document(request.workspace.set_clock(now, frozen=document.get("frozen"))))

    async def advance_clock(self, request: ControlRequest) -> Response:
        """Advance the clock. The reply waits for the endpoints of deliveries that fall due meanwhile."""
        workspace = request.workspace
        by = read_duration(request.document["by"])
        state = await self._executor.run_control(workspace.state, workspace.store)
        _check_advance(state, later(state.now(), by), "/by")
        try:
            state = await self._delivery_worker.advance(workspace, by)
        except StoreError as error:  # some steps may be made
            raise CommitUnknown(str(error)) from error
        return json_reply(_clock_document(state))

    def list_snapshots(self, request: ControlRequest) -> Response:
        """Return the snapshots with the times when they were saved."""
        snapshots = self._workspaces.snapshots(request.workspace.name)
        return json_reply({"snapshots": [{"name": name, "kept_at": write_instant(at)} for name, at in snapshots]})

    def save_snapshot(self, request: ControlRequest) -> Response:
        name, names = request.document["name"], {name for name, _ in self._workspaces.snapshots(request.workspace.name)}
        if name not in names and len(names) >= _MAX_SNAPSHOTS:
            raise ControlError(409, f"The workspace has {_MAX_SNAPSHOTS} snapshots. Delete one first.")
        request.workspace.save_snapshot(name)
        return json_reply({"name": name}, 201)

    def restore_snapshot(self, request: ControlRequest) -> Response:
        request.workspace.restore_snapshot(self._known_snapshot(request))
        return json_reply({"status": "ok"})

    def delete_snapshot(self, request: ControlRequest) -> Response:
        self._workspaces.delete_snapshot(request.workspace.name, self._known_snapshot(request))
        return no_content()

    def _known_snapshot(self, request: ControlRequest) -> str:
        name, names = request.param("name"), [name for name, _ in self._workspaces.snapshots(request.workspace.name)]
        if name not in names:
            raise ControlError(404, f"Snapshot {name!r} not found.{did_you_mean(name, names)}")
        return name

    def list_workspaces(self, _request: ControlRequest) -> Response:
        return json_reply({"workspaces": self._workspaces.names()})

    def delete_workspace(self, request: ControlRequest) -> Response:
        """Delete a workspace. The next request to it creates it again."""
        name = request.param("name")
        if name == DEFAULT:
            raise BadDocument([Problem("/name", "the workspace 'default' can't be deleted; reset it instead")])
        if not self._workspaces.delete(name):
            raise ControlError(404, f"Workspace {name!r} not found.{did_you_mean(name, self._workspaces.names())}")
        return no_content()


def _read_now(value: str | float) -> datetime:
    """Return the time of a document. Raise BadDocument for anything that is no time."""
    try:
        return read_moment(value)
    except (ValueError, OverflowError):
        reason = "must be a time such as 2026-01-02T03:04:05Z, 2026-01-02 03:04:05, 2026-01-02 or seconds since 1970"
        raise BadDocument([Problem("/now", reason)]) from None


def _check_advance(state: WorkspaceState, instant: datetime, pointer: str) -> None:
    """Raise BadDocument for a time too far away: every renewal until then would be executed, now or on the way back."""
    if abs(instant - state.now()) > _MAX_ADVANCE:
        raise BadDocument([Problem(pointer, f"the clock moves by at most {_MAX_ADVANCE.days} days (100 years) at once")])


def _clock_document(state: WorkspaceState) -> dict[str, Any]:
    ahead = 0.0 if state.is_frozen else round(state.offset, 3)
    return {"now": write_instant(state.now()), "frozen": state.is_frozen, "ahead_seconds": ahead}
