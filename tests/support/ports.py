"""Ports for programs that can't take any free one and say which."""

import secrets
import socket
from contextlib import suppress

_FIRST, _COUNT = 20_000, 12_000
"""Ports below those that a kernel gives to sockets without one: 32768 and above on Linux. Nobody takes one meanwhile."""


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port on which nobody listens."""
    while True:
        port = _FIRST + secrets.randbelow(_COUNT)  # `random` may have the same seed in several processes
        with suppress(OSError), socket.create_server((host, port)):
            return port
