"""The world that workspaces begin with, kept loaded so that it need only be copied."""

from typing import TYPE_CHECKING, Any

from refund_sandbox.stores.protocol import Database

if TYPE_CHECKING:
    from refund_sandbox.core.workspaces.workspace import Workspace


class WorkspaceTemplate:
    """The world that workspaces begin with, loaded once and copied from then on: loading takes a hundred times as long."""

    def __init__(self, database: Database, seed: int) -> None:
        self.seed = seed
        self._database = database
        self._ids: Any = None

    def capture(self, workspace: "Workspace") -> None:
        """Remembers a world that was just loaded from the start. A shared database may hold the start of another process."""
        if not self._database.shared:
            self._database.copy(workspace.name, _PREPARED, workspace.record_types)
            self._ids = workspace.services.ids.random.getstate()

    def apply(self, workspace: "Workspace") -> bool:
        """Makes a workspace's world anew; False when there is nothing to make it from."""
        if self._ids is None:
            return False
        self._database.copy(_PREPARED, workspace.name, workspace.record_types)
        workspace.services.ids.random.setstate(self._ids)
        return True


_PREPARED = "/prepared"
