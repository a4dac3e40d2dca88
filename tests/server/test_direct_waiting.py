"""A plain request that waits for a database is answered directly, too. ASGI continues it when anything else happens."""

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from refund_sandbox.app import SandboxApp, build
from refund_sandbox.core.context import Reply
from refund_sandbox.root_app import RootApp
from refund_sandbox.settings import Settings
from tests.server.test_direct import CALLS, FAULTS, both_ways, plain
from tests.support.server_thread import Client, Listening, connect, listen


class Waiting:
    """Application whose requests wait for a future. Then they are answered directly, or by ASGI if the path says so."""

    def __init__(self) -> None:
        self.futures: list[asyncio.Future[bytes]] = []

    def begin(self, scope: Scope, body: bytes) -> "asyncio.Future[bytes]":
        scope["state"]["begun"] = future = asyncio.get_running_loop().create_future()
        self.futures.append(future)
        return future

    def answer(self, scope: Scope, body: bytes) -> Reply | None:
        begun = scope["state"].get("begun")
        if begun is None or not begun.done() or scope["path"] == "/asgi":
            return None
        return Reply({}, content=b"directly %b" % begun.result())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = scope["state"].get("begun")
        content = b"by ASGI %b" % (await begun if begun else b"alone")
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(content))]})
        await send({"type": "http.response.body", "body": content})


async def spin() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def exchanged(*pieces: bytes | None) -> list[bytes]:
    """Return the bodies of the replies to pieces of requests. None is the end of what the first request waits for."""

    async def run() -> list[bytes]:
        app, client = Waiting(), Client()
        protocol = connect(app, client)
        for piece in pieces:
            if piece is None:
                assert protocol.is_answering()
                assert client.writes == []
                app.futures[0].set_result(b"first")
            else:
                protocol.data_received(piece)
            await spin()
        assert not protocol.is_answering()
        written = b"".join(client.writes)
        protocol.connection_lost(None)
        return re.findall(rb"\r\n\r\n(.*?)(?=HTTP/1.1|$)", written)

    return asyncio.run(run())


def test_a_request_is_answered_directly_when_its_future_is_done() -> None:
    assert exchanged(plain(), None) == [b"directly first"]


def test_asgi_continues_a_request_that_can_not_be_answered_directly() -> None:
    assert exchanged(plain("/asgi"), None) == [b"by ASGI first"]


def test_asgi_continues_a_request_when_the_next_one_comes() -> None:
    assert exchanged(plain(), plain(), None) == [b"by ASGI first", b"by ASGI alone"]


def test_asgi_continues_a_request_when_the_next_one_comes_with_it() -> None:
    assert exchanged(plain() + plain(), None) == [b"by ASGI first", b"by ASGI alone"]


def test_a_request_whose_client_is_gone_gets_no_reply() -> None:
    async def written() -> list[bytes]:
        app, client = Waiting(), Client()
        protocol = connect(app, client)
        protocol.data_received(plain())
        await spin()
        protocol.connection_lost(None)
        app.futures[0].set_result(b"late")
        await spin()
        return client.writes

    assert asyncio.run(written()) == []


def test_a_server_that_stops_waits_for_the_reply() -> None:
    async def written() -> tuple[list[bytes], bool]:
        app, client = Waiting(), Client()
        protocol = connect(app, client)
        protocol.data_received(plain())
        await spin()
        protocol.shutdown()
        assert not client.closed
        app.futures[0].set_result(b"late")
        await spin()
        protocol.connection_lost(None)
        return client.writes, client.closed

    replies, is_closed = asyncio.run(written())

    assert b"".join(replies).endswith(b"by ASGI late")
    assert is_closed


@pytest.fixture(scope="module")
def own(postgresql_url: str) -> Iterator[tuple[SandboxApp, Listening]]:
    """A sandbox on a database that blocks."""
    sandbox = build(Settings(store=postgresql_url, check_replies=True))
    listening = listen(sandbox.app)
    yield sandbox, listening
    listening.stop()
    sandbox.close()


def comparable(results: list[Any]) -> list[Any]:
    """Return the replies and the request log without ids, which differ in a database."""
    *replies, log, _ = results
    text = [re.sub(rb"\b(re_\w+|[0-9a-f]{8,}|\d{4,}|[0-9a-zA-Z]{8})\b", b"*", reply) for reply in replies]
    return [text, [(status, [fault["at"] for fault in faults], len(changes)) for status, faults, changes in log]]


@pytest.mark.parametrize("calls", [CALLS["refunds"], CALLS["refused"]], ids=["refunds", "refused"])
def test_postgresql_replies_directly_what_asgi_replies(calls: list[bytes], own: tuple[SandboxApp, Listening]) -> None:
    directly, by_asgi = both_ways(own, calls)

    assert comparable(directly) == comparable(by_asgi)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_faults_on_postgresql_are_the_same_directly_and_by_asgi(fault: dict[str, Any], own: tuple[SandboxApp, Listening]) -> None:
    directly, by_asgi = both_ways(own, CALLS["refunds"][:3], {**fault, "times": 2})

    assert comparable(directly) == comparable(by_asgi)


def test_refunds_on_postgresql_need_no_asgi(own: tuple[SandboxApp, Listening], monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(RootApp, "__call__", fail)

    directly, by_asgi = both_ways(own, CALLS["refunds"])

    assert [reply[9:12] for reply in directly[:6]] == [b"200"] * 6
    assert [reply[9:12] for reply in by_asgi[:6]] == [b"500"] * 6
    assert json.loads(directly[1].partition(b"\r\n\r\n")[2])["fluent_cart_refund"]["status"] == "success"
