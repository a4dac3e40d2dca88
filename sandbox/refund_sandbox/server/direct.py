"""Direct replies: a plain request gets its reply without an ASGI task or ASGI messages.

The task and the messages take about as long as a refund itself. Requests that need more than that go through ASGI.
"""

import re
from http import HTTPStatus
from typing import Any, cast

from starlette.types import Scope
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT

from refund_sandbox.server.answer import find_answer, no_answer, render_reply
from refund_sandbox.server.connection import Connection

_FOR_ASGI = frozenset((b"transfer-encoding", b"x-forwarded-proto"))
"""Headers of requests that ASGI answers: a body without a declared length, and one that uvicorn's middleware reads."""
_PLAIN_URL = re.compile(rb"/[!$&'()*+,./0-9:;=?@A-Z_a-z~-]*")
"""A path and query without percent-encoding, so that it needs no decoding."""


class DirectConnection(Connection):
    """Connection that calls the application's `answer` first, and ASGI otherwise.

    `_body_parts`: body of a request that may be answered directly; None if ASGI answers it. `_is_read`: it is complete.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._answer = find_answer(self.app)
        self._body_parts: list[bytes] | None = None
        self._is_read = False

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
        self.loop.call_soon(self._answer_now)
        return None

    def refuse(self, status: HTTPStatus) -> None:
        self._answer_now()
        super().refuse(status)

    def shutdown(self) -> None:
        self._answer_now()
        super().shutdown()

    def _answer_now(self) -> None:
        """Answer the request that was read, if it has no reply yet.

        The event loop calls this after it has read from all connections. System calls between two requests would empty the
        processor's caches: with 16 connections, a request then takes a quarter longer.
        """
        if not self._is_read or self.parser is None:
            return
        self._is_read = False
        scope, body, self._body_parts = self._fill_scope(), b"".join(self._body_parts or ()), None
        try:
            reply = self._answer(scope, body)
        except Exception:  # ASGI raises it again, and uvicorn logs it
            reply = None
        if reply:
            self.transport.write(render_reply(scope, reply, self.server_state.default_headers))
            self.server_state.total_requests += 1
        else:
            super().on_headers_complete()
            super().on_body(body)
            super().on_message_complete()

    def _is_plain(self) -> bool:
        """Whether the request can be answered directly: no earlier request is open, and it needs no special handling."""
        headers = dict(self.headers)
        return (
            self._answer is not no_answer
            and (self.cycle is None or self.cycle.response_complete)
            and not (self.pipeline or self.flow.write_paused or self.expect_100_continue)
            and _PLAIN_URL.fullmatch(self.url) is not None
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
            and _FOR_ASGI.isdisjoint(headers)
            and int(headers.get(b"content-length", 0)) <= HIGH_WATER_LIMIT
        )

    def _fill_scope(self) -> Scope:
        """Return the ASGI scope of the request."""
        path, _, query = self.url.partition(b"?")
        scope = cast(Scope, self.scope)
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["path"] = self.root_path + path.decode("ascii")
        scope["raw_path"], scope["query_string"] = self.root_path.encode("ascii") + path, query
        return scope
