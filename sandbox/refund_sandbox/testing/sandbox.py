"""Sandbox for tests: a server in a thread of this process, or one that runs elsewhere."""

from types import TracebackType
from typing import TYPE_CHECKING, Unpack

from refund_sandbox.testing.control_client import Client
from refund_sandbox.testing.server_thread import SandboxOptions, ServerThread
from refund_sandbox.testing.workspace_client import WorkspaceClient

if TYPE_CHECKING:
    from starlette.types import ASGIApp


class Sandbox(WorkspaceClient):
    """Server in a thread of this process, and its default workspace: `with Sandbox(validation="live") as sandbox: …`.

    The options are settings of `refund-sandbox serve`. Raises SettingsError for an invalid one.
    """

    def __init__(self, **options: Unpack[SandboxOptions]) -> None:
        self._server = ServerThread(options)

    def start(self) -> "Sandbox":
        """Start the server on a free port, if `with` can't be used; `stop` ends it."""
        self._server.start()
        self._use(Client(self._server.url, token=self._server.settings.admin_token))
        return self

    def stop(self) -> None:
        self.client.close()
        self._server.stop()

    @property
    def app(self) -> "ASGIApp":
        """ASGI application for calls in process; it shares its workspaces with the socket."""
        if self._server.app is None:
            raise RuntimeError("The sandbox is not running. Use `with Sandbox() as sandbox:`.")
        return self._server.app.app

    def __enter__(self) -> "Sandbox":
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.stop()

    @staticmethod
    def at(url: str, *, token: str | None = None) -> WorkspaceClient:
        """Return a workspace of a sandbox that runs elsewhere, for example in a container.

        `url` may name a workspace: `http://127.0.0.1:8000/w/mine`. Raises Unreachable if no sandbox answers.
        """
        client = Client(url, token=token)
        client.get("/health")
        return WorkspaceClient(client)
