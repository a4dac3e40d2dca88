"""All workspaces of a server: each is made when it is first asked for, and forgotten when nobody has used it for long."""

import re
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from starlette.types import Scope

from refund_sandbox.core.executor import Executor
from refund_sandbox.core.workspaces.workspace import Workspace
from refund_sandbox.core.workspaces.workspace_state import WORKSPACE_STATES, snapshot_of
from refund_sandbox.stores.protocol import Database

DEFAULT = "default"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SCOPE = "refund_sandbox.workspace"
_PURGE_INTERVAL_S = 60.0
"""Seconds."""


def name_in(scope: Scope, name: str) -> None:
    """Notes on a request which workspace it is for."""
    scope[_SCOPE] = name


def name_of(scope: Scope) -> str:
    """The name of the workspace that a request is for."""
    name: str = scope.get(_SCOPE, DEFAULT)
    return name


class Workspaces:
    """Workspaces by name. `limit` is how many there may be, `idle` after how long an unused one is forgotten."""

    def __init__(self, database: Database, make: Callable[[str], Workspace], *, limit: int, idle: timedelta) -> None:
        self._database = database
        self._make = make
        self._limit = limit
        self._idle = idle
        self._open: dict[str, Workspace] = {}
        self._used: dict[str, float] = {}
        self._lock = threading.Lock()
        self._next_purge = time.monotonic() + _PURGE_INTERVAL_S

    async def of(self, scope: Scope, executor: Executor) -> Workspace:
        """The workspace that a request is for."""
        found = self.find_open(scope)
        if found is None:
            return await executor.run(lambda: self.open(name_of(scope)))
        return found

    def find_open(self, scope: Scope) -> Workspace | None:
        """The workspace that a request is for, where it is there already."""
        name = name_of(scope)
        found = self._open.get(name)
        if found:
            self._used[name] = time.monotonic()
        return found

    def open(self, name: str = DEFAULT) -> Workspace:
        """A workspace by its name, made when it is new: from the initial world, or from what the database has of it."""
        with self._lock:
            self._used[name] = time.monotonic()
            if name not in self._open:
                self._make_room()
                workspace = self._make(name)
                workspace.start()
                self._open[name] = workspace
            return self._open[name]

    def names(self) -> list[str]:
        """Every workspace that there is, those of other processes too."""
        stored = {name for name, _ in self._database.scan_all(WORKSPACE_STATES) if NAME.fullmatch(name)}
        return sorted(stored)

    def snapshots(self, name: str) -> list[tuple[str, datetime]]:
        """The snapshots of a workspace, with when they were kept."""
        found = []
        for place, world in self._database.scan_all(WORKSPACE_STATES):
            if place.startswith(snapshot_of(name, "")):
                found.append((place.removeprefix(snapshot_of(name, "")), datetime.fromisoformat(world.used)))
        return sorted(found)

    def delete_snapshot(self, name: str, snapshot: str) -> None:
        """Forgets a snapshot of a workspace."""
        self._database.drop(snapshot_of(name, snapshot))

    def delete(self, name: str) -> bool:
        """Forgets a workspace with its snapshots; False when there is none of that name."""
        with self._lock:
            return self._forget(name)

    def close(self) -> None:
        """Writes what is not written yet and lets go of the database."""
        for workspace in self._open.values():
            workspace.close()
        self._database.close()

    def _forget(self, name: str) -> bool:
        """Closes a workspace and drops what the database has of it."""
        self._close(name)
        places = [
            place for place, _ in self._database.scan_all(WORKSPACE_STATES) if place == name or place.startswith(f"{name}/")
        ]
        for place in places:
            self._database.drop(place)
        return bool(places)

    def _close(self, name: str) -> None:
        workspace = self._open.pop(name, None)
        self._used.pop(name, None)
        if workspace:
            workspace.close()

    def _make_room(self) -> None:
        """Forgets what was idle for too long, and beyond the limit what was idle for longest.

        Where processes share a database, others may still use what this one does not: only what nobody used is dropped.
        """
        oldest = sorted((name for name in self._open if name != DEFAULT), key=self._used.__getitem__)
        too_old = time.monotonic() - self._idle.total_seconds()
        for count, name in enumerate(oldest):
            if self._used[name] > too_old and len(oldest) - count < self._limit:
                break
            if self._database.shared:
                self._close(name)
            else:
                self._forget(name)
        if self._database.shared and time.monotonic() > self._next_purge:
            self._purge()

    def _purge(self) -> None:
        """Drops the workspaces that no process has used for too long."""
        self._next_purge = time.monotonic() + _PURGE_INTERVAL_S
        too_old = (datetime.now(UTC) - self._idle).isoformat()
        unused = [name for name, world in self._database.scan_all(WORKSPACE_STATES) if "/" not in name and world.used < too_old]
        for name in unused:
            if name != DEFAULT:
                self._forget(name)
