"""Faults before and after a call, and calls that wait, over real sockets and every store."""

import http.client
import json
import threading
import time
from collections.abc import Callable
from contextlib import closing
from email.message import Message
from typing import Any

import pytest

from refund_sandbox.app import SandboxApp
from tests.support import raw_http
from tests.support.waiting import wait_until

pytestmark = pytest.mark.every_store

Address = tuple[str, int]
FUNNELFOX = {"api": "funnelfox", "operation": "refundPayment"}
FLUENTCART = {"api": "fluentcart", "operation": "refundOrder"}


@pytest.fixture
def shop(sandbox: SandboxApp, address: Address) -> Address:
    """One order of 100.00 in each API, no faults."""
    raw_http.arrange(sandbox)
    return address


def send(shop: Address, method: str, path: str, body: str, **headers: str) -> tuple[int, Message, bytes]:
    """One request on a connection of its own. Raises what happens to the connection."""
    with closing(http.client.HTTPConnection(*shop, timeout=20)) as connection:
        connection.request(method, path, body, {"Content-Type": "application/json", **raw_http.CREDENTIALS, **headers})
        reply = connection.getresponse()
        return reply.status, reply.headers, reply.read()


def control(shop: Address, method: str, path: str, document: Any = None) -> Any:
    status, _, content = send(shop, method, f"/_sandbox{path}", json.dumps(document if document is not None else {}))
    assert status < 300, content
    return json.loads(content) if content else None


def refund(shop: Address, api: str, **headers: str) -> tuple[int, Message, bytes]:
    """A refund of 1.00."""
    return send(shop, "POST", raw_http.PATHS[api], json.dumps(raw_http.REFUNDS[api]), **headers)


def booked(shop: Address, api: str) -> int:
    """Return the number of refunds in the ledger."""
    orders = control(shop, "GET", "/state")[api]["orders"]
    kinds = [row.get("transaction_type", row.get("psp_transaction_type")) for order in orders for row in order["transactions"]]
    return sum(kind.lower() == "refund" for kind in kinds)


BOTH = pytest.mark.parametrize("api", ["funnelfox", "fluentcart"])


@BOTH
@pytest.mark.parametrize("status", [401, 429, 500, 503])
def test_a_reply_before_the_call_is_in_the_format_of_the_api(api: str, status: int, shop: Address) -> None:
    control(shop, "POST", "/faults", {"api": api, "at": "before", "reply": {"status": status, "headers": {"Retry-After": "2"}}})

    answered, headers, body = refund(shop, api)

    assert (answered, headers["Retry-After"]) == (status, "2")
    assert ("error" if api == "funnelfox" else "code") in json.loads(body)
    assert booked(shop, api) == 0
    assert refund(shop, api)[0] == 200


@BOTH
def test_a_fault_can_set_the_whole_reply(api: str, shop: Address) -> None:
    page = {"status": 502, "headers": {"Content-Type": "text/html"}, "body": "<h1>Bad Gateway</h1>"}
    control(shop, "POST", "/faults", {"api": api, "at": "after", "reply": page})

    status, headers, body = refund(shop, api)

    assert (status, headers["content-type"], body) == (502, "text/html", b"<h1>Bad Gateway</h1>")
    assert booked(shop, api) == 1


LOSSES: dict[str, type[Exception]] = {
    "reset": ConnectionResetError,
    "close": http.client.RemoteDisconnected,
    "truncate": http.client.IncompleteRead,
}


@BOTH
@pytest.mark.parametrize(("connection", "error"), LOSSES.items(), ids=LOSSES)
def test_a_reply_is_lost_after_the_refund_was_booked(connection: str, error: type[Exception], api: str, shop: Address) -> None:
    control(shop, "POST", "/faults", {"api": api, "at": "after", "connection": connection})

    with pytest.raises(error):
        refund(shop, api)

    assert booked(shop, api) == 1
    entry = control(shop, "GET", "/requests")["requests"][0]
    assert (entry["status"], entry["connection"], entry["faults"][0]["at"]) == (200, connection, "after")


@BOTH
def test_a_connection_is_reset_before_anything_is_booked(api: str, shop: Address) -> None:
    control(shop, "POST", "/faults", {"api": api, "at": "before", "connection": "reset"})

    with pytest.raises(ConnectionResetError):
        refund(shop, api)

    assert booked(shop, api) == 0


@BOTH
@pytest.mark.parametrize("connection", ["reset", "close", "truncate", "hang"])
def test_a_connection_that_its_client_has_closed_is_broken_without_an_error(
    connection: str, api: str, shop: Address, caplog: pytest.LogCaptureFixture
) -> None:
    (fault,) = control(shop, "POST", "/faults", {"api": api, "at": "after", "hold": "20s", "connection": connection})["faults"]
    headers = {"Content-Type": "application/json", **raw_http.CREDENTIALS}
    with closing(http.client.HTTPConnection(*shop, timeout=20)) as client:
        client.request("POST", raw_http.PATHS[api], json.dumps(raw_http.REFUNDS[api]), headers)
        wait_until(lambda: booked(shop, api) == 1)

    control(shop, "POST", f"/faults/{fault['id']}/release")

    wait_until(lambda: len(control(shop, "GET", "/requests")["requests"]) == 1)
    assert refund(shop, api)[0] == 200
    assert caplog.messages == []


@pytest.mark.slow
def test_a_hanging_connection_sends_nothing(shop: Address) -> None:
    control(shop, "POST", "/faults", {**FUNNELFOX, "at": "after", "connection": "hang"})
    connection = http.client.HTTPConnection(*shop, timeout=0.5)
    connection.request("POST", raw_http.FUNNELFOX, json.dumps(raw_http.REFUNDS["funnelfox"]), raw_http.CREDENTIALS)

    with pytest.raises(TimeoutError):
        connection.getresponse()

    connection.close()
    wait_until(lambda: booked(shop, "funnelfox") == 1)


@pytest.mark.sampled(6)
@BOTH
@pytest.mark.parametrize("at", ["before", "gateway", "after"])
def test_a_delay_makes_a_call_slow_and_nothing_else(at: str, api: str, shop: Address) -> None:
    control(shop, "POST", "/faults", {"api": api, "at": at, "delay_ms": {"min": 300, "max": 310}})

    started = time.monotonic()
    status, _, body = refund(shop, api)

    assert (status, time.monotonic() - started > 0.3) == (200, True)
    assert b"failed" not in body
    assert booked(shop, api) == 1


def test_other_requests_are_served_while_one_waits(shop: Address) -> None:
    control(shop, "POST", "/faults", {**FLUENTCART, "at": "gateway", "hold": "door"})
    waiting = in_background(lambda: refund(shop, "fluentcart"))
    wait_until(lambda: control(shop, "GET", "/faults")["faults"][0]["hits"])

    assert refund(shop, "fluentcart")[0] == 200

    control(shop, "POST", "/faults/door/release")
    waiting.join(20)
    assert booked(shop, "fluentcart") == 2


def test_an_after_fault_waits_for_a_call_that_succeeds(shop: Address) -> None:
    control(shop, "POST", "/faults", {**FUNNELFOX, "at": "after", "reply": {"status": 500}})
    assert post(shop, {}) == 400

    assert [refund(shop, "funnelfox")[0] for _ in range(2)] == [500, 200]


NAMED: dict[str, Callable[[Address], int]] = {
    "a header": lambda shop: refund(shop, "funnelfox", **{"X-Sandbox-Scenario": "rate_limited"})[0],
    "a reason": lambda shop: post(shop, {**raw_http.REFUNDS["funnelfox"], "reason": "sandbox:rate_limited"}),
}


def post(shop: Address, body: dict[str, Any]) -> int:
    return send(shop, "POST", raw_http.FUNNELFOX, json.dumps(body))[0]


@pytest.mark.parametrize("call", NAMED.values(), ids=NAMED)
def test_a_request_names_its_own_scenario(call: Callable[[Address], int], shop: Address) -> None:
    assert call(shop) == 429
    assert call(shop) == 429
    assert booked(shop, "funnelfox") == 0


def test_an_unknown_scenario_is_refused_with_the_known_ones(shop: Address) -> None:
    status, _, body = refund(shop, "funnelfox", **{"X-Sandbox-Scenario": "nope"})

    assert status == 400
    assert "Unknown scenario 'nope'." in json.loads(body)["error"][0]["msg"]


@BOTH
def test_a_scenario_of_an_order_is_never_used_up(api: str, shop: Address) -> None:
    state = control(shop, "GET", "/state")
    state[api]["orders"][0]["scenario"] = "server_error"
    control(shop, "PUT", "/state", state)

    assert [refund(shop, api)[0] for _ in range(2)] == [500, 500]
    assert booked(shop, api) == 0


def in_background(work: Callable[[], Any]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def race(shop: Address, fault: dict[str, Any], body: str) -> list[int]:
    """Return the statuses of two refunds that wait at the same fault and are released together."""
    control(shop, "POST", "/faults", fault)
    found: list[int] = []

    def call() -> None:
        found.append(send(shop, "POST", raw_http.FLUENTCART, body)[0])

    callers = [in_background(call) for _ in range(2)]
    wait_until(lambda: [one["hits"] for one in control(shop, "GET", "/faults")["faults"]] == [2])
    assert found == []
    control(shop, "POST", "/faults/race/release")
    for caller in callers:
        caller.join(20)
    return sorted(found)


SIXTY = json.dumps({"refund_info": {"transaction_id": 5001, "amount": 6000}})


@pytest.mark.parametrize("at", ["before", "gateway"])
def test_of_two_concurrent_refunds_the_second_exceeds_the_refundable_amount(at: str, shop: Address) -> None:
    assert race(shop, {**FLUENTCART, "at": at, "hold": "race", "times": 2}, SIXTY) == [200, 422]
    assert booked(shop, "fluentcart") == 1


@pytest.mark.slow
@pytest.mark.memory_only
def test_a_race_has_the_same_outcome_a_hundred_times(sandbox: SandboxApp, shop: Address) -> None:
    for _ in range(100):
        raw_http.arrange(sandbox)
        assert race(shop, {**FLUENTCART, "at": "gateway", "hold": "race", "times": 2}, SIXTY) == [200, 422]


def test_without_a_lock_both_refunds_are_booked_and_one_total_is_lost(sandbox: SandboxApp, shop: Address) -> None:
    """As recorded: two refunds of 60 on an order of 100 leave rows of 120 and `refunded_total` 60."""
    statuses = race(shop, {"scenario": "no_lock", "hold": "race"}, SIXTY)

    assert statuses == [200, 200]
    order = control(shop, "GET", "/fluentcart/orders/1001")
    rows = [row for row in order["transactions"] if row["transaction_type"] == "refund"]
    assert [row["total"] for row in rows] == [6000, 6000]
    assert order["transactions"][0]["meta"]["refunded_total"] == 6000


@pytest.mark.slow
@pytest.mark.memory_only
def test_a_race_without_a_lock_has_the_same_outcome_a_hundred_times(sandbox: SandboxApp, shop: Address) -> None:
    for _ in range(100):
        raw_http.arrange(sandbox)
        assert race(shop, {"scenario": "no_lock", "hold": "race"}, SIXTY) == [200, 200]
