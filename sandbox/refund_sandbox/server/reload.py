"""Server that starts again when a watched file changes."""

import socket
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.supervisors.watchfilesreload import WatchFilesReload

from refund_sandbox.server.uvicorn_server import APP_FACTORY, configure
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
        super().__init__(config, uvicorn.Server(config).run, [listener])
        self._accept = accept

    def should_restart(self) -> list[Path] | None:
        changed = super().should_restart()
        return changed if changed and self._accept(changed) else None
