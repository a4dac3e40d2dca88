"""Reverse proxy between a client and a live service, which records each exchange."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace
from starlette.types import Receive, Scope, Send

from refund_sandbox.core.api import Api
from refund_sandbox.core.asgi import (
    NO_BODY_STATUSES,
    Disconnected,
    close_cancelled,
    hang_up,
    is_gone,
    note_transport,
    read_body,
    read_request,
)
from refund_sandbox.core.context import Request
from refund_sandbox.core.documents import readable
from refund_sandbox.recordings.exchange import RecordedExchange
from refund_sandbox.recordings.operation_paths import changes_data, find_operation
from refund_sandbox.recordings.upstream import LiveReply, NoLiveReply, Upstream

MAX_REQUEST_BYTES = 16 * 1024 * 1024
MAX_RECORDED_BYTES = 4 * 1024 * 1024
"""Size of a reply up to which it is recorded. A larger one is passed on all the same."""
_MAX_READ_BYTES = MAX_RECORDED_BYTES
_JSON = [(b"content-type", b"application/json")]
_TEXT = [(b"content-type", b"text/plain; charset=utf-8")]

Record = Callable[[RecordedExchange], Awaitable[None]]


class RecordingProxy:
    """ASGI application that sends each request on, once, and passes the reply back as it is.

    `record` gets each exchange after its reply. Requests about the same order wait for each other, so that the states before
    and after belong to one request.
    """

    def __init__(self, upstream: Upstream, apis: Mapping[str, Api], record: Record) -> None:
        self._upstream = upstream
        self._apis = apis
        self._record = record
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        note_transport(scope, send)
        with suppress(Disconnected):
            body = await read_body(scope, receive, MAX_REQUEST_BYTES)
            if body is None:
                await _reply(send, 413, f"The body is larger than {MAX_REQUEST_BYTES} bytes. The request was not sent on.")
                return
            await self._exchange(scope, receive, send, body)

    async def _exchange(self, scope: Scope, receive: Receive, send: Send, body: bytes) -> None:
        request = read_request(scope, body)
        request = replace(request, path=self._upstream.path + request.path)
        found = find_operation(self._apis, request)
        recording = found.api.descriptor.recording if found else None
        order_id = recording.find_order(found.match, found.request) if found and recording else None
        exchange = RecordedExchange(request, datetime.now(UTC), found=found, order_id=order_id)
        if order_id is None:
            await self._record(await self._forward(exchange, scope, receive, send))
            return
        async with self._locks[order_id]:
            exchange = replace(exchange, before=await self._read_order(exchange, scope))
            if is_gone(scope):
                return  # nothing was sent, so the client may send it again
            done = await self._forward(exchange, scope, receive, send)
            after: Sequence[Any] = ()
            if done.status is not None and changes_data(found):
                with suppress(asyncio.CancelledError):  # the proxy ends: the reply is recorded all the same
                    after = await self._read_order(done, scope)
            await self._record(replace(done, after=after))

    async def _forward(self, exchange: RecordedExchange, scope: Scope, receive: Receive, send: Send) -> RecordedExchange:
        """Send the request and pass the reply on. Return the exchange with the reply, or with the reason why there is none."""
        request = exchange.request
        head: LiveReply | None = None
        try:
            async with self._upstream.send(request.method, _target(request), scope["headers"], request.body) as head:
                content = await _pass_on(head, send)
        except NoLiveReply as error:
            if head is None:
                await _reply(send, 502, f"No reply from the live service: {error}")
            else:
                await close_cancelled(scope, receive)
            return replace(exchange, error=f"{'' if error.was_sent else 'not sent, '}{error}")
        except asyncio.CancelledError:  # the proxy ends
            hang_up(scope)
            return replace(exchange, error="the recording ended before a reply came")
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers]
        return replace(exchange, status=head.status, headers=headers, content=content)

    async def _read_order(self, exchange: RecordedExchange, scope: Scope) -> Sequence[Any]:
        """Return the bodies of the reads of the order, with the credentials of the request. Empty if one of them fails."""
        found, order_id = exchange.found, exchange.order_id
        assert found and order_id and found.api.descriptor.recording
        recording = found.api.descriptor.recording
        own = [(name, value) for name, value in scope["headers"] if name.decode("latin-1").lower() in recording.CREDENTIALS]
        bodies: list[Any] = []
        for read in recording.order_reads(found.match, found.request, order_id):
            content = b"" if read.body is None else json.dumps(read.body).encode()
            headers = [*own, *(_JSON if content else ())]
            body = await self._read(read.method, f"{found.prefix}{read.path}".encode(), headers, content)
            if body is None:
                return ()
            bodies.append(body)
        return bodies

    async def _read(self, method: str, target: bytes, headers: Sequence[tuple[bytes, bytes]], content: bytes) -> Any:
        with suppress(NoLiveReply):
            async with self._upstream.send(method, target, headers, content) as reply:
                body = b""
                async for piece in reply.pieces:
                    body += piece
                    if len(body) > _MAX_READ_BYTES:
                        return None
                return readable(body.decode("utf-8", "replace")) if reply.status == 200 else None
        return None

    async def close(self) -> None:
        await self._upstream.close()


async def _pass_on(reply: LiveReply, send: Send) -> bytes | None:
    """Send a reply to the client, piece by piece. Return its body, or None for one that is too large to be recorded."""
    pieces: list[bytes] = []
    size = 0
    await send({"type": "http.response.start", "status": reply.status, "headers": _sent_back(reply)})
    async for piece in reply.pieces:
        size += len(piece)
        if size <= MAX_RECORDED_BYTES:
            pieces.append(piece)
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
    return b"".join(pieces) if size <= MAX_RECORDED_BYTES else None


def _target(request: Request) -> bytes:
    return (f"{request.path}?{request.query}" if request.query else request.path).encode("latin-1")


def _sent_back(reply: LiveReply) -> list[tuple[bytes, bytes]]:
    """Return the headers for the client. The server of the proxy chunks a body without a length itself."""
    dropped = [b"transfer-encoding", *([b"content-length"] if reply.status in NO_BODY_STATUSES else [])]
    return [(name.lower(), value) for name, value in reply.headers if name.lower() not in dropped]


async def _reply(send: Send, status: int, text: str) -> None:
    content = text.encode()
    headers = [*_TEXT, (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
