"""Client of the control API that shows progress while it waits for a reply."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

from refund_sandbox.cli.progress import progress
from refund_sandbox.core.workspaces.state_document import WrittenState
from refund_sandbox.settings import read_client_options
from refund_sandbox.testing.control_client import Client

_CHUNK_BYTES = 128 * 1024
_TIMEOUT_S = 600
"""Time for a reply. Some changes of a large state take minutes."""


class WaitingClient(Client):
    """Client that shows the progress of slow requests, and sends and receives large states in pieces."""

    def __init__(self, url: str, *, token: str | None = None, timeout: float = 30) -> None:
        super().__init__(url, token=token, timeout=timeout)
        self._started = time.monotonic()

    def call(self, method: str, path: str, document: Any = None) -> Any:
        with progress(f"{method} /_sandbox{path.partition('?')[0]}", self._started):
            return super().call(method, path, document)

    @contextmanager
    def download_state(self) -> Iterator[WrittenState]:
        """Yield the state document while it comes."""
        with self._stream("/state") as response:
            orders, entries = response.headers.get("X-Sandbox-Orders"), response.headers.get("X-Sandbox-Entries")
            pieces = iter(partial(response.read1, _CHUNK_BYTES), b"")
            yield WrittenState(json.loads(orders or "{}"), int(entries or 0), self._received(pieces))

    def upload_state(self, chunks: Iterator[bytes], size: int, kind: str) -> Mapping[str, int]:
        """Replace the state by a document of a Content-Type, which is sent in chunks. Return the number of orders by API."""
        headers = {"Content-Type": kind, "Content-Length": str(size)}
        status, content = self._send_once("PUT", "/state", chunks, headers)
        orders: Mapping[str, int] = self._document_of(status, content).get("orders", {})
        return orders

    def send(self, method: str, path: str, document: Any, headers: Mapping[str, str]) -> tuple[int, Any]:
        with progress(f"{method} {path}", self._started):
            return super().send(method, path, document, headers)


def connect(*, url: str | None, token: str | None, workspace: str | None, timeout: float = _TIMEOUT_S) -> WaitingClient:
    """Return a client from flags and variables. Raises Unreachable for an invalid URL."""
    options = read_client_options({"url": url, "token": token, "workspace": workspace})
    client = WaitingClient(options["url"], token=options["token"], timeout=timeout)
    return cast(WaitingClient, client.within(options["workspace"])) if options["workspace"] else client
