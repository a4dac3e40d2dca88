"""Access log: a line for each request, with secrets of the query hidden."""

import logging
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from refund_sandbox.core.asgi import note_transport
from refund_sandbox.core.context import Reply
from refund_sandbox.core.redaction import hide_fields
from refund_sandbox.server.answer import find_answer

LOGGER = "refund_sandbox.access"
_log = logging.getLogger(LOGGER)


class AccessLog:
    """Application that logs the requests of another: method, path, status and duration."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._answer = find_answer(app)

    def answer(self, scope: Scope, body: bytes) -> Reply | None:
        started = perf_counter()
        reply = self._answer(scope, body)
        if reply:
            _write(scope, reply.status, started)
        return reply

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        note_transport(scope, send)
        started, status = perf_counter(), None

        async def send_and_note(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        finally:
            _write(scope, status, started)


def _write(scope: Scope, status: int | None, started: float) -> None:
    """Log a request. It has no status if a fault or the client closed the connection before the reply."""
    query = b"?" + scope["query_string"] if scope["query_string"] else b""
    url = hide_fields((scope["raw_path"] + query).decode("ascii", "backslashreplace"))
    _log.info("%s %s %s %.1f ms", scope["method"], url, status or "no reply", (perf_counter() - started) * 1000)
