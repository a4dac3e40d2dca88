"""Server on a real socket, in a thread of this process."""

import logging
import socket
import threading
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from refund_sandbox import gc_tuning
from refund_sandbox.testing.json_values import check_names, write_span

if TYPE_CHECKING:
    from refund_sandbox.app import SandboxApp
    from refund_sandbox.settings import Settings

_TIMEOUT_S = 10.0
"""Time for the server to start, and to stop."""
_INTERVAL_S = 0.001
_NAME = "refund-sandbox"


class SandboxOptions(TypedDict, total=False):
    """Settings of `refund-sandbox serve` that a test can set."""

    validation: str
    fluentcart_version: str
    funnelfox_envelope: Literal["data", "always", "never"] | bool
    funnelfox_settle_after: str | timedelta
    fixture: str | Path
    orders: int
    seed: int
    store: str
    admin_token: str


class ServerThread:
    """Server on a free port of 127.0.0.1, from `start` to `stop`. Loggers, signals and event loop policy stay as they are."""

    def __init__(self, options: SandboxOptions) -> None:
        check_names(options, SandboxOptions.__annotations__, "option")
        self.settings = _read(options)
        self.app: SandboxApp | None = None
        self.url = ""
        self._uvicorn: Any = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start, and return when the server accepts requests. Raises BadDocument for an invalid fixture."""
        with gc_tuning.collection_paused():
            from refund_sandbox.app import build
            from refund_sandbox.server.uvicorn_server import duplicate_listener, make_guest_server  # slow to import
            from refund_sandbox.testing.direct_calls import DirectCalls

            self.app = build(self.settings)
        listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._uvicorn = make_guest_server(self.app.app, self.settings)
        logging.getLogger("uvicorn.error").addFilter(_is_of_another_server)
        arguments = {"sockets": duplicate_listener(listener)}
        self._thread = threading.Thread(target=self._uvicorn.run, kwargs=arguments, name=_NAME, daemon=True)
        self._thread.start()
        self._wait()
        self.direct_calls: DirectCalls = DirectCalls(self.app, self.url, self.settings.admin_token)

    def stop(self) -> None:
        """Stop at once, without waiting for open requests."""
        if self._thread:
            self.direct_calls.close()
            self._uvicorn.stop()
            self._thread.join(_TIMEOUT_S)
            logging.getLogger("uvicorn.error").removeFilter(_is_of_another_server)
        if self.app:
            self.app.close()
        self._thread = self.app = None

    def _wait(self) -> None:
        """Wait for the start. Events count real time, whatever a library for frozen time has replaced."""
        pause = threading.Event()
        for _ in range(int(_TIMEOUT_S / _INTERVAL_S)):
            if self._uvicorn.started:
                return
            if not (self._thread and self._thread.is_alive()):
                break
            pause.wait(_INTERVAL_S)
        raise RuntimeError(f"The sandbox at {self.url} did not start within {_TIMEOUT_S:g} s.")


def _is_of_another_server(record: logging.LogRecord) -> bool:
    """Whether a log record is not about the start and the end of a sandbox in a thread."""
    return record.threadName != _NAME or record.levelno >= logging.ERROR


def _read(options: SandboxOptions) -> "Settings":
    """Return the settings of the options, without the environment. Raises SettingsError for an invalid one."""
    with gc_tuning.collection_paused():
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
    return None if value is None else write_span(value) if isinstance(value, timedelta) else str(value)
