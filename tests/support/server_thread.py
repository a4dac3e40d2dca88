"""An application on a socket, served as the sandbox serves its own, by a thread of the tests."""

import socket
import threading
from dataclasses import dataclass
from typing import Any

from uvicorn.server import ServerState

from refund_sandbox.server.uvicorn_server import GuestServer, make_guest_server
from refund_sandbox.settings import Settings
from tests.support.waiting import wait_until


@dataclass(frozen=True)
class Listening:
    """A running server."""

    address: tuple[str, int]
    server: GuestServer
    thread: threading.Thread

    @property
    def url(self) -> str:
        return f"http://{self.address[0]}:{self.address[1]}"

    def stop(self) -> None:
        """Stop without waiting for calls in progress."""
        self.server.stop()
        self.thread.join(10)


def listen(app: Any, settings: Settings | None = None, port: int = 0, root_path: str = "") -> Listening:
    """Start a server on a free port or a given one. `root_path` is the prefix that a proxy has removed."""
    listener = socket.create_server(("127.0.0.1", port))
    server = make_guest_server(app, settings or Settings(), root_path=root_path)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    return Listening(listener.getsockname(), server, thread)


class Client:
    """A transport that records what was written, for a protocol without a socket."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.closed = self.aborted = False

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True

    def is_closing(self) -> bool:
        return self.closed

    def get_extra_info(self, _name: str, default: Any = None) -> Any:
        return default

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading


def connect(app: Any, client: Client, settings: Settings | None = None) -> Any:
    """Return the protocol of a connection without a socket."""
    config = make_guest_server(app, settings or Settings()).config
    config.load()
    protocol: Any = config.http_protocol_class(config=config, server_state=ServerState(), app_state={})  # type: ignore[call-arg]
    protocol.connection_made(client)
    return protocol
