"""A webhook target on a real socket, which answers what a test tells it to and remembers what it got."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WAIT = 15.0
"""Seconds that a delivery may take before a test gives up."""


@dataclass(frozen=True)
class Received:
    """One POST, with when it came, in seconds of a monotonic clock."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)


@dataclass
class Receiver:
    """`statuses` are answered in turn, then 200; `slow` is how many seconds each answer takes."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    slow: float = 0
    received: list[Received] = field(default_factory=list)

    def wait_for(self, count: int) -> list[Received]:
        """The first so many POSTs. Fails when they don't come."""
        deadline = time.monotonic() + WAIT
        while len(self.received) < count:
            assert time.monotonic() < deadline, f"{len(self.received)} of {count} deliveries came"
            time.sleep(0.01)
        return self.received[:count]


@contextmanager
def listening(**told: Any) -> Iterator[Receiver]:
    """A receiver on a port of its own."""
    receiver = Receiver(**told)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = receiver.statuses.pop(0) if receiver.statuses else 200
            receiver.received.append(Received(self.path, headers, body))
            time.sleep(receiver.slow)
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    yield receiver
    server.shutdown()
    server.server_close()
    thread.join(10)
