"""Direct replies: a plain request gets its reply without an ASGI task or ASGI messages.

The task and the messages take about as long as a refund itself. Requests that need more than that go through ASGI.
"""

import re
from http import HTTPStatus
from typing import Any, cast

from starlette.types import Scope
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT

from refund_sandbox.server.answer import fill_scope, find_answer, no_answer, render_reply
from refund_sandbox.server.connection import Connection

_FOR_ASGI = frozenset((b"transfer-encoding", b"x-forwarded-proto", b"sec-fetch-site"))
"""Headers of requests that ASGI answers: a body without a declared length, one that uvicorn's middleware reads, a browser."""
_PLAIN_URL = re.compile(rb"/[!$&'()*+,./0-9:;=?@A-Z_a-z~-]*")
"""A path and query without percent-encoding, so that it needs no decoding."""


class DirectConnection(Connection):
    """Connection that calls the application's `answer` first, and ASGI otherwise.

    `_body_parts`: body of a request that may be answered directly; None if ASGI answers it. `_is_read`: it is complete.
    `_unsent`: reply that is written in the next iteration of the event loop.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._find_reply = find_answer(self.app)
        self._body_parts: list[bytes] | None = None
        self._is_read = False
        self._unsent = b""

    def on_headers_complete(self) -> None:
        if self._is_plain():
            self._body_parts = []
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self._body_parts is not None:
            self._body_parts.append(body)
        else:
            super().on_body(body)

    def on_message_begin(self) -> None:
        self._answer_now()
        super().on_message_begin()

    def on_message_complete(self) -> None:
        if self._body_parts is None:
            return super().on_message_complete()
        self._is_read = True
        self.loop.call_soon(self._answer_soon)
        return None

    def refuse(self, status: HTTPStatus, reason: str = "") -> None:
        self._answer_now()
        super().refuse(status, reason)

    def shutdown(self) -> None:
        self._answer_now()
        super().shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        self._answer_now()
        super().connection_lost(exc)

    def _answer_soon(self) -> None:
        """Answer the request that was read, and write the reply in the next iteration of the event loop.

        So the loop reads from all connections, then answers, then writes: system calls in between would empty the caches.
        """
        self._answer()
        self.loop.call_soon(self._send)

    def _answer_now(self) -> None:
        """Write the reply to the request that was read, before anything else happens on the connection."""
        self._answer()
        self._send()

    def _send(self) -> None:
        data, self._unsent = self._unsent, b""
        if data and not self.transport.is_closing():
            self.transport.write(data)

    def _answer(self) -> None:
        if not self._is_read:
            return
        self._is_read = False
        body, self._body_parts = b"".join(self._body_parts or ()), None
        scope = fill_scope(cast(Scope, self.scope), self.parser.get_method(), self.url, self.root_path)
        try:
            reply = self._find_reply(scope, body)
        except Exception:  # ASGI raises it again, and uvicorn logs it
            reply = None
        if reply:
            self._unsent += render_reply(scope, reply, self.server_state.default_headers)
            self.server_state.total_requests += 1
        else:
            super().on_headers_complete()
            super().on_body(body)
            super().on_message_complete()

    def _is_plain(self) -> bool:
        """Whether the request can be answered directly: no earlier request is open, and it needs no special handling."""
        headers = dict(self.headers)
        return (
            self._find_reply is not no_answer
            and (self.cycle is None or self.cycle.response_complete)
            and not (self.pipeline or self.flow.write_paused or self.expect_100_continue)
            and _PLAIN_URL.fullmatch(self.url) is not None
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
            and _FOR_ASGI.isdisjoint(headers)
            and int(headers.get(b"content-length", 0)) <= HIGH_WATER_LIMIT
        )
