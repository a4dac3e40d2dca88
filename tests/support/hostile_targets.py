"""Webhook targets that answer without end, slowly or never, byte for byte."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"
_MEBIBYTE = b"x" * 2**20


@dataclass
class HostileTarget:
    """A target on a port of its own. `requests` are the heads that came in."""

    url: str
    requests: list[bytes] = field(default_factory=list)
    closed: threading.Event = field(default_factory=threading.Event)


Answer = Callable[[socket.socket, threading.Event], None]
"""Function that answers one request, until the event is set."""


def endless(connection: socket.socket, closed: threading.Event) -> None:
    """Answer with a body of 1 GiB."""
    connection.sendall(HEAD)
    for _ in range(1024):
        if not closed.is_set():
            connection.sendall(_MEBIBYTE)


def dripping(connection: socket.socket, closed: threading.Event) -> None:
    """Answer with a body of one byte each 20 ms."""
    connection.sendall(HEAD)
    while not closed.wait(0.02):
        connection.sendall(b"x")


def dripping_head(connection: socket.socket, closed: threading.Event) -> None:
    """Answer with a head of one byte each 20 ms."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nx: ")
    while not closed.wait(0.02):
        connection.sendall(b"x")


def silent(_connection: socket.socket, closed: threading.Event) -> None:
    """Answer never."""
    closed.wait()


def redirecting_to(url: str) -> Answer:
    """Return an answer that redirects to another URL, with the method and body of the request."""
    head = f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n".encode()
    return lambda connection, _: connection.sendall(head)


@contextmanager
def hostile_target(answer: Answer) -> Iterator[HostileTarget]:
    """Listen until the end of the block."""
    with socket.create_server(("127.0.0.1", 0), backlog=200) as listener:
        target = HostileTarget(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        threading.Thread(target=_serve, args=(listener, answer, target), daemon=True).start()
        yield target
        target.closed.set()
        listener.shutdown(socket.SHUT_RDWR)


def _serve(listener: socket.socket, answer: Answer, target: HostileTarget) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_answer, args=(connection, answer, target), daemon=True).start()


def _answer(connection: socket.socket, answer: Answer, target: HostileTarget) -> None:
    with connection, contextlib.suppress(OSError):
        target.requests.append(connection.recv(65536))
        answer(connection, target.closed)
