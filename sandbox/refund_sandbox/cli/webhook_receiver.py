"""HTTP server that receives webhooks, checks their signatures, and forwards them."""

import json
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from msgspec import Struct

from refund_sandbox.cli.user_errors import listen_error
from refund_sandbox.core.clock import write_instant
from refund_sandbox.core.webhooks.signature import SignatureCheck, check_signature

_FORWARD_TIMEOUT_S = 10
_CHECK_INTERVAL_S = 1.0
_NOT_FORWARDED = ("host", "content-length", "connection", "transfer-encoding", "accept-encoding")


class Received(Struct, frozen=True):
    """A webhook, and the status of its reply. `error` says why it was not forwarded."""

    at: str
    headers: Mapping[str, str]
    body: bytes
    signature: SignatureCheck
    status: int
    error: str = ""

    @property
    def document(self) -> Any:
        """The decoded body, or its text if it is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return self.body.decode(errors="replace")

    def to_document(self) -> dict[str, Any]:
        fields = {name: getattr(self, name) for name in ("at", "signature", "status", "headers")}
        return {**fields, "body": self.document, **({"error": self.error} if self.error else {})}


class _Server(ThreadingHTTPServer):
    """HTTP server with a periodic check."""

    daemon_threads = True
    check: Callable[[], None] = staticmethod(lambda: None)
    _next_check = 0.0

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stop if the reader of stdout has stopped."""
        if isinstance(sys.exc_info()[1], BrokenPipeError):
            self.shutdown()
        else:
            super().handle_error(request, client_address)

    def service_actions(self) -> None:
        if time.monotonic() > self._next_check:
            self.check()
            self._next_check = time.monotonic() + _CHECK_INTERVAL_S


class Receiver:
    """Receiver on an address; `show` gets each webhook. Without `forward_to`, it answers with `status`."""

    def __init__(
        self, address: tuple[str, int], secret: str, status: int, forward_to: str | None, show: Callable[[Received], None]
    ) -> None:
        self._secret = secret
        self._status = status
        self._forward_to = forward_to
        self._show = show
        receive = self._receive

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                self.send_response(receive({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_arguments: Any) -> None:
                """Print nothing: the webhook is shown."""

        try:
            self._server = _Server(address, Handler)
        except OSError as error:
            raise listen_error(address, error) from None
        self.url = f"http://{address[0]}:{self._server.server_address[1]}/"

    def __enter__(self) -> "Receiver":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.server_close()

    def serve(self, check: Callable[[], None]) -> None:
        """Receive until KeyboardInterrupt, and call `check` every few seconds."""
        self._server.check = check
        self._server.serve_forever(poll_interval=_CHECK_INTERVAL_S)

    def _receive(self, headers: Mapping[str, str], body: bytes) -> int:
        status, error = self._forward(headers, body) if self._forward_to else (self._status, "")
        at = write_instant(datetime.now(UTC))
        self._show(Received(at, headers, body, check_signature(headers, body, self._secret), status, error))
        return status

    def _forward(self, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        """Return the status of the other endpoint, or 502 with the reason."""
        import httpx2  # slow to import

        forwarded = {name: value for name, value in headers.items() if name not in _NOT_FORWARDED}
        assert self._forward_to
        try:
            answer = httpx2.post(self._forward_to, content=body, headers=forwarded, timeout=_FORWARD_TIMEOUT_S, trust_env=False)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            return 502, f"{self._forward_to}: {error or type(error).__name__}"
        return answer.status_code, ""
