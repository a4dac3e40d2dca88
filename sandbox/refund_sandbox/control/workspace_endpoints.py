"""Control calls about a whole world: its state, settings, clock and snapshots, and the workspaces that there are."""

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

_REACH = timedelta(days=36525)


class WorkspaceEndpoints:
    """Each method answers the operation of specs/sandbox.yaml that is called like it."""

    def __init__(self, workspaces: Workspaces, delivery_worker: DeliveryWorker) -> None:
        self._workspaces = workspaces
        self._delivery_worker = delivery_worker
        self._settings = Validator(record_schema.schema_of(WorkspaceSettings))

    def get_health(self, request: ControlRequest) -> Response:
        """Up, and what."""
        workspace = request.workspace
        store = workspace.services.store.name
        return json_reply({"status": "ok", "version": __version__, "store": store, "workspace": workspace.name})

    def reset(self, request: ControlRequest) -> Response:
        """Back to the fixture, or to another one that is shipped."""
        document = request.document
        chosen = read_fixture(document["fixture"]) if "fixture" in document else None
        return json_reply({"status": "ok", "seed": request.workspace.reset(document.get("seed"), chosen)})

    def get_state(self, request: ControlRequest) -> Response:
        """The world."""
        return json_reply(request.workspace.dump())

    def put_state(self, request: ControlRequest) -> Response:
        """Another world."""
        request.workspace.load(request.document)
        return json_reply({"status": "ok"})

    def get_settings(self, request: ControlRequest) -> Response:
        """How this workspace behaves."""
        request.workspace.refresh()
        return json_reply(request.workspace.services.settings.to_document())

    def put_settings(self, request: ControlRequest) -> Response:
        """Another behaviour."""
        check(self._settings, request.document)
        request.workspace.change_settings(request.workspace.base_settings.updated(request.document))
        return self.get_settings(request)

    def get_clock(self, request: ControlRequest) -> Response:
        """What time it is."""
        request.workspace.refresh()
        return json_reply(_clock_document(request.workspace))

    def put_clock(self, request: ControlRequest) -> Response:
        """Freezes, sets or frees the clock. What is left out stays as it is; `now: null` is real time."""
        clock, document = request.workspace.services.clock, request.document
        request.workspace.refresh()
        frozen = document.get("frozen", clock.frozen is not None)
        wanted = document.get("now", write_instant(clock.now()))
        now = read_instant(wanted) if wanted else None
        _check_reach(request.workspace, now, "/now")
        request.workspace.set_clock(now, frozen=frozen)
        return json_reply(_clock_document(request.workspace))

    async def advance_clock(self, request: ControlRequest) -> Response:
        """Lets time pass, in a thread: webhooks that fall due on the way wait for their targets."""
        workspace = request.workspace
        by = read_duration(request.document["by"])
        _check_reach(workspace, later(workspace.services.clock.now(), by), "/by")
        await to_thread.run_sync(workspace.advance, by, partial(self._delivery_worker.deliver_due, workspace))
        return json_reply(_clock_document(workspace))

    def list_snapshots(self, request: ControlRequest) -> Response:
        """The kept worlds, with when they were kept."""
        kept = self._workspaces.snapshots(request.workspace.name)
        return json_reply({"snapshots": [{"name": name, "kept_at": write_instant(at)} for name, at in kept]})

    def save_snapshot(self, request: ControlRequest) -> Response:
        """Keeps the world as it is."""
        request.workspace.save_snapshot(request.document["name"])
        return json_reply({"name": request.document["name"]}, 201)

    def restore_snapshot(self, request: ControlRequest) -> Response:
        """Goes back to a kept world."""
        request.workspace.restore_snapshot(self._known_snapshot(request))
        return json_reply({"status": "ok"})

    def delete_snapshot(self, request: ControlRequest) -> Response:
        """Forgets a kept world."""
        self._workspaces.delete_snapshot(request.workspace.name, self._known_snapshot(request))
        return no_content()

    def _known_snapshot(self, request: ControlRequest) -> str:
        name, names = request.param("name"), [name for name, _ in self._workspaces.snapshots(request.workspace.name)]
        if name not in names:
            raise ControlError(404, f"There is no snapshot {name}; there are {', '.join(names) or 'none'}.")
        return name

    def list_workspaces(self, _request: ControlRequest) -> Response:
        """The workspaces that there are."""
        return json_reply({"workspaces": self._workspaces.names()})

    def delete_workspace(self, request: ControlRequest) -> Response:
        """Forgets a workspace; it is made anew when somebody asks for it again."""
        name = request.param("name")
        if name == DEFAULT:
            raise BadDocument([Problem("/name", "the workspace default stays; reset it instead")])
        if not self._workspaces.delete(name):
            raise ControlError(404, f"There is no workspace {name}; there are {', '.join(self._workspaces.names())}.")
        return no_content()


def _check_reach(workspace: Workspace, instant: datetime | None, pointer: str) -> None:
    """Raises BadDocument for a time too far ahead: every renewal on the way would be played."""
    if instant and instant > later(workspace.services.clock.now(), _REACH):
        raise BadDocument([Problem(pointer, f"time moves by at most {_REACH.days} days at once, which are a hundred years")])


def _clock_document(workspace: Workspace) -> dict[str, Any]:
    clock = workspace.services.clock
    offset = 0.0 if clock.frozen else round(clock.offset.total_seconds(), 3)
    return {"now": write_instant(clock.now()), "frozen": clock.frozen is not None, "ahead_seconds": offset}
