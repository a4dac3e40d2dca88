"""Workspace of one test, for the pytest plugin."""

from collections.abc import Callable

from refund_sandbox.testing.workspace_client import WorkspaceClient


class OwnedWorkspace(WorkspaceClient):
    """Workspace of a test. The other workspaces that it returns belong to the test, too."""

    def __init__(self, workspace: WorkspaceClient, create: Callable[[str], WorkspaceClient]) -> None:
        super().__init__(workspace.client)
        self.others: dict[str, WorkspaceClient] = {}
        self._create = create

    def workspace(self, name: str) -> WorkspaceClient:
        """Return another workspace of this test, the same one for the same name. Its URL has a name that no other test has."""
        if name not in self.others:
            self.others[name] = self._create(name)
        return self.others[name]
