"""Server that starts again when a watched file changes."""

import socket
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.supervisors.watchfilesreload import WatchFilesReload

from refund_sandbox.server.stopping import ignore_stop_signals, when_signalled, without_ctrl_c
from refund_sandbox.server.uvicorn_server import APP_FACTORY, Server, configure
from refund_sandbox.settings import Settings


def serve_with_reload(
    settings: Settings, listener: socket.socket, folders: Iterable[Path], accept: Callable[[list[Path]], bool]
) -> None:
    """Serve in a child process, and start it again if YAML files in `folders` changed and `accept` returns True for them."""
    watched = {"reload_dirs": [str(folder) for folder in folders], "reload_includes": ["*.yaml", "*.yml"]}
    # With reload_delay 0 it watches before the server has read a file, so that it misses no change.
    options: dict[str, Any] = {"factory": True, "reload": True, "reload_delay": 0, "timeout_graceful_shutdown": 1}
    config = configure(APP_FACTORY, settings, **options, **watched)
    _Reloader(config, listener, accept).run()


class _Reloader(WatchFilesReload):
    def __init__(self, config: uvicorn.Config, listener: socket.socket, accept: Callable[[list[Path]], bool]) -> None:
        super().__init__(config, Server(config).run, [listener])
        self._accept = accept
        self._is_stopped = False

    def startup(self) -> None:
        with without_ctrl_c():
            super().startup()
        when_signalled(self.signal_handler)

    def restart(self) -> None:
        with without_ctrl_c():
            super().restart()

    def shutdown(self) -> None:
        super().shutdown()
        ignore_stop_signals()

    def signal_handler(self, *_: Any) -> None:
        """Stop at the first signal. A second one would wait for ever if it interrupted the first, which locks the event."""
        if not self._is_stopped:
            self._is_stopped = True
            self.should_exit.set()

    def pause(self) -> None:
        """End after a signal. To wait for the event would lock it, too."""
        if self._is_stopped:
            raise StopIteration

    def should_restart(self) -> list[Path] | None:
        changed = super().should_restart()
        return changed if changed and self._accept(changed) else None
