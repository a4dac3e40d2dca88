"""A sandbox that answers on a real socket, from a thread of this process."""

import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from refund_sandbox import gc_tuning

if TYPE_CHECKING:
    from refund_sandbox.app import SandboxApp
    from refund_sandbox.settings import Settings

_PATIENCE = 10.0
"""Seconds that a server has to start, and to stop."""


class SandboxOptions(TypedDict, total=False):
    """What a sandbox is started with: the settings of `refund-sandbox serve`."""

    validation: str
    fluentcart_version: str
    funnelfox_envelope: bool
    fixture: str | Path
    orders: int
    seed: int
    store: str
    admin_token: str


class ServerThread:
    """Runs from `start` to `stop`, on a free port of 127.0.0.1."""

    def __init__(self, options: SandboxOptions) -> None:
        self.settings = _read(options)
        self.app: SandboxApp | None = None
        self.url = ""
        self._uvicorn: Any = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listens; returns once calls are answered. Raises BadDocument for a fixture that can't be used."""
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
        """Stops at once: nobody waits for calls that are under way."""
        if self._thread:
            self._uvicorn.should_exit = self._uvicorn.force_exit = True
            self._thread.join(_PATIENCE)
        if self.app:
            self.app.close()
        self._thread = self.app = None

    def _wait(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not self._uvicorn.started:
            if time.monotonic() > deadline or not (self._thread and self._thread.is_alive()):
                raise RuntimeError(f"the sandbox at {self.url} does not start")
            time.sleep(0.001)


def _read(options: SandboxOptions) -> "Settings":
    """The settings that options say; the environment has no part in it. Raises SettingsError for a wrong one."""
    from refund_sandbox.core import package_files
    from refund_sandbox.core.workspaces import fixtures
    from refund_sandbox.frozen import replace
    from refund_sandbox.settings import read_settings

    given: dict[str, Any] = dict(options)
    shipped = given.pop("fixture") if given.get("fixture") in fixtures.SHIPPED else None
    settings = read_settings({name: _text(value) for name, value in given.items()}, {})
    if shipped is None:
        return settings
    return replace(settings, fixture=package_files.path_of("fixtures", f"{shipped}.yaml"))


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
