"""State of a workspace that belongs to no API (settings, clock), and the database names of its snapshots."""

from typing import Any

from refund_sandbox.stores.protocol import Record, RecordType


class WorkspaceState(Record):
    """Settings and clock of a workspace.

    `clock` is the instant at which the clock is frozen. If None, it runs `offset` seconds ahead of real time.
    `used` is the real time of the last use.
    """

    name: str
    settings: dict[str, Any]
    clock: str | None
    offset: float = 0
    used: str = ""
    scenarios: bool = False
    """Whether an order of this workspace names a scenario."""


STATE_KEY = "state"
WORKSPACE_STATES = RecordType("sandbox.workspace", WorkspaceState, "name")


def snapshot_of(workspace: str, name: str) -> str:
    """Return the name of a snapshot in the database."""
    return f"{workspace}/{name}"
