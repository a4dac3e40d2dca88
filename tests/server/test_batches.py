"""Requests of one event loop iteration are answered as a batch, with the same replies as one by one."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from refund_sandbox.app import SandboxApp, build
from refund_sandbox.core.context import Reply
from refund_sandbox.server.direct import RequestBatch
from refund_sandbox.server.header_cache import HeaderCache
from refund_sandbox.server.uvicorn_server import configure
from refund_sandbox.settings import Settings
from tests.support import raw_http
from tests.support.server_thread import Client

GET = b"GET /%d HTTP/1.1\r\nhost: x\r\n\r\n"
CONNECTIONS = 5


class App:
    """Records the requests of each batch; paths that end with 9 are for ASGI."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def answer_batch(self, requests: Sequence[tuple[Scope, bytes]]) -> list[Reply | None]:
        self.batches.append([scope["path"] for scope, _ in requests])
        return [None if path.endswith("9") else Reply({}, content=path.encode()) for path in self.batches[-1]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        content = b"ASGI" + scope["path"].encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(content))]})
        await send({"type": "http.response.body", "body": content})


class Connection:
    """A connection that has sent a request before, so that its head is known."""

    def __init__(self, config: Any, header_cache: HeaderCache, batch: RequestBatch) -> None:
        self.protocol = config.http_protocol_class(
            config=config, server_state=ServerState(), app_state={}, header_cache=header_cache, batch=batch
        )
        self.client = Client()
        self.protocol.connection_made(self.client)
        self.protocol.data_received(GET % 0)

    def reply_bodies(self) -> list[bytes]:
        """Return the bodies of the replies so far."""
        return [answer.body for answer in raw_http.read_answers(self.client.written)]


async def connect(app: App) -> list[Connection]:
    config = configure(app, Settings(), log_level="critical", lifespan="off")
    config.load()
    header_cache, batch = HeaderCache(), RequestBatch()
    connections = [Connection(config, header_cache, batch) for _ in range(CONNECTIONS)]
    await pause()
    app.batches.clear()
    return connections


async def pause() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_requests_of_one_event_loop_iteration_are_one_batch() -> None:
    async def talk(app: App) -> None:
        connections = await connect(app)
        for number, one in enumerate(connections, 1):
            one.protocol.data_received(GET % number)
        assert [one.reply_bodies() for one in connections] == [[b"/0"]] * CONNECTIONS
        await pause()

        assert [one.reply_bodies() for one in connections] == [[b"/0", b"/%d" % number] for number in range(1, CONNECTIONS + 1)]
        assert app.batches == [[f"/{number}" for number in range(1, CONNECTIONS + 1)]]

    asyncio.run(talk(App()))


def test_a_request_for_asgi_does_not_delay_the_others() -> None:
    async def talk(app: App) -> None:
        first, second, third, *_ = await connect(app)
        for one, number in ((first, 1), (second, 29), (third, 3)):
            one.protocol.data_received(GET % number)
        await pause()

        assert [one.reply_bodies()[1:] for one in (first, second, third)] == [[b"/1"], [b"ASGI/29"], [b"/3"]]
        second.protocol.data_received(GET % 4)
        await pause()
        assert second.reply_bodies()[2:] == [b"/4"]

    asyncio.run(talk(App()))


@pytest.mark.parametrize("then", [GET % 2, b"GET /2 HT", b"NONSENSE\r\n\r\n", GET % 29])
def test_more_bytes_in_the_same_iteration_are_answered_after_the_pending_request(then: bytes) -> None:
    async def talk(app: App) -> None:
        first, second, *_ = await connect(app)
        second.protocol.data_received(GET % 5)
        first.protocol.data_received(GET % 1)
        first.protocol.data_received(then)
        await pause()

        assert first.reply_bodies()[1] == b"/1"
        assert second.reply_bodies()[1:] == [b"/5"]
        assert app.batches[0] == ["/5", "/1"]

    asyncio.run(talk(App()))


@pytest.mark.parametrize("end", ["shutdown", "connection_lost", "timeout_keep_alive_handler"])
def test_a_pending_request_is_answered_before_the_connection_ends(end: str) -> None:
    async def talk(app: App) -> None:
        first, second, *_ = await connect(app)
        first.protocol.data_received(GET % 1)
        second.protocol.data_received(GET % 2)
        getattr(first.protocol, end)(*([None] if end == "connection_lost" else []))
        assert app.batches == [["/1", "/2"]]
        assert first.reply_bodies()[1:] == [b"/1"]
        await pause()
        assert second.reply_bodies()[1:] == [b"/2"]

    asyncio.run(talk(App()))


def scope_of(call: bytes) -> tuple[Scope, bytes]:
    head, _, body = call.partition(b"\r\n\r\n")
    line, *fields = head.split(b"\r\n")
    method, path, _ = line.split(b" ")
    headers = [tuple(field.split(b": ", 1)) for field in fields]
    scope = {"type": "http", "method": method.decode(), "path": path.decode(), "raw_path": path, "query_string": b""}
    return {**scope, "headers": headers, "state": {}}, body


def refunds(api: str, *amounts: str) -> list[tuple[Scope, bytes]]:
    """Refunds of one order, amounts in major units."""
    if api == "funnelfox":
        bodies: list[Any] = [{**raw_http.REFUNDS[api], "amount": amount} for amount in amounts]
    else:
        info = raw_http.REFUNDS[api]["refund_info"]
        bodies = [{"refund_info": {**info, "amount": int(float(amount) * 100)}} for amount in amounts]
    return [scope_of(raw_http.refund(api, json.dumps(body).encode())) for body in bodies]


@pytest.fixture
def refund_sandbox() -> SandboxApp:
    sandbox = build(Settings())
    raw_http.arrange(sandbox)
    return sandbox


def statuses(replies: Sequence[Reply | None]) -> list[int | None]:
    return [reply.status if reply else None for reply in replies]


@pytest.mark.parametrize("api", raw_http.PATHS)
def test_refunds_of_one_order_in_one_batch_book_no_more_than_is_refundable(api: str, refund_sandbox: SandboxApp) -> None:
    app: Any = refund_sandbox.app

    codes = statuses(app.answer_batch(refunds(api, "60.00", "60.00", "30.00", "20.00", "10.00")))

    assert [status == 200 for status in codes] == [True, False, True, False, True]
    assert None not in codes
    entries = refund_sandbox.workspace.journal.find({})
    assert [entry["status"] for entry in reversed(entries)] == codes


@pytest.mark.parametrize("api", raw_http.PATHS)
@pytest.mark.parametrize("fault", [{"at": "before", "delay_ms": 1}, {"at": "gateway", "delay_ms": 1}, {"at": "after"}])
def test_a_fault_hits_one_request_of_a_batch_and_the_others_get_their_replies(
    api: str, fault: dict[str, Any], refund_sandbox: SandboxApp
) -> None:
    app: Any = refund_sandbox.app
    reply = {"reply": {"status": 503}} if fault["at"] == "after" else {}
    refund_sandbox.workspace.services.faults.add({"api": api, **fault, **reply, "times": 1})

    codes = statuses(app.answer_batch(refunds(api, "1.00", "2.00", "3.00")))

    assert codes == [None, 200, 200]  # ASGI continues with the first one
