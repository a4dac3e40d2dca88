"""Server on a real socket, in a thread of this process."""

import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from refund_sandbox import gc_tuning

if TYPE_CHECKING:
    from refund_sandbox.app import SandboxApp
    from refund_sandbox.settings import Settings

_TIMEOUT_S = 10.0
"""Time for the server to start, and to stop."""


class SandboxOptions(TypedDict, total=False):
    """Settings of `refund-sandbox serve` that a test can set."""

    validation: str
    fluentcart_version: str
    funnelfox_envelope: Literal["data", "always", "never"] | bool
    fixture: str | Path
    orders: int
    seed: int
    store: str
    admin_token: str


class ServerThread:
    """Server on a free port of 127.0.0.1, from `start` to `stop`."""

    def __init__(self, options: SandboxOptions) -> None:
        self.settings = _read(options)
        self.app: SandboxApp | None = None
        self.url = ""
        self._uvicorn: Any = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start, and return when the server accepts requests. Raises BadDocument for an invalid fixture."""
        with gc_tuning.collection_paused():
            from refund_sandbox.app import build
            from refund_sandbox.server.uvicorn_server import duplicate_listener, make_server  # slow to import

            self.app = build(self.settings)
        listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._uvicorn = make_server(self.app.app, self.settings, log_level="error", lifespan="off")
        arguments = {"sockets": duplicate_listener(listener)}
        self._thread = threading.Thread(target=self._uvicorn.run, kwargs=arguments, name="refund-sandbox", daemon=True)
        self._thread.start()
        self._wait()

    def stop(self) -> None:
        """Stop at once, without waiting for open requests."""
        if self._thread:
            self._uvicorn.should_exit = self._uvicorn.force_exit = True
            self._thread.join(_TIMEOUT_S)
        if self.app:
            self.app.close()
        self._thread = self.app = None

    def _wait(self) -> None:
        deadline = time.monotonic() + _TIMEOUT_S
        while not self._uvicorn.started:
            if time.monotonic() > deadline or not (self._thread and self._thread.is_alive()):
                raise RuntimeError(f"The sandbox at {self.url} did not start within {_TIMEOUT_S:g} s.")
            time.sleep(0.001)


def _read(options: SandboxOptions) -> "Settings":
    """Return the settings of the options, without the environment. Raises SettingsError for an invalid one."""
    from msgspec.structs import replace

    from refund_sandbox.app import read_settings
    from refund_sandbox.core import package_files
    from refund_sandbox.core.workspaces import fixtures

    texts: dict[str, Any] = dict(options)
    shipped = texts.pop("fixture") if texts.get("fixture") in fixtures.SHIPPED else None
    settings = read_settings({name: _text(value) for name, value in texts.items()}, {})
    if shipped is None:
        return settings
    return replace(settings, fixture=package_files.path_of("fixtures", f"{shipped}.yaml"))


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
