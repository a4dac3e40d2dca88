"""Proxy between psycopg and a PostgreSQL server that counts round trips, and can break a connection."""

import select
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from sqlalchemy import URL, make_url

_BUFFER_BYTES = 1 << 20


class RoundTrips:
    """Proxy on a Unix socket. `url` leads to the server through it.

    A round trip is: bytes of the client, then bytes of the server. Those that open a connection count too.
    """

    def __init__(self, folder: Path, target: URL) -> None:
        self.count = 0
        self.url = target.set(host=None, port=None, query={**target.query, "host": str(folder)}).render_as_string(False)
        self._target = target
        self._marker: bytes | None = None
        self._is_forwarded = False
        self._lock = threading.Lock()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / ".s.PGSQL.5432"))
        self._listener.listen()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def break_at(self, marker: bytes, *, is_forwarded: bool) -> None:
        """Close the connection whose client sends `marker`, after the server replied to it, or before the server sees it."""
        self._marker, self._is_forwarded = marker, is_forwarded

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _connect(self) -> socket.socket:
        host = self._target.host or str(self._target.query["host"])
        if not host.startswith("/"):
            return socket.create_connection((host, self._target.port or 5432))
        server = socket.socket(socket.AF_UNIX)
        server.connect(f"{host}/.s.PGSQL.{self._target.port or 5432}")
        return server

    def _serve(self, client: socket.socket) -> None:
        with ExitStack() as stack, suppress(OSError):
            server = stack.enter_context(self._connect())
            stack.enter_context(client)
            self._forward(client, server)

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        is_awaited = False
        while True:
            for ready in select.select([client, server], [], [])[0]:
                data = ready.recv(_BUFFER_BYTES)
                if not data or (ready is client and self._breaks(data, server)):
                    return
                if ready is server and is_awaited:
                    with self._lock:
                        self.count += 1
                is_awaited = ready is client
                (server if ready is client else client).sendall(data)

    def _breaks(self, data: bytes, server: socket.socket) -> bool:
        if self._marker is None or self._marker not in data:
            return False
        self._marker = None
        if self._is_forwarded:
            server.sendall(data)
            server.recv(_BUFFER_BYTES)
        return True


@contextmanager
def count_round_trips(url: str) -> Iterator[RoundTrips]:
    """A counting proxy in front of the server of `url`."""
    with tempfile.TemporaryDirectory(prefix="refund-sandbox-", ignore_cleanup_errors=True) as folder:
        counter = RoundTrips(Path(folder), make_url(url))
        try:
            yield counter
        finally:
            counter.close()
