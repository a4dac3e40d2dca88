"""Client of the control API that shows progress while it waits for a reply."""

import time
from collections.abc import Mapping
from typing import Any

from refund_sandbox.cli.progress import progress
from refund_sandbox.settings import read_client_options
from refund_sandbox.testing.control_client import Client

_TIMEOUT_S = 600
"""Time for a reply. Some changes of a large state take minutes."""


class WaitingClient(Client):
    """Client of a command."""

    def __init__(self, url: str, *, token: str | None = None, timeout: float = 30) -> None:
        super().__init__(url, token=token, timeout=timeout)
        self._started = time.monotonic()

    def call(self, method: str, path: str, document: Any = None) -> Any:
        with progress(f"{method} /_sandbox{path.partition('?')[0]}", self._started):
            return super().call(method, path, document)

    def send(self, method: str, path: str, document: Any, headers: Mapping[str, str]) -> tuple[int, Any]:
        with progress(f"{method} {path}", self._started):
            return super().send(method, path, document, headers)


def connect(*, url: str | None, token: str | None, workspace: str | None, timeout: float = _TIMEOUT_S) -> Client:
    """Return a client from flags and variables. Raises Unreachable for an invalid URL."""
    options = read_client_options({"url": url, "token": token, "workspace": workspace})
    client = WaitingClient(options["url"], token=options["token"], timeout=timeout)
    return client.within(options["workspace"]) if options["workspace"] else client
