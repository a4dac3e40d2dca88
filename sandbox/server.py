"""How the sandbox is served by uvicorn, wherever it is served."""

from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox.engine.http import stop


class Protocol(HttpToolsProtocol):
    """HTTP/1.1. uvicorn waits for requests under way when it stops; those that never end by themselves are told to."""

    def shutdown(self) -> None:
        """The server begins to stop."""
        super().shutdown()
        if self.cycle and not self.cycle.response_complete:
            stop(self.cycle.scope)


def configure(app: ASGIApp | Callable[..., Any] | str, **options: Any) -> Config:
    """What uvicorn is started with; `options` are its own."""
    return Config(app, http=Protocol, ws="none", server_header=False, **options)
