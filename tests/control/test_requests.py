"""Request log: changes in the ledger and hits of faults, as a list, as a HAR archive and as a stream."""

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp, build
from refund_sandbox.settings import Settings
from tests.support import raw_http
from tests.support.control_calls import enable_fault, logged_requests
from tests.support.server_thread import listen
from tests.support.socket_calls import call
from tests.support.waiting import wait_until

REFUND = {"refund_info": {"transaction_id": 129237, "amount": 2500}}


def refund(client: TestClient, **headers: str) -> int:
    return client.post(raw_http.FLUENTCART, json=REFUND, headers={**raw_http.CREDENTIALS, **headers}).status_code


def test_an_entry_shows_the_changes_in_the_ledger(client: TestClient) -> None:
    refund(client)

    changes = {(change["record"], change["key"]): change for change in logged_requests(client)[0]["changes"]}
    order = changes["fluentcart.order", 1001]
    assert (order["before"]["total_refund"], order["after"]["total_refund"]) == (0, 2500)
    assert (order["before"]["payment_status"], order["after"]["payment_status"]) == ("paid", "partially_refunded")
    (row,) = [one for one in changes.values() if one["record"] == "fluentcart.transaction" and one["before"] is None]
    assert (row["after"]["transaction_type"], row["after"]["total"]) == ("refund", 2500)


def test_a_refused_call_and_a_read_change_nothing(client: TestClient) -> None:
    client.post(
        raw_http.FLUENTCART, json={"refund_info": {"transaction_id": 129237, "amount": 10**9}}, headers=raw_http.CREDENTIALS
    )
    assert logged_requests(client)[0]["changes"] == []

    client.get("/wp-json/fluent-cart/v2/orders", headers=raw_http.CREDENTIALS)
    assert logged_requests(client)[0]["changes"] == []


def test_an_entry_names_the_faults_that_hit(client: TestClient) -> None:
    enable_fault(client, scenario="gateway_declined", api="fluentcart")
    refund(client)
    assert [(fault["scenario"], fault["at"]) for fault in logged_requests(client)[0]["faults"]] == [
        ("gateway_declined", "gateway")
    ]

    refund(client, **{"X-Sandbox-Scenario": "rate_limited"})
    entry = logged_requests(client)[0]
    assert (entry["status"], [fault["at"] for fault in entry["faults"]], entry["changes"]) == (429, ["before"], [])


def test_secrets_are_hidden(client: TestClient) -> None:
    client.post(f"{raw_http.FLUENTCART}?_wpnonce=abc123&x=1", json=REFUND, headers=raw_http.CREDENTIALS)

    entry = logged_requests(client)[0]
    assert entry["path"].endswith("?_wpnonce=***&x=1")
    assert entry["request"]["headers"]["authorization"] == "***"
    assert entry["request"]["headers"]["ff-secret-key"] == "***"


def test_the_request_log_is_an_http_archive(client: TestClient) -> None:
    refund(client)
    client.post(raw_http.FUNNELFOX, json={}, headers=raw_http.CREDENTIALS)

    log = client.get("/_sandbox/requests.har").json()["log"]

    assert (log["version"], log["creator"]["name"]) == ("1.2", "refund-sandbox")
    first, second = log["entries"]
    assert first["request"]["url"] == f"http://testserver{raw_http.FLUENTCART}"
    assert json.loads(first["request"]["postData"]["text"]) == REFUND
    assert json.loads(first["response"]["content"]["text"])["fluent_cart_refund"]["status"] == "success"
    assert second["response"]["status"] == 400
    assert {"name": "authorization", "value": "***"} in first["request"]["headers"]
    required = {"startedDateTime", "time", "request", "response", "cache", "timings"}
    assert all(required <= entry.keys() for entry in log["entries"])


def test_an_archive_is_filtered_like_the_list(client: TestClient) -> None:
    refund(client)
    client.post(raw_http.FUNNELFOX, json={}, headers=raw_http.CREDENTIALS)

    entries = client.get("/_sandbox/requests.har?api=funnelfox").json()["log"]["entries"]

    assert [entry["_sandbox"]["api"] for entry in entries] == ["funnelfox"]
    assert client.get("/_sandbox/requests.har?color=red").status_code == 400


@pytest.mark.memory_only
def test_the_request_log_is_bounded_in_bytes(store_url: str) -> None:
    client = TestClient(build(Settings(store=store_url, journal_bytes=20_000)).app)
    for _ in range(30):
        client.post(raw_http.FUNNELFOX, content=b'{"reason": "%s"}' % (b"x" * 4000), headers=raw_http.CREDENTIALS)

    assert len(logged_requests(client)) == 3


def stream(address: tuple[str, int], **headers: str) -> Iterator[tuple[str, Any]]:
    """Yield server-sent events as name and data. The first line is a comment that the stream has started."""
    with closing(http.client.HTTPConnection(*address, timeout=10)) as connection:
        connection.request("GET", "/_sandbox/events", headers=headers)
        reply = connection.getresponse()
        assert reply.getheader("content-type") == "text/event-stream; charset=utf-8"
        name = ""
        while line := reply.readline().decode():
            if line.startswith(":"):
                yield "begin", None
            elif line.startswith("event: "):
                name = line.removeprefix("event: ").strip()
            elif line.startswith("data: "):
                yield name, json.loads(line.removeprefix("data: "))


def test_requests_and_changes_are_streamed(address: tuple[str, int]) -> None:
    events = stream(address)
    assert next(events)[0] == "begin"

    assert call(address, "POST", raw_http.FLUENTCART, REFUND)[0] == 200
    name, entry = next(events)
    assert (name, entry["operation"], entry["status"]) == ("request", "refundOrder", 200)

    assert call(address, "PUT", "/_sandbox/settings", {"validation": "live"})[0] == 200
    assert next(events) == ("world", {"workspace": "default"})
    events.close()  # type: ignore[attr-defined]  # a generator


def test_an_event_of_a_delivery_shows_no_secret(address: tuple[str, int], client: TestClient) -> None:
    webhook = {"request_url": "http://127.0.0.1:1/?token=hush", "request_headers": {"Authorization": "Bearer hush", "X-A": "b"}}
    client.put("/_sandbox/webhooks/targets", json={"fluentcart": [webhook]})
    events = stream(address)
    next(events)

    client.post(
        raw_http.FLUENTCART, json={"refund_info": {"transaction_id": 129237, "amount": 10000}}, headers=raw_http.CREDENTIALS
    )
    delivery = next(document for name, document in events if name == "delivery")

    events.close()  # type: ignore[attr-defined]  # a generator
    assert "hush" not in json.dumps(delivery)
    assert (delivery["headers"]["Authorization"], delivery["headers"]["X-A"]) == ("***", "b")


def test_a_client_that_reconnects_gets_the_missed_events(address: tuple[str, int]) -> None:
    assert call(address, "POST", raw_http.FLUENTCART, REFUND)[0] == 200
    events = stream(address, **{"Last-Event-ID": "0"})

    assert next(events)[0] == "begin"
    name, entry = next(events)
    assert (name, entry["operation"]) == ("request", "refundOrder")
    events.close()  # type: ignore[attr-defined]  # a generator


@pytest.mark.memory_only
def test_a_stream_ends_with_its_connection_also_where_calls_wait_behind_it(sandbox: SandboxApp) -> None:
    listening = listen(sandbox.app)
    listen_to_events = raw_http.request("GET", "/_sandbox/events", headers={"connection": "keep-alive"})
    with socket.create_connection(listening.address, timeout=10) as connection:
        connection.sendall(listen_to_events * 3)
        assert connection.recv(1)
        assert listening.server.server_state.tasks

    def is_over() -> bool:
        """Whether no stream is open after an event was sent."""
        assert call(listening.address, "POST", "/_sandbox/reset", {})[0] == 200
        return not listening.server.server_state.tasks

    wait_until(is_over)
    listening.stop()
