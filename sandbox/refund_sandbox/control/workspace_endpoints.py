"""Control calls about a whole world: its state, settings, clock and snapshots, and the workspaces that there are."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from anyio import to_thread
from starlette.responses import Response

from refund_sandbox import __version__
from refund_sandbox.control.endpoint import Refused, Visit, answer, check, done
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


class Worlds:
    """Each method answers the operation of specs/sandbox.yaml that is called like it."""

    def __init__(self, workspaces: Workspaces, delivery_worker: DeliveryWorker) -> None:
        self._workspaces = workspaces
        self._delivery_worker = delivery_worker
        self._settings = Validator(record_schema.schema_of(WorkspaceSettings))

    def get_health(self, visit: Visit) -> Response:
        """Up, and what."""
        workspace = visit.workspace
        store = workspace.services.store.name
        return answer({"status": "ok", "version": __version__, "store": store, "workspace": workspace.name})

    def reset(self, visit: Visit) -> Response:
        """Back to the fixture, or to another one that is shipped."""
        document = visit.document
        chosen = read_fixture(document["fixture"]) if "fixture" in document else None
        return answer({"status": "ok", "seed": visit.workspace.reset(document.get("seed"), chosen)})

    def get_state(self, visit: Visit) -> Response:
        """The world."""
        return answer(visit.workspace.dump())

    def put_state(self, visit: Visit) -> Response:
        """Another world."""
        visit.workspace.load(visit.document)
        return answer({"status": "ok"})

    def get_settings(self, visit: Visit) -> Response:
        """How this workspace behaves."""
        visit.workspace.refresh()
        return answer(visit.workspace.services.settings.to_document())

    def put_settings(self, visit: Visit) -> Response:
        """Another behaviour."""
        check(self._settings, visit.document)
        visit.workspace.change_settings(visit.workspace.base_settings.updated(visit.document))
        return self.get_settings(visit)

    def get_clock(self, visit: Visit) -> Response:
        """What time it is."""
        visit.workspace.refresh()
        return answer(_clock_document(visit.workspace))

    def put_clock(self, visit: Visit) -> Response:
        """Freezes, sets or frees the clock. What is left out stays as it is; `now: null` is real time."""
        clock, document = visit.workspace.services.clock, visit.document
        visit.workspace.refresh()
        frozen = document.get("frozen", clock.frozen is not None)
        wanted = document.get("now", write_instant(clock.now()))
        now = read_instant(wanted) if wanted else None
        _check_reach(visit.workspace, now, "/now")
        visit.workspace.set_clock(now, frozen=frozen)
        return answer(_clock_document(visit.workspace))

    async def advance_clock(self, visit: Visit) -> Response:
        """Lets time pass, in a thread: webhooks that fall due on the way wait for their targets."""
        workspace = visit.workspace
        by = read_duration(visit.document["by"])
        _check_reach(workspace, later(workspace.services.clock.now(), by), "/by")
        await to_thread.run_sync(workspace.advance, by, partial(self._delivery_worker.deliver_due, workspace))
        return answer(_clock_document(workspace))

    def list_snapshots(self, visit: Visit) -> Response:
        """The kept worlds, with when they were kept."""
        kept = self._workspaces.snapshots(visit.workspace.name)
        return answer({"snapshots": [{"name": name, "kept_at": write_instant(at)} for name, at in kept]})

    def save_snapshot(self, visit: Visit) -> Response:
        """Keeps the world as it is."""
        visit.workspace.save_snapshot(visit.document["name"])
        return answer({"name": visit.document["name"]}, 201)

    def restore_snapshot(self, visit: Visit) -> Response:
        """Goes back to a kept world."""
        visit.workspace.restore_snapshot(self._known_snapshot(visit))
        return answer({"status": "ok"})

    def delete_snapshot(self, visit: Visit) -> Response:
        """Forgets a kept world."""
        self._workspaces.delete_snapshot(visit.workspace.name, self._known_snapshot(visit))
        return done()

    def _known_snapshot(self, visit: Visit) -> str:
        name, names = visit.param("name"), [name for name, _ in self._workspaces.snapshots(visit.workspace.name)]
        if name not in names:
            raise Refused(404, f"There is no snapshot {name}; there are {', '.join(names) or 'none'}.")
        return name

    def list_workspaces(self, _visit: Visit) -> Response:
        """The workspaces that there are."""
        return answer({"workspaces": self._workspaces.names()})

    def delete_workspace(self, visit: Visit) -> Response:
        """Forgets a workspace; it is made anew when somebody asks for it again."""
        name = visit.param("name")
        if name == DEFAULT:
            raise BadDocument([Problem("/name", "the workspace default stays; reset it instead")])
        if not self._workspaces.delete(name):
            raise Refused(404, f"There is no workspace {name}; there are {', '.join(self._workspaces.names())}.")
        return done()


def _check_reach(workspace: Workspace, instant: datetime | None, pointer: str) -> None:
    """Raises BadDocument for a time too far ahead: every renewal on the way would be played."""
    if instant and instant > later(workspace.services.clock.now(), _REACH):
        raise BadDocument([Problem(pointer, f"time moves by at most {_REACH.days} days at once, which are a hundred years")])


def _clock_document(workspace: Workspace) -> dict[str, Any]:
    clock = workspace.services.clock
    offset = 0.0 if clock.frozen else round(clock.offset.total_seconds(), 3)
    return {"now": write_instant(clock.now()), "frozen": clock.frozen is not None, "ahead_seconds": offset}
