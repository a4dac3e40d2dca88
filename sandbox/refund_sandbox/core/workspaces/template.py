"""Template of the initial state: loaded once, then copied into each new workspace. Loading takes a hundred times as long."""

from collections.abc import Callable, Sequence
from typing import Any

from refund_sandbox.core.ids import Ids
from refund_sandbox.stores.protocol import Database, RecordType, Transaction

_NAME = "/prepared"
"""Name of the template in the database. No workspace can have it."""


class WorkspaceTemplate:
    """Copy of the state that workspaces start with, for one seed."""

    def __init__(self, database: Database, seed: int) -> None:
        self.seed = seed
        self._database = database
        self._random_state: Any = None

    def capture(self, workspace: str, record_types: Sequence[RecordType[Any]], ids: Ids) -> None:
        """Copy the state of a workspace that was just loaded. A shared database may hold another process's initial state."""
        if not self._database.is_shared:
            self._database.copy_workspace(workspace, _NAME, record_types)
            self._random_state = ids.random.getstate()

    def apply(
        self, workspace: str, record_types: Sequence[RecordType[Any]], ids: Ids, finish: Callable[[Transaction], None]
    ) -> bool:
        """Replace the state of a workspace by the template. Return False if nothing was captured.

        `finish` ends the transaction of the copy.
        """
        if self._random_state is None:
            return False
        self._database.copy_workspace(_NAME, workspace, record_types, finish)
        ids.random.setstate(self._random_state)
        return True
