"""HTTP server of the recording proxy, in a thread of this process."""

import socket
import threading
from types import TracebackType
from typing import TYPE_CHECKING

from refund_sandbox.settings import Settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_STOP_TIMEOUT_S = 5.0


class ProxyServer:
    """Server on a socket that listens, from `with` to its end. Requests in progress then have 2 s to end."""

    def __init__(self, app: "ASGIApp", listener: socket.socket) -> None:
        from refund_sandbox.server.uvicorn_server import make_guest_server

        self._listener = listener
        self._server = make_guest_server(app, Settings(), date_header=False, log_level="critical")
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, daemon=True)

    def __enter__(self) -> "ProxyServer":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
        self._thread.join(_STOP_TIMEOUT_S)
        self._listener.close()

    def stop(self) -> None:
        """Begin to stop. A signal handler may call it."""
        self._server.should_exit = True

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end of the server, at most for a time. Return whether it still runs."""
        self._thread.join(timeout_s)
        return self._thread.is_alive()
