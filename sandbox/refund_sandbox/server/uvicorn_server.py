"""HTTP server: uvicorn with the sandbox's limits and direct replies.

On versions of uvicorn that were not tested, its own protocol for h11 answers, without direct replies and limits on time.
"""

import asyncio
import contextlib
import logging
import re
import socket
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from refund_sandbox.core.clock import read_duration
from refund_sandbox.server.stopping import ensure_end, ignore_stop_signals, when_signalled
from refund_sandbox.server.workers import supervise
from refund_sandbox.settings import Settings
from refund_sandbox.stores.protocol import StoreError

_log = logging.getLogger(__name__)
_LISTENER_COUNT = 8
_TESTED = ((0, 34), (0, 54))
"""First and last version of uvicorn on whose private parts `LimitedConnection` was tested."""
_STOP_TIMEOUT_S = 2
"""Time for open requests when the server stops. Those that a fault delays or holds end at once."""
_PAUSE_S, _MOST_PAUSES = 0.001, 100
"""Pauses in which a guest waits until its connections are closed."""
APP_FACTORY = "refund_sandbox.app:create"
"""Application that each process builds for itself, from the environment."""


def configure(app: ASGIApp | Callable[..., Any] | str, settings: Settings, **others: Any) -> uvicorn.Config:
    """Return uvicorn's configuration; `others` are options of uvicorn that override it."""
    options = {
        "http": _protocol(settings),
        "timeout_keep_alive": read_duration(settings.keep_alive).total_seconds(),
        "h11_max_incomplete_event_size": settings.max_header,
        "log_level": settings.log_level,
        "access_log": False,
        "server_header": False,
        "ws": "none",
        "timeout_graceful_shutdown": _STOP_TIMEOUT_S,
        **others,
    }
    return uvicorn.Config(app, **options)


class Server(uvicorn.Server):
    """Server whose process ends in time."""

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Load the application before uvicorn handles signals: a process that still loads ends at once."""
        if not self.config.loaded:
            self.config.load()
        super().run(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        ensure_end()  # uvicorn has set its signal handlers
        await super().startup(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        _stop_abandoned(self)
        await super().shutdown(sockets)


class GuestServer(uvicorn.Server):
    """Server for a thread of somebody's process. uvicorn's own takes up to 0.2 s to stop, which a short test run feels."""

    _stop_ticks: Callable[[], object] = staticmethod(lambda: None)

    async def main_loop(self) -> None:
        loop, ticks = asyncio.get_running_loop(), asyncio.ensure_future(super().main_loop())
        self._stop_ticks = partial(loop.call_soon_threadsafe, ticks.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await ticks

    def stop(self) -> None:
        """Stop at once, without waiting for open requests. Other threads call it."""
        self.should_exit = self.force_exit = True
        with contextlib.suppress(RuntimeError):  # the event loop has ended already
            self._stop_ticks()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        _stop_abandoned(self)
        if not self.force_exit:
            await super().shutdown(sockets)
            return
        for listener in (*self.servers, *(sockets or ())):
            listener.close()
        for _ in range(_MOST_PAUSES):
            await asyncio.sleep(_PAUSE_S)  # until clients that have just connected are connections, and closed ones are none
            if not self.server_state.connections:
                break
            for connection in list(self.server_state.connections):
                connection.shutdown()


def _stop_abandoned(server: uvicorn.Server) -> None:
    if is_tested(uvicorn.__version__):
        from refund_sandbox.server.connection import stop_abandoned

        stop_abandoned(server.server_state)


def make_guest_server(app: ASGIApp, settings: Settings, **others: Any) -> GuestServer:
    """Return a server for a thread of somebody's process: the loggers and the event loop policy stay as they are."""
    # Up to version 0.35, uvicorn replaces the policy for any other loop than "none".
    loop = {} if hasattr(uvicorn.Config, "get_loop_factory") else {"loop": "none"}
    access_log = logging.getLogger("uvicorn.access")  # without an access log, uvicorn takes its handlers away
    handlers, propagates = access_log.handlers, access_log.propagate
    options = {"log_config": None, "log_level": None, "lifespan": "off", **loop, **others}
    server = GuestServer(configure(app, settings, **options))
    access_log.handlers, access_log.propagate = handlers, propagates
    return server


def serve(app: ASGIApp, settings: Settings, listener: socket.socket) -> None:
    """Serve in this process until SIGTERM, SIGHUP or Ctrl-C."""
    _run(Server(configure(app, settings)), duplicate_listener(listener))


def serve_with_workers(settings: Settings, listener: socket.socket) -> None:
    """Serve in `settings.workers` processes, and replace one that ends. Each builds its own application."""
    supervise(settings.workers, _serve_as_worker, settings, listener)


def _serve_as_worker(settings: Settings, listener: socket.socket) -> None:
    server = Server(configure(APP_FACTORY, settings, factory=True))
    try:
        server.config.load()
    except StoreError as error:  # the database is away
        _log.error("a worker can't start: %s", error)
        sys.exit(1)
    _run(server, [listener])


def _run(server: Server, listeners: list[socket.socket]) -> None:
    when_signalled(lambda: setattr(server, "should_exit", True))
    server.run(listeners)
    ignore_stop_signals()


def is_tested(version: str) -> bool:
    """Whether `LimitedConnection` was tested on a version of uvicorn."""
    first, last = _TESTED
    match = re.match(r"(\d+)\.(\d+)", version)
    return match is not None and first <= (int(match[1]), int(match[2])) <= last


def duplicate_listener(listener: socket.socket) -> list[socket.socket]:
    """Return several sockets for one listener.

    uvloop accepts one connection per socket in each event loop iteration. With one socket, the last of 64 clients that
    connect at the same time waits for 64 iterations.
    """
    return [listener, *[listener.dup() for _ in range(_LISTENER_COUNT - 1)]]


def _protocol(settings: Settings) -> Any:
    if not is_tested(uvicorn.__version__):
        _log.warning(
            "uvicorn %s was not tested: requests have no time limit, and replies are slower",
            uvicorn.__version__,
        )
        return "h11"
    from refund_sandbox.server.limits import LimitedConnection

    timeout = read_duration(settings.request_timeout).total_seconds()
    return partial(LimitedConnection, max_header=settings.max_header, timeout=timeout)
