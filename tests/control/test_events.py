"""Listeners of /_sandbox/events: limited in number, each with every event, and gone with their workspace."""

import asyncio
import http.client
import json
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import pytest

from refund_sandbox.app import SandboxApp
from refund_sandbox.control.event_feed import MAX_LISTENERS, EventFeeds
from tests.support import raw_http
from tests.support.server_thread import Listening, listen
from tests.support.socket_calls import call
from tests.support.waiting import wait_until

pytestmark = pytest.mark.every_store


@contextmanager
def open_stream(address: tuple[str, int], workspace: str = "") -> Iterator[http.client.HTTPResponse]:
    with closing(http.client.HTTPConnection(*address, timeout=10)) as connection:
        connection.request("GET", f"{workspace}/_sandbox/events")
        yield connection.getresponse()


def next_event(stream: http.client.HTTPResponse) -> tuple[str, Any]:
    """Return the name and the data of the next event."""
    name = ""
    while line := stream.readline().decode():
        if line.startswith("event: "):
            name = line.removeprefix("event: ").strip()
        elif line.startswith("data: "):
            return name, json.loads(line.removeprefix("data: "))
    return "end", None


@pytest.fixture
def listening(sandbox: SandboxApp) -> Iterator[Listening]:
    listening = listen(sandbox.app)
    yield listening
    listening.stop()


def refund(address: tuple[str, int], workspace: str = "") -> None:
    call(address, "POST", f"{workspace}{raw_http.FUNNELFOX}", {"external_id": "nobody"})


def test_every_listener_gets_every_request(address: tuple[str, int]) -> None:
    with ExitStack() as stack:
        streams = [stack.enter_context(open_stream(address)) for _ in range(5)]
        for stream in streams:
            assert stream.readline() == b": connected\n"
        for _ in range(30):
            refund(address)

        seen = [[next_event(stream)[1]["id"] for _ in range(30)] for stream in streams]

        assert seen == [sorted(seen[0])] * 5
        assert len(set(seen[0])) == 30


def test_a_listener_hears_nothing_of_other_workspaces(address: tuple[str, int]) -> None:
    with open_stream(address, "/w/mine") as mine, open_stream(address, "/w/other") as other:
        assert mine.readline() == other.readline() == b": connected\n"
        refund(address, "/w/other")
        refund(address, "/w/mine")

        assert next_event(mine)[1]["path"] == raw_http.FUNNELFOX
        assert next_event(other)[1]["path"] == raw_http.FUNNELFOX


@pytest.mark.memory_only
def test_the_number_of_listeners_is_limited(listening: Listening) -> None:
    with ExitStack() as stack:
        for number in range(MAX_LISTENERS):
            stream = stack.enter_context(open_stream(listening.address, f"/w/{number % 3}"))
            assert stream.readline() == b": connected\n"

        with open_stream(listening.address) as refused:
            assert refused.status == 503
            assert json.loads(refused.read())["detail"] == "100 clients listen to events already. Close one of them."

    def is_accepted() -> bool:
        with open_stream(listening.address) as stream:
            return stream.status == 200

    wait_until(is_accepted)


def test_a_stream_ends_with_its_workspace(address: tuple[str, int]) -> None:
    with open_stream(address, "/w/gone") as stream:
        assert stream.readline() == b": connected\n"
        assert call(address, "DELETE", "/_sandbox/workspaces/gone")[0] == 204

        assert next_event(stream)[0] == "end"


@pytest.mark.memory_only
def test_a_listener_that_is_too_slow_is_disconnected(sandbox: SandboxApp) -> None:
    async def listen_slowly() -> list[bytes]:
        feeds = EventFeeds(sandbox.executor)
        listener = feeds.open(sandbox.workspace)
        assert listener is not None
        stream = listener.stream(None)
        chunks = [await anext(stream)]
        for _ in range(1000):
            listener.offer(b"event")
        chunks += [chunk async for chunk in stream]
        feeds.close(listener)
        return chunks

    chunks = asyncio.run(listen_slowly())

    assert chunks[0] == b": connected\n\n"
    assert 10 < len(chunks) < 100
