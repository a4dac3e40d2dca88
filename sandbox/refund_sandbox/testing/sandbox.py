"""A sandbox for tests: a server in a thread, or one that runs elsewhere."""

from types import TracebackType
from typing import TYPE_CHECKING, Unpack

from refund_sandbox.testing.control_client import Client
from refund_sandbox.testing.server_thread import SandboxOptions, ServerThread
from refund_sandbox.testing.workspace_client import WorkspaceClient

if TYPE_CHECKING:
    from starlette.types import ASGIApp


class Sandbox(WorkspaceClient):
    """A server of this process's own: `with Sandbox(validation="live") as sandbox: …`. It is its default workspace.

    The options are the settings of `refund-sandbox serve`. Raises SettingsError for a wrong one.
    """

    def __init__(self, **options: Unpack[SandboxOptions]) -> None:
        self._server = ServerThread(options)

    def start(self) -> "Sandbox":
        """Starts the server on a free port, for those who can't use `with`; `stop` ends it."""
        self._server.start()
        self._use(Client(self._server.url, token=self._server.settings.admin_token))
        return self

    def stop(self) -> None:
        """Stops the server."""
        self.client.close()
        self._server.stop()

    @property
    def app(self) -> "ASGIApp":
        """The ASGI application, to be called in process: the same worlds as on the socket."""
        if self._server.app is None:
            raise RuntimeError("the sandbox is not running; use it as `with Sandbox() as sandbox:`")
        return self._server.app.app

    def __enter__(self) -> "Sandbox":
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.stop()

    @staticmethod
    def at(url: str, *, token: str | None = None) -> WorkspaceClient:
        """A sandbox that runs elsewhere, such as one that `refund-sandbox serve` or a container started.

        `url` may name a workspace: `http://127.0.0.1:8000/w/mine`. Raises Unreachable when no sandbox answers there.
        """
        client = Client(url, token=token)
        client.get("/health")
        return WorkspaceClient(client)
