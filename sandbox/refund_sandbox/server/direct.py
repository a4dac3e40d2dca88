"""Direct replies: a plain request gets its reply without an ASGI task or ASGI messages.

The task and the messages take about as long as a refund itself. Requests that need more than that go through ASGI.
"""

import asyncio
import re
from http import HTTPStatus
from typing import Any, NamedTuple, cast

from starlette.types import Scope
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT

from refund_sandbox.server.answer import fill_scope, find_direct, leave_to_asgi, render_reply
from refund_sandbox.server.connection import Connection

_FOR_ASGI = frozenset((b"transfer-encoding", b"x-forwarded-proto", b"sec-fetch-site"))
"""Headers of requests that ASGI answers: a body without a declared length, one that uvicorn's middleware reads, a browser."""
_PLAIN_URL = re.compile(rb"/[!$&'()*+,./0-9:;=?@A-Z_a-z~-]*")
"""A path and query without percent-encoding, so that it needs no decoding."""


class _Begun(NamedTuple):
    """Request that waits for a database, and the future that is done then."""

    scope: Scope
    body: bytes
    future: "asyncio.Future[Any]"


class DirectConnection(Connection):
    """Connection that calls the application's `answer` or `begin` first, and ASGI otherwise.

    `_body_parts`: body of a request that may be answered directly; None if ASGI answers it. `_is_read`: it is complete.
    `_unsent`: reply that is written in the next iteration of the event loop. `_begun`: request that waits for a database.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._find_reply, self._begin = find_direct(self.app)
        self._body_parts: list[bytes] | None = None
        self._is_read = False
        self._unsent = b""
        self._begun: _Begun | None = None

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

    def refuse(self, status: HTTPStatus) -> None:
        self._answer_now()
        super().refuse(status)

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
        """Write the reply to the request that was read, before anything else happens on the connection.

        ASGI continues a request that waits for a database.
        """
        self._answer()
        if self._begun:
            self._continue_in_asgi(self._begun)
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
        if self._write_reply(scope, body):
            return
        try:
            future = self._begin(scope, body)
        except Exception:  # as above
            future = None
        if future:
            self._begun = _Begun(scope, body, future)
            future.add_done_callback(self._answer_late)
        else:
            self._start_asgi(body)

    def _write_reply(self, scope: Scope, body: bytes) -> bool:
        """Keep the reply for the next `_send`. Return False if the application leaves it to ASGI."""
        try:
            reply = self._find_reply(scope, body)
        except Exception:  # ASGI raises it again, and uvicorn logs it
            reply = None
        if reply is None:
            return False
        self._unsent += render_reply(scope, reply, self.server_state.default_headers)
        self.server_state.total_requests += 1
        return True

    def _start_asgi(self, body: bytes) -> None:
        super().on_headers_complete()
        super().on_body(body)
        super().on_message_complete()

    def _answer_late(self, future: "asyncio.Future[Any]") -> None:
        """Write the reply to a request that has waited for a database, unless ASGI has continued it meanwhile."""
        begun = self._begun
        if begun is None or begun.future is not future:
            return
        if self._write_reply(begun.scope, begun.body):
            self._begun = None
            self.on_late_reply()
            self._send()
        else:
            self._continue_in_asgi(begun)

    def on_late_reply(self) -> None:
        """Do nothing: limits count from here."""

    def _continue_in_asgi(self, begun: "_Begun") -> None:
        self._begun = None
        self._start_asgi(begun.body)

    def is_answering(self) -> bool:
        return self._begun is not None or super().is_answering()

    def _is_plain(self) -> bool:
        """Whether the request can be answered directly: no earlier request is open, and it needs no special handling."""
        headers = dict(self.headers)
        return (
            self._find_reply is not leave_to_asgi
            and (self.cycle is None or self.cycle.response_complete)
            and not (self.pipeline or self.flow.write_paused or self.expect_100_continue)
            and _PLAIN_URL.fullmatch(self.url) is not None
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
            and _FOR_ASGI.isdisjoint(headers)
            and int(headers.get(b"content-length", 0)) <= HIGH_WATER_LIMIT
        )
