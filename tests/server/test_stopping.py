"""The server stops at once, whatever its clients do."""

import json
import socket
import time
from collections.abc import Mapping

import pytest

from refund_sandbox.app import build
from tests.support import raw_http
from tests.support.server_thread import listen
from tests.support.waiting import wait_until, wait_until_still

pytestmark = pytest.mark.memory_only
OPEN = {"connection": "keep-alive"}
JSON = {**OPEN, "content-type": "application/json"}
CHUNKED = {**JSON, **raw_http.CREDENTIALS, "transfer-encoding": "chunked"}


def fault(document: bytes) -> bytes:
    return raw_http.request("POST", "/_sandbox/faults", document, JSON)


HEALTH = raw_http.request("GET", "/_sandbox/health", headers=OPEN)
REFUND = raw_http.refund("funnelfox", json.dumps(raw_http.REFUNDS["funnelfox"]).encode(), **OPEN)
UNFINISHED: Mapping[str, bytes] = {
    "an idle connection": HEALTH,
    "half a head": HEALTH + HEALTH[:-1],
    "half a body": raw_http.refund("funnelfox", b"{}", **OPEN)[:-1],
    "half a body for ASGI": raw_http.request("POST", "/_sandbox/faults", b"{}", JSON)[:-1],
    "half a chunk": raw_http.request("POST", raw_http.FUNNELFOX, b"5\r\n{}", CHUNKED),
    "a delayed request": fault(b'{"at": "before", "delay_ms": 60000}') + REFUND,
    "a request that waits at the gateway": fault(b'{"at": "gateway", "delay_ms": 60000}') + REFUND,
    "a held request": fault(b'{"at": "after", "hold": "until_released"}') + REFUND,
    "an event stream": raw_http.request("GET", "/_sandbox/events", headers=OPEN),
    "an event stream and another request": raw_http.request("GET", "/_sandbox/events", headers=OPEN) + HEALTH,
}


@pytest.mark.parametrize("sent", UNFINISHED.values(), ids=UNFINISHED)
def test_the_server_stops_at_once_with(sent: bytes, caplog: pytest.LogCaptureFixture) -> None:
    sandbox = build()
    raw_http.arrange(sandbox)
    listening = listen(sandbox.app)
    with socket.create_connection(listening.address, timeout=10) as connection:
        connection.sendall(sent)
        time.sleep(0.3)  # until the server has read it
        started = time.monotonic()
        listening.server.should_exit = True
        listening.thread.join(20)

        assert time.monotonic() - started < 10  # others would be waited for: a minute, or for ever
        assert not listening.thread.is_alive()
        while connection.recv(65536):
            pass
    sandbox.close()
    assert not caplog.records


@pytest.mark.parametrize("name", ["a delayed request", "a request that waits at the gateway", "a held request"])
def test_the_server_stops_at_once_after_a_client_that_gave_up_on(name: str, caplog: pytest.LogCaptureFixture) -> None:
    sandbox = build()
    raw_http.arrange(sandbox)
    listening = listen(sandbox.app)
    with socket.create_connection(listening.address, timeout=10) as connection:
        connection.sendall(UNFINISHED[name])
        assert connection.recv(65536).startswith(b"HTTP/1.1 201")
        wait_until_still(lambda: len(listening.server.server_state.tasks))
    wait_until(lambda: not listening.server.server_state.connections)

    assert listening.server.server_state.tasks
    listening.server.should_exit = True
    listening.thread.join(20)

    sandbox.close()
    assert not caplog.records, "the server has cancelled the request"


def test_an_event_stream_that_waits_for_its_workspace_ends_at_once(caplog: pytest.LogCaptureFixture) -> None:
    sandbox = build()
    listening = listen(sandbox.app)
    with socket.create_connection(listening.address, timeout=10) as connection:
        with sandbox.workspace.store.locked_at_once():
            connection.sendall(UNFINISHED["an event stream"])
            time.sleep(0.3)  # until the server has read it
            listening.server.should_exit = True
            listening.thread.join(20)
        while connection.recv(65536):
            pass
    sandbox.close()
    assert not caplog.records, "the server has cancelled the request"


def test_a_guest_may_be_stopped_twice() -> None:
    sandbox = build()
    listening = listen(sandbox.app)

    listening.stop()
    listening.stop()

    assert not listening.thread.is_alive()
    sandbox.close()
