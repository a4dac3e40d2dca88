"""Registry of workspaces: each is created on first use and evicted when it was idle for too long."""

import re
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from starlette.types import Scope

from refund_sandbox.core.errors import AccessRefused
from refund_sandbox.core.executor import Executor
from refund_sandbox.core.journal.observed import ObservedJournal, Observer
from refund_sandbox.core.webhooks.outbox import ATTEMPTS
from refund_sandbox.core.workspaces.workspace import Workspace
from refund_sandbox.core.workspaces.workspace_state import WORKSPACE_STATES, snapshot_of
from refund_sandbox.stores.protocol import Database, WouldWait, is_on_event_loop

DEFAULT = "default"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SCOPE = "refund_sandbox.workspace"
_PURGE_INTERVAL_S = 60.0
_USE_MARGIN = timedelta(minutes=2)
"""Time by which the stored use of a workspace of another process may be too old."""

CheckCreation = Callable[[], None]
"""Raises AccessRefused if a request may not create the workspace that it names."""


def set_name(scope: Scope, name: str) -> None:
    """Set the name of the workspace of a request."""
    scope[_SCOPE] = name


def name_of(scope: Scope) -> str:
    """Return the name of the workspace of a request."""
    name: str = scope.get(_SCOPE, DEFAULT)
    return name


class Workspaces:
    """Workspaces by name: the default one, and at most `limit` others. One that is unused for `idle` is evicted, no other."""

    def __init__(self, database: Database, make: Callable[[str], Workspace], *, limit: int, idle: timedelta) -> None:
        self._database = database
        self._make = make
        self._limit = limit
        self._idle = idle
        self._open: dict[str, Workspace] = {}
        self._used: dict[str, float] = {}
        self._lock = threading.Lock()
        self._next_purge = time.monotonic() + _PURGE_INTERVAL_S
        self._observers: list[Observer] = []

    def observe(self, observer: Observer) -> None:
        """Pass every request from now on to an observer, in all workspaces."""
        with self._lock:
            self._observers.append(observer)
            for workspace in self._open.values():
                workspace.journal = ObservedJournal(workspace.name, workspace.journal, observer)

    async def of(self, scope: Scope, executor: Executor, check_creation: CheckCreation) -> Workspace:
        """Return the workspace of a request, opened or created if necessary."""
        workspace = self.find_open(scope)
        if workspace is None:
            return await executor.run_in_thread_of_control(lambda: self.open(name_of(scope), check_creation))
        return workspace

    def find_open(self, scope: Scope) -> Workspace | None:
        """Return the workspace of a request if it is open already."""
        name = scope.get(_SCOPE, DEFAULT)
        workspace = self._open.get(name)
        if workspace:
            self._used[name] = time.monotonic()
        return workspace

    def open(self, name: str = DEFAULT, check_creation: CheckCreation | None = None) -> Workspace:
        """Return a workspace. A new one starts with the initial state, or with its state in the database.

        Raise AccessRefused if the check refuses a new one, or if there is no room for one.
        """
        with self._lock:
            if name not in self._open:
                self._evict_idle()
                # Without other processes, all workspaces are open.
                if name != DEFAULT and not (self._database.is_shared and name in self.names()):
                    if check_creation:
                        check_creation()
                    self._check_room()
                workspace = self._make(name)
                for observer in self._observers:
                    workspace.journal = ObservedJournal(name, workspace.journal, observer)
                workspace.start()
                if name != DEFAULT:
                    workspace.check_room = self._check_room_again
                self._open[name] = workspace
            self._used[name] = time.monotonic()
            return self._open[name]

    def opened(self) -> list[Workspace]:
        """Return the workspaces that this process has open."""
        return list(self._open.values())

    def resume_deliveries(self) -> None:
        """Open the workspaces whose webhooks another process has not sent: it may have been killed."""
        for name in self._with_unsent():
            self.open(name)

    def check_deliveries(self) -> None:
        """Look at the open workspaces with unsent webhooks: the process that booked the refund may have been killed since."""
        names = self._with_unsent()
        for workspace in self.opened():
            if workspace.name in names:
                workspace.schedule_delivery(workspace)

    def _with_unsent(self) -> set[str]:
        return {name for name, _ in self._database.scan_all(ATTEMPTS)}

    def names(self) -> list[str]:
        """Return the names of all workspaces, including those of other processes."""
        stored = {name for name, _ in self._database.scan_all(WORKSPACE_STATES) if NAME.fullmatch(name)}
        return sorted(stored)

    def snapshots(self, name: str) -> list[tuple[str, datetime]]:
        """Return the names of a workspace's snapshots and the times at which they were saved."""
        snapshots = []
        for stored_name, state in self._database.scan_all(WORKSPACE_STATES):
            if stored_name.startswith(snapshot_of(name, "")):
                snapshots.append((stored_name.removeprefix(snapshot_of(name, "")), datetime.fromisoformat(state.used)))
        return sorted(snapshots)

    def delete_snapshot(self, name: str, snapshot: str) -> None:
        self._database.drop_workspaces([snapshot_of(name, snapshot)])

    def delete(self, name: str) -> bool:
        """Delete a workspace and its snapshots. Return False if there is none with that name."""
        with self._lock:
            return self._evict(name)

    def close(self) -> None:
        """Close all workspaces and the database."""
        for workspace in self._open.values():
            workspace.close()
        self._database.close()

    def _evict(self, name: str) -> bool:
        """Close a workspace and delete its state and snapshots from the database."""
        self._close(name)
        stored = [stored_name for stored_name, _ in self._database.scan_all(WORKSPACE_STATES)]
        own = [stored_name for stored_name in stored if stored_name == name or stored_name.startswith(f"{name}/")]
        if own:
            self._database.drop_workspaces(own)
        return bool(own)

    def _close(self, name: str) -> None:
        workspace = self._open.pop(name, None)
        self._used.pop(name, None)
        if workspace:
            workspace.close()
            if not self._database.is_shared:
                workspace.journal.clear()  # the object is in reference cycles, which are not collected soon

    def _check_room_again(self) -> None:
        """Raise AccessRefused if the limit is reached. Raise WouldWait on the event loop if a workspace is being opened."""
        if not self._lock.acquire(blocking=not is_on_event_loop()):
            raise WouldWait
        try:
            self._check_room()
        finally:
            self._lock.release()

    def _check_room(self) -> None:
        """Raise AccessRefused if the limit is reached."""
        if self._count_others() >= self._limit and self._database.is_shared:
            self._purge()
        if self._count_others() >= self._limit:
            idle = f"was used within {self._idle.total_seconds():g} s (--workspace-idle)"
            raise AccessRefused(503, f"There are {self._limit} workspaces (--workspaces), and each {idle}. Delete one first.")

    def _count_others(self) -> int:
        names = self.names() if self._database.is_shared else self._open
        return sum(name != DEFAULT for name in names)

    def _evict_idle(self) -> None:
        """Evict the workspaces that were idle for too long.

        In a shared database other processes may use them. There they are only closed, and `_purge` deletes unused ones.
        """
        too_old = time.monotonic() - self._idle.total_seconds()
        for name in [name for name in self._open if name != DEFAULT and self._used[name] <= too_old]:
            if self._database.is_shared:
                self._close(name)
            else:
                self._evict(name)
        if self._database.is_shared and time.monotonic() > self._next_purge:
            self._purge()

    def _purge(self) -> None:
        """Delete the workspaces that no process has used for too long."""
        self._next_purge = time.monotonic() + _PURGE_INTERVAL_S
        too_old = (datetime.now(UTC) - self._idle - _USE_MARGIN).isoformat()
        for name, state in self._database.scan_all(WORKSPACE_STATES):
            if name not in self._open and name != DEFAULT and "/" not in name and state.used < too_old:
                self._evict(name)
