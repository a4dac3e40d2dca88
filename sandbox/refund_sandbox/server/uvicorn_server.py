"""The HTTP server around the application: uvicorn, with its own protocol or, where that was tested, the bounded one."""

import logging
import re
import socket
from collections.abc import Callable
from functools import partial
from inspect import signature
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import LOGGING_CONFIG, Config

from refund_sandbox.core.clock import read_duration
from refund_sandbox.core.redaction import HideSecrets
from refund_sandbox.settings import Settings

_log = logging.getLogger(__name__)
_LISTENERS = 8
_TESTED = ((0, 34), (0, 54))
"""The first and the last version of uvicorn on whose private parts the bounded protocol was tested."""


def configure(app: ASGIApp | Callable[..., Any] | str, settings: Settings, **others: Any) -> Config:
    """What uvicorn is started with; `others` are its own options. Requests under way have five seconds when it stops."""
    options = {
        "http": _protocol(settings),
        "timeout_keep_alive": read_duration(settings.keep_alive).total_seconds(),
        "log_config": _logging(),
        "log_level": settings.log_level,
        "access_log": settings.log_level == "debug",
        "server_header": False,
        "ws": "none",
        "timeout_graceful_shutdown": 5,
    }
    return Config(app, **{**options, **others})


def supervise(config: Config, listener: socket.socket) -> None:
    """Runs a server in several processes, and replaces one that dies. Earlier versions of uvicorn want the server's function."""
    from uvicorn.supervisors import Multiprocess  # it imports more than a single process needs

    arguments = {"target": uvicorn.Server(config).run} if "target" in signature(Multiprocess).parameters else {}
    Multiprocess(config, sockets=[listener], **arguments).run()


def is_tested(version: str) -> bool:
    """Whether the bounded protocol was tested on a version of uvicorn; others serve with uvicorn's own protocol."""
    first, last = _TESTED
    found = re.match(r"(\d+)\.(\d+)", version)
    return found is not None and first <= (int(found[1]), int(found[2])) <= last


def _protocol(settings: Settings) -> Any:
    if not is_tested(uvicorn.__version__):
        _log.warning(
            "uvicorn %s is not a tested version: requests have no limits of size and time, and take longer",
            uvicorn.__version__,
        )
        return "auto"
    from refund_sandbox.server.bounded_protocol import BoundedProtocol, Limits
    from refund_sandbox.server.direct import Turn
    from refund_sandbox.server.header_cache import Heads

    limits = Limits(settings.max_header, read_duration(settings.request_timeout).total_seconds())
    return partial(BoundedProtocol, limits=limits, heads=Heads(), turn=Turn())


def multiply(listener: socket.socket) -> list[socket.socket]:
    """The listener as several sockets. Of each, uvloop takes one new connection a turn, and answers all others before the next.

    With one socket, the last of 64 clients that connect at once and ask at once waits for 64 turns.
    """
    return [listener, *[listener.dup() for _ in range(_LISTENERS - 1)]]


def _logging() -> dict[str, Any]:
    """As uvicorn logs, but all on stderr, and without what is secret in a query."""
    handlers = LOGGING_CONFIG["handlers"]
    access = {**handlers["access"], "stream": "ext://sys.stderr", "filters": ["secrets"]}
    return {**LOGGING_CONFIG, "filters": {"secrets": {"()": HideSecrets}}, "handlers": {**handlers, "access": access}}
