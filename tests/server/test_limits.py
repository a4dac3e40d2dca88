"""Limits on the time of a connection: for a request, for reading a reply, and without a request."""

import asyncio
import socket
import time
from collections.abc import Iterator

import pytest
from starlette.types import Receive, Scope, Send

from refund_sandbox.core.context import Reply
from refund_sandbox.settings import Settings
from tests.support import raw_http
from tests.support.server_thread import Client, Listening, connect, listen

GET = raw_http.request("GET", "/direct", headers={"connection": "keep-alive"})
ASGI = GET.replace(b"/direct", b"/asgi")
SLOW = GET.replace(b"/direct", b"/slow")


class App:
    """Answers `/direct` directly and other paths by ASGI, `/slow` after two seconds."""

    def answer(self, scope: Scope, body: bytes) -> Reply | None:
        return Reply({}) if scope["path"] == "/direct" else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(2 if scope["path"] == "/slow" else 0)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"{}"})


@pytest.fixture(scope="module")
def hasty() -> Iterator[Listening]:
    """A server whose limits are one second."""
    listening = listen(App(), Settings(keep_alive="1s", request_timeout="1s"))
    yield listening
    listening.stop()


@pytest.mark.slow
@pytest.mark.parametrize("request_", [GET, ASGI], ids=["direct", "asgi"])
def test_a_connection_is_closed_after_the_keep_alive_time_without_a_request(request_: bytes, hasty: Listening) -> None:
    with socket.create_connection(hasty.address, timeout=5) as connection:
        for _ in range(4):
            connection.sendall(request_)
            assert raw_http.receive(connection, quiet=0.3, count=1)
        connection.settimeout(20)
        idle_since = time.monotonic()

        assert connection.recv(1) == b""
        assert time.monotonic() - idle_since > 0.4


@pytest.mark.slow
def test_an_idle_connection_outlives_the_request_timeout() -> None:
    listening = listen(App(), Settings(request_timeout="1s"))
    try:
        with socket.create_connection(listening.address, timeout=5) as connection:
            for request in (GET, ASGI, GET):
                connection.sendall(request)
                assert len(raw_http.read_answers(raw_http.receive(connection, quiet=1.3, count=1))) == 1
    finally:
        listening.stop()


@pytest.mark.slow
def test_the_time_for_a_request_begins_after_the_reply_to_the_one_before(hasty: Listening) -> None:
    with socket.create_connection(hasty.address, timeout=5) as connection:
        connection.sendall(SLOW + GET[:-1])
        assert len(raw_http.read_answers(raw_http.receive(connection, quiet=0.5, count=1))) == 1
        connection.sendall(GET[-1:])

        (answer,) = raw_http.read_answers(raw_http.receive(connection, quiet=0.1, count=1))
        assert answer.status == 200


@pytest.mark.slow
@pytest.mark.parametrize("is_closing", [False, True])
def test_a_client_that_does_not_read_its_reply_is_aborted(is_closing: bool) -> None:
    async def use() -> Client:
        client = Client()
        protocol = connect(App(), client, Settings(request_timeout="1s"))
        protocol.data_received(GET)
        if is_closing:
            client.close()
        else:
            protocol.pause_writing()
        await asyncio.sleep(0.8)
        assert not client.aborted
        await asyncio.sleep(0.4)
        protocol.connection_lost(None)
        return client

    assert asyncio.run(use()).aborted


@pytest.mark.slow
def test_a_client_that_reads_on_is_not_aborted() -> None:
    async def use() -> Client:
        client = Client()
        protocol = connect(App(), client, Settings(request_timeout="1s"))
        protocol.data_received(GET)
        for _ in range(3):
            protocol.pause_writing()
            await asyncio.sleep(0.5)
            protocol.resume_writing()
        protocol.connection_lost(None)
        return client

    assert not asyncio.run(use()).aborted


def test_bytes_after_half_a_pipelined_request_do_not_hang_the_connection(hasty: Listening) -> None:
    half = raw_http.request("POST", "/asgi", b"1\r\ny\r\nz", {"connection": "keep-alive", "transfer-encoding": "chunked"})

    answers = raw_http.exchange(hasty.address, [SLOW + half], count=2, quiet=0.1)

    assert [answer.status for answer in answers] == [200]  # and then the end of the connection
