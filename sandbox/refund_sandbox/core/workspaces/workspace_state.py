"""What a workspace is beside the records of the APIs, and under which names a database has it."""

from typing import Any

from refund_sandbox.frozen import frozen
from refund_sandbox.stores.protocol import RecordType


@frozen
class WorkspaceState:
    """What of a workspace belongs to no API: its settings, and what its clock shows.

    `clock` is the instant at which time stands still; else it runs `offset` seconds ahead of real time. `used` is when
    somebody last did something here, in real time.
    """

    name: str
    settings: dict[str, Any]
    clock: str | None
    offset: float = 0
    used: str = ""
    scenarios: bool = False
    """Whether an order of this world carries a scenario."""


STATE_KEY = "world"
WORKSPACE_STATES = RecordType("sandbox.world", WorkspaceState, "name")


def snapshot_of(workspace: str, name: str) -> str:
    """Under which name the database has a snapshot."""
    return f"{workspace}/{name}"
