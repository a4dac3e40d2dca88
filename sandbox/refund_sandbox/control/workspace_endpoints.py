"""Endpoints for a workspace: health, state, settings, clock, snapshots; and the list of workspaces."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from anyio import to_thread
from starlette.responses import Response

from refund_sandbox import __version__
from refund_sandbox.control.endpoint import ControlError, ControlRequest, check, json_reply, no_content
from refund_sandbox.core import record_schema
from refund_sandbox.core.clock import later, read_duration, read_instant, write_instant
from refund_sandbox.core.errors import BadDocument, Problem
from refund_sandbox.core.validation.validator import Validator
from refund_sandbox.core.webhooks.delivery import DeliveryWorker
from refund_sandbox.core.workspaces.fixtures import read_fixture
from refund_sandbox.core.workspaces.registry import DEFAULT, Workspaces
from refund_sandbox.core.workspaces.workspace import Workspace
from refund_sandbox.settings import WorkspaceSettings
from refund_sandbox.suggestions import did_you_mean

_MAX_ADVANCE = timedelta(days=36525)


class WorkspaceEndpoints:
    """Handlers; each has the name of its operation in specs/sandbox.yaml."""

    def __init__(self, workspaces: Workspaces, delivery_worker: DeliveryWorker) -> None:
        self._workspaces = workspaces
        self._delivery_worker = delivery_worker
        self._settings = Validator(record_schema.schema_of(WorkspaceSettings))

    def get_health(self, request: ControlRequest) -> Response:
        """Return liveness: version, store, workspace."""
        workspace = request.workspace
        store = workspace.services.store.name
        return json_reply({"status": "ok", "version": __version__, "store": store, "workspace": workspace.name})

    def reset(self, request: ControlRequest) -> Response:
        """Reset the state to the fixture, or to another shipped one."""
        document = request.document
        fixture = read_fixture(document["fixture"]) if "fixture" in document else None
        return json_reply({"status": "ok", "seed": request.workspace.reset(document.get("seed"), fixture)})

    def get_state(self, request: ControlRequest) -> Response:
        return json_reply(request.workspace.dump())

    def put_state(self, request: ControlRequest) -> Response:
        request.workspace.load(request.document)
        return json_reply({"status": "ok"})

    def get_settings(self, request: ControlRequest) -> Response:
        request.workspace.refresh()
        return json_reply(request.workspace.services.settings.to_document())

    def put_settings(self, request: ControlRequest) -> Response:
        check(self._settings, request.document)
        request.workspace.change_settings(request.workspace.base_settings.updated(request.document))
        return self.get_settings(request)

    def get_clock(self, request: ControlRequest) -> Response:
        request.workspace.refresh()
        return json_reply(_clock_document(request.workspace))

    def put_clock(self, request: ControlRequest) -> Response:
        """Freeze, set or resume the clock. Omitted fields stay unchanged; `now: null` is the real time."""
        clock, document = request.workspace.services.clock, request.document
        request.workspace.refresh()
        frozen = document.get("frozen", clock.frozen is not None)
        instant = document.get("now", write_instant(clock.now()))
        now = read_instant(instant) if instant else None
        _check_advance(request.workspace, now, "/now")
        request.workspace.set_clock(now, frozen=frozen)
        return json_reply(_clock_document(request.workspace))

    async def advance_clock(self, request: ControlRequest) -> Response:
        """Advance the clock, in a thread: deliveries that fall due meanwhile wait for their endpoints."""
        workspace = request.workspace
        by = read_duration(request.document["by"])
        _check_advance(workspace, later(workspace.services.clock.now(), by), "/by")
        await to_thread.run_sync(workspace.advance, by, partial(self._delivery_worker.deliver_due, workspace))
        return json_reply(_clock_document(workspace))

    def list_snapshots(self, request: ControlRequest) -> Response:
        """Return the snapshots with the times when they were saved."""
        snapshots = self._workspaces.snapshots(request.workspace.name)
        return json_reply({"snapshots": [{"name": name, "kept_at": write_instant(at)} for name, at in snapshots]})

    def save_snapshot(self, request: ControlRequest) -> Response:
        request.workspace.save_snapshot(request.document["name"])
        return json_reply({"name": request.document["name"]}, 201)

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


def _check_advance(workspace: Workspace, instant: datetime | None, pointer: str) -> None:
    """Raise BadDocument for a time too far ahead: every renewal until then would be executed."""
    if instant and instant > later(workspace.services.clock.now(), _MAX_ADVANCE):
        raise BadDocument([Problem(pointer, f"the clock moves by at most {_MAX_ADVANCE.days} days (100 years) at once")])


def _clock_document(workspace: Workspace) -> dict[str, Any]:
    clock = workspace.services.clock
    offset = 0.0 if clock.frozen else round(clock.offset.total_seconds(), 3)
    return {"now": write_instant(clock.now()), "frozen": clock.frozen is not None, "ahead_seconds": offset}
