"""Requests, connections and workspaces leave no reference cycles, so nothing waits for the garbage collector."""

import gc
import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from refund_sandbox.app import build
from refund_sandbox.settings import Settings
from tests.support import raw_http
from tests.support.server_thread import Listening, listen
from tests.support.waiting import wait_until

TIMES = 10
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def listening() -> Iterator[Listening]:
    sandbox = build(Settings())
    raw_http.arrange(sandbox)
    running = listen(sandbox.app)
    yield running
    running.stop()
    sandbox.close()


def garbage_of(listening: Listening, work: Callable[[int], None]) -> Counter[str]:
    """Return the types of objects in reference cycles after some runs of the work, with their numbers."""
    server = listening.server.server_state
    work(0)  # creates what is created once
    wait_until(lambda: not server.connections and not server.tasks)
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        for number in range(1, TIMES + 1):
            work(number)
        wait_until(lambda: not server.connections and not server.tasks)
        gc.collect()
        return Counter(type(one).__qualname__ for one in gc.garbage)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


@pytest.mark.sampled(6)
@pytest.mark.parametrize("api", raw_http.REFUNDS)
@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (None, 200),
        ({"at": "before", "reply": {"status": 503}}, 503),
        ({"at": "before", "delay_ms": 1}, 200),
        ({"at": "after", "connection": "close"}, 0),
        ({"at": "after", "connection": "reset"}, 0),
    ],
)
def test_calls_leave_no_reference_cycles(listening: Listening, api: str, fault: dict[str, Any] | None, status: int) -> None:
    body = json.dumps({**raw_http.REFUNDS[api], **({"amount": "0.01"} if api == "funnelfox" else {})}).encode()

    def call(_: int) -> None:
        if fault:
            fault_call = raw_http.request("POST", "/_sandbox/faults", json.dumps({"api": api, **fault}).encode(), JSON)
            assert raw_http.send(listening.address, fault_call).status == 201
        assert raw_http.send(listening.address, raw_http.refund(api, body)).status == status

    assert garbage_of(listening, call) == {}


def test_refused_calls_leave_no_reference_cycles(listening: Listening) -> None:
    def call(_: int) -> None:
        assert raw_http.send(listening.address, raw_http.refund("funnelfox", b'{"amount": "all"}')).status == 400
        assert raw_http.send(listening.address, raw_http.refund("fluentcart", b'{"refund_info": 1}')).status >= 400
        assert raw_http.send(listening.address, b"NONSENSE\r\n\r\n").status == 400
        upgrade = {"connection": "upgrade, close", "upgrade": "h2c"}
        assert raw_http.send(listening.address, raw_http.refund("funnelfox", b"{}", **upgrade)).status == 400

    assert garbage_of(listening, call) == {}


def test_workspaces_leave_no_reference_cycles(listening: Listening) -> None:
    def make(number: int) -> None:
        named = raw_http.request("POST", f"/w/workspace{number}/_sandbox/reset", b"{}", JSON)
        assert raw_http.send(listening.address, named).status in (200, 204)
        assert (
            raw_http.send(listening.address, raw_http.request("DELETE", f"/_sandbox/workspaces/workspace{number}")).status == 204
        )

    assert garbage_of(listening, make) == {}


def test_workspaces_with_deliveries_leave_no_reference_cycles(listening: Listening) -> None:
    def send(method: str, path: str, document: Any = None) -> None:
        content = json.dumps(document).encode() if document is not None else b""
        assert raw_http.send(listening.address, raw_http.request(method, path, content, JSON)).status < 300

    def make(number: int) -> None:
        workspace = f"/w/workspace{number}"
        send("PUT", f"{workspace}/_sandbox/state", raw_http.STATE)
        send("PUT", f"{workspace}/_sandbox/webhooks/targets", {"funnelfox": [{"url": "http://127.0.0.1:9/"}]})
        send("POST", f"{workspace}/_sandbox/funnelfox/webhooks/trigger", {"topic": "refund/settled"})
        send("DELETE", f"/_sandbox/workspaces/workspace{number}")

    assert "Workspace" not in garbage_of(listening, make)
