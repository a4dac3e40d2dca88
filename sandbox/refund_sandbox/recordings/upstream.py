"""Requests to the live service. Each is sent at most once, on a connection of its own."""

import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

Headers = Sequence[tuple[bytes, bytes]]
_HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"upgrade",
    )
)
_READABLE = (b"gzip", b"x-gzip", b"deflate", b"identity")
"""Content encodings that a recording can read, so that no other is accepted."""
_CONNECT_TIMEOUT_S = 10.0


class NoLiveReply(Exception):
    """No whole reply came. `was_sent` is False if the service cannot have received the request."""

    def __init__(self, reason: str, *, was_sent: bool) -> None:
        super().__init__(reason)
        self.was_sent = was_sent


class LiveReply(Struct, frozen=True):
    """The head of a reply, and its body in pieces as they come."""

    status: int
    headers: Headers
    pieces: AsyncIterator[bytes]


class Upstream:
    """HTTP client of one service. Raises ValueError for a URL that is none, OSError for a file of certificates that is none."""

    def __init__(self, url: str, timeout_s: float, ca_file: Path | None = None) -> None:
        import httpx2  # slow to import

        self.parts = _split(url)
        self.host = self.parts.netloc.rpartition("@")[2]
        self.path = self.parts.path.rstrip("/")
        needs_tls = self.parts.scheme == "https" or ca_file is not None
        context: Any = ssl.create_default_context(cafile=str(ca_file) if ca_file else None) if needs_tls else False  # slow
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=0)  # an idle connection may break a request
        self._transport = httpx2.AsyncHTTPTransport(verify=context, limits=limits, retries=0, trust_env=False)
        self._timeout = {"connect": _CONNECT_TIMEOUT_S, "read": timeout_s, "write": timeout_s, "pool": None}
        self._errors = (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError)
        self._not_sent = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.UnsupportedProtocol, httpx2.LocalProtocolError)
        self._request: Any = httpx2.Request

    @property
    def sites(self) -> Sequence[str]:
        """Addresses of the service in replies."""
        both = {f"{scheme}://{self.host}" for scheme in ("http", "https")}
        return sorted({*both, *(f"{site}{self.path}" for site in both if self.path)})

    @asynccontextmanager
    async def send(self, method: str, target: bytes, headers: Headers, body: bytes) -> AsyncIterator[LiveReply]:
        """Send a request, and yield its reply. Raise NoLiveReply if none comes, or if its body ends too early."""
        sent = [(b"Host", self.host.encode("latin-1")), *_forwarded(headers)]
        extensions = {"target": target, "timeout": self._timeout}
        origin = f"{self.parts.scheme}://{self.host}/"
        request = self._request(method, origin, headers=sent, content=body or None, extensions=extensions)
        try:
            reply = await self._transport.handle_async_request(request)
        except self._errors as error:
            raise NoLiveReply(_reason(error), was_sent=not isinstance(error, self._not_sent)) from None
        try:
            yield LiveReply(reply.status_code, _end_to_end(reply.headers.raw), self._pieces(reply.stream))
        finally:
            await reply.aclose()

    async def _pieces(self, stream: Any) -> AsyncIterator[bytes]:
        try:
            async for piece in stream:
                yield piece
        except self._errors as error:
            raise NoLiveReply(_reason(error), was_sent=True) from None

    async def close(self) -> None:
        await self._transport.aclose()


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_valid = False
    if not is_valid or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(f"Invalid --target {url!r}. Use https://HOST or https://HOST/PATH, without user, query and fragment.")
    return parts


def _forwarded(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Return the headers of a request as they are sent on: with the service as host, and with encodings that can be read."""
    return [
        (name, _accepted(value) if name.lower() == b"accept-encoding" else value)
        for name, value in _end_to_end(headers)
        if name.lower() not in (b"host", b"expect")
    ]


def _accepted(value: bytes) -> bytes:
    chosen = [part for part in value.split(b",") if part.partition(b";")[0].strip().lower() in _READABLE]
    return b",".join(chosen).strip() or b"identity"


def _end_to_end(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Return headers without those of the connection. A chunked request stays chunked."""
    named = {part.strip().lower() for name, value in headers if name.lower() == b"connection" for part in value.split(b",")}
    return [(name, value) for name, value in headers if name.lower() not in _HOP_BY_HOP | named]
