"""Calls of the control API without a socket, for a sandbox in this process. A call over HTTP takes four times as long."""

from os import getpid
from typing import Any
from urllib.parse import urlsplit

from refund_sandbox.app import SandboxApp
from refund_sandbox.core.asgi import Fields
from refund_sandbox.core.workspaces.registry import DEFAULT, NAME, set_name


class DirectCalls:
    """Control API of a sandbox in this process. It answers in the thread of the caller, like one more request."""

    def __init__(self, sandbox: SandboxApp, url: str, token: str | None) -> None:
        self._control = sandbox.build_control()
        self._scheme, self._host = urlsplit(url).scheme, urlsplit(url).netloc
        token_header = ((b"authorization", f"Bearer {token}".encode()),) if token else ()
        self._headers: Fields = ((b"host", self._host.encode()), (b"content-type", b"application/json"), *token_header)

        self._process: int | None = getpid()
        """Process of the sandbox. A forked child has only a copy of its data."""

    def close(self) -> None:
        """Answer nothing any more: the sandbox has stopped."""
        self._process = None

    def __call__(self, method: str, target: str, body: bytes) -> tuple[int, bytes] | None:
        """Return status and body of the reply. Return None for a request that only the server can answer."""
        if self._process != getpid():
            return None
        path, _, query = target.partition("?")
        root, _, path = path.partition("/_sandbox")
        name = root.removeprefix("/w/") if root else DEFAULT
        if not NAME.fullmatch(name):
            return None
        scope: dict[str, Any] = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "scheme": self._scheme,
            "root_path": root,
            "headers": self._headers,
            "server": (self._host.partition(":")[0], int(self._host.partition(":")[2])),
            "state": {},
        }
        set_name(scope, name)
        response = self._control.answer(scope, body)
        return None if response is None else (response.status_code, bytes(response.body))
