"""State of a workspace that belongs to no API (settings, clock), and the database names of its snapshots."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from msgspec.structs import replace

from refund_sandbox.core.clock import later, read_instant, write_instant
from refund_sandbox.stores.protocol import ReadTransaction, Record, RecordType


class StateReplaced(Exception):
    """The state that a request came to is gone: its workspace was reset, loaded, restored or deleted."""


class WorkspaceGone(StateReplaced):
    """The workspace is not in the store: it was deleted."""


class WorkspaceState(Record):
    """Settings and clock of a workspace: one record, which every transaction reads and a change replaces.

    `clock` is the instant at which the clock is frozen. If None, it runs `offset` seconds ahead of real time.
    """

    name: str
    """The key of the record, which is the same in every workspace."""
    settings: dict[str, Any]
    clock: str | None = None
    offset: float = 0
    used: str = ""
    """Real time of the last use."""
    scenarios: bool = False
    """Whether an order of this workspace names a scenario."""
    epoch: str = ""
    """Identity of the state. Reset, load and restore give it another one, so that late requests find out."""
    revision: int = 0
    """Number of changes by the control API."""

    @property
    def is_frozen(self) -> bool:
        return self.clock is not None

    def now(self) -> datetime:
        """Return the current instant of the workspace in UTC."""
        if self.clock is not None:
            return _instant(self.clock)
        return later(datetime.now(UTC), timedelta(seconds=self.offset)) if self.offset else datetime.now(UTC)

    def at(self, now: datetime, *, frozen: bool) -> "WorkspaceState":
        """Return a copy whose clock is set, frozen or running."""
        if frozen:
            return replace(self, clock=write_instant(now), offset=0.0)
        return replace(self, clock=None, offset=(now - datetime.now(UTC)).total_seconds())

    def advanced(self, by: timedelta) -> "WorkspaceState":
        """Return a copy whose clock is later. It stays frozen or running."""
        if self.clock is not None:
            return replace(self, clock=write_instant(later(_instant(self.clock), by)))
        return replace(self, offset=self.offset + by.total_seconds())

    def changed(self, **fields: Any) -> "WorkspaceState":
        """Return a copy with other fields and the next revision."""
        return replace(self, **fields, revision=self.revision + 1)

    def replaced(self) -> "WorkspaceState":
        """Return a copy with an epoch of its own, for a state that was loaded or copied."""
        return replace(self, epoch=secrets.token_hex(8), used=real_time(), revision=self.revision + 1)


STATE_KEY = "state"
WORKSPACE_STATES = RecordType("sandbox.workspace", WorkspaceState, "name")


def find_state(transaction: ReadTransaction, workspace: str, *, for_update: bool = False) -> WorkspaceState:
    """Return the state that a transaction sees. Raise WorkspaceGone if there is none."""
    state = transaction.get(WORKSPACE_STATES, STATE_KEY, for_update=for_update)
    if state is None:
        raise WorkspaceGone(workspace)
    return state


def is_stored(transaction: ReadTransaction) -> bool:
    """Whether the workspace is in the store."""
    return transaction.get(WORKSPACE_STATES, STATE_KEY) is not None


def new_state(settings: Mapping[str, Any], clock: str | None, *, scenarios: bool) -> WorkspaceState:
    """Return the state of a workspace that is loaded from a document."""
    return WorkspaceState(STATE_KEY, dict(settings), clock, scenarios=scenarios).replaced()


def snapshot_of(workspace: str, name: str) -> str:
    """Return the name of a snapshot in the database."""
    return f"{workspace}/{name}"


def real_time() -> str:
    """Return the real time as sortable text."""
    return datetime.now(UTC).isoformat()


@lru_cache(64)
def _instant(text: str) -> datetime:
    return read_instant(text)
