"""Sandbox for tests: a server in a thread of this process, or one that runs elsewhere."""

import atexit
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, Unpack

from refund_sandbox.testing.background_loop import BackgroundLoop
from refund_sandbox.testing.control_client import Client
from refund_sandbox.testing.server_thread import SandboxOptions, ServerThread
from refund_sandbox.testing.workspace_client import WorkspaceClient

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from refund_sandbox.core.context import Reply

_NOT_RUNNING = "The sandbox is not running. Use `with Sandbox() as sandbox:`."


class Sandbox(WorkspaceClient):
    """Server in a thread of this process, and its default workspace: `with Sandbox(validation="live") as sandbox: …`.

    The options are settings of `refund-sandbox serve`. Raises TypeError for an unknown one, SettingsError for an invalid value.
    """

    def __init__(self, **options: Unpack[SandboxOptions]) -> None:
        self._server = ServerThread(options)
        self.background_loop = BackgroundLoop()

    def __getattr__(self, name: str) -> Any:
        if "client" not in vars(self) and not name.startswith("_"):  # `start` sets it
            raise RuntimeError(_NOT_RUNNING)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def start(self) -> "Sandbox":
        """Start the server on a free port, if `with` can't be used; `stop` ends it.

        Raises RuntimeError where gevent or eventlet has replaced threads.
        """
        _check_threads()
        self._server.start()
        self._use(Client(self._server.url, token=self._server.settings.admin_token, direct=self._server.direct_calls))
        atexit.register(self.stop)
        return self

    def stop(self) -> None:
        atexit.unregister(self.stop)
        self.background_loop.close()
        if self._server.app:
            self.client.close()
        self._server.stop()

    @property
    def app(self) -> "ASGIApp":
        """ASGI application for calls in process; it shares its workspaces with the socket."""
        if self._server.app is None:
            raise RuntimeError(_NOT_RUNNING)
        return self._server.app.app

    def answer(self, scope: Any, body: bytes) -> "Reply | None":
        """Return the reply to a request of an API at once. Return None where `app` must answer: the request has to wait."""
        app: Any = self.app
        reply: Reply | None = app.answer(scope, body)
        return reply

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


def _check_threads() -> None:
    """Raise RuntimeError where a library has replaced threads: a server in a thread would wait for its own caller."""
    gevent, eventlet = sys.modules.get("gevent.monkey"), sys.modules.get("eventlet.patcher")
    for name, is_patched in (
        ("gevent", gevent is not None and gevent.is_module_patched("_thread")),
        ("eventlet", eventlet is not None and eventlet.is_monkey_patched("thread")),
    ):
        if is_patched:
            raise RuntimeError(
                f"{name} has replaced the threads of this process, so the sandbox can't start in one. "
                "Start `refund-sandbox serve` and use Sandbox.at(URL), or pytest --refund-sandbox-url URL."
            )
