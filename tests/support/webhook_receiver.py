"""Webhook endpoint on a real socket. It gives the replies that a test sets, and lists the deliveries."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WAIT_S = 30.0
"""Time that a delivery may take before a test fails."""


@dataclass(frozen=True)
class Received:
    """One POST, with its time in seconds of a monotonic clock."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)


@dataclass
class Receiver:
    """An endpoint that answers with these statuses one after the other, then with 200, each after `slow` seconds."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    slow: float = 0
    received: list[Received] = field(default_factory=list)
    _came: threading.Condition = field(default_factory=threading.Condition)
    _closed: threading.Event = field(default_factory=threading.Event)

    def wait_for(self, count: int) -> list[Received]:
        """Return the first `count` POSTs. Fail if they do not arrive."""
        with self._came:
            complete = self._came.wait_for(lambda: len(self.received) >= count, WAIT_S)
        assert complete, f"{len(self.received)} of {count} deliveries came"
        return self.received[:count]

    def answer(self, received: Received) -> int:
        """Record a POST and return the status of its answer, after the time that an answer takes."""
        with self._came:
            status = self.statuses.pop(0) if self.statuses else 200
            self.received.append(received)
            self._came.notify_all()
        self._closed.wait(self.slow)
        return status

    def close(self) -> None:
        """Answer without delay from now on."""
        self._closed.set()


@contextmanager
def listening(**fields: Any) -> Iterator[Receiver]:
    """A receiver on a port of its own."""
    receiver = Receiver(**fields)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(receiver.answer(Received(self.path, headers, body)))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    yield receiver
    receiver.close()
    server.shutdown()
    server.server_close()
    thread.join(10)
