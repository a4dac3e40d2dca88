"""Requests of a comparison over HTTP. Each is sent once: nothing is retried, and no redirect is followed."""

import time
from types import TracebackType
from typing import Any

from refund_sandbox import __version__
from refund_sandbox.core.verification import Case, LiveServiceError, ReceivedReply
from refund_sandbox.verify.comparison import read_body

TIMEOUT_S = 30.0
_USER_AGENT = f"refund-sandbox-verify/{__version__}"
MAX_REPLY_BYTES = 16 * 1024 * 1024


class NoReply(LiveServiceError):
    """A request was sent, or may have been sent, and no whole reply came back."""


class HttpExchange:
    """HTTP client of one server. A case's path is below the base URL, or a URL of its own."""

    def __init__(self, base_url: str, timeout_s: float = TIMEOUT_S, *, is_own: bool = False) -> None:
        """`is_own` is the sandbox of this process, to which no proxy leads."""
        import httpx2  # takes 0.13 s to import

        self._base_url = base_url
        self._timeout_s = timeout_s
        self._errors = (httpx2.HTTPError, httpx2.InvalidURL)
        self._client = httpx2.Client(
            timeout=timeout_s,
            follow_redirects=False,
            limits=httpx2.Limits(max_keepalive_connections=0),  # a connection that the server has closed would lose a request
            trust_env=not is_own,
            headers={"User-Agent": _USER_AGENT},
        )

    def send(self, case: Case) -> ReceivedReply:
        """Send a request once. Raise NoReply."""
        self._client.cookies.clear()  # a cookie would log in a request that must have no login
        url = case.path if "://" in case.path else self._base_url + case.path
        try:
            with self._client.stream(case.method, url, headers=dict(case.headers), content=case.content) as reply:
                content = self._read(reply)
        except self._errors as error:
            raise NoReply(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__) from None
        headers = {name.lower(): value for name, value in reply.headers.items()}
        return ReceivedReply(reply.status_code, headers, read_body(content))

    def _read(self, reply: Any) -> bytes:
        content, deadline = bytearray(), time.monotonic() + self._timeout_s
        for chunk in reply.iter_bytes():
            content += chunk
            if time.monotonic() > deadline:  # the time-out of the client is for each chunk
                raise NoReply(f"The body of the reply was not complete after {self._timeout_s:g} s.")
            if len(content) > MAX_REPLY_BYTES:
                raise NoReply(f"The reply is longer than {MAX_REPLY_BYTES} bytes.")
        return bytes(content)

    def __enter__(self) -> "HttpExchange":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._client.close()
