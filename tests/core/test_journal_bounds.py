"""Bounds of the request log: it counts all that it holds, and cuts long texts."""

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from starlette.testclient import TestClient

from refund_sandbox.app import build
from refund_sandbox.core.context import Reply, Request
from refund_sandbox.core.journal.journal import RequestMetadata, new_entry
from refund_sandbox.settings import Settings
from refund_sandbox.testing import Sandbox
from tests.support import raw_http
from tests.support.control_calls import create_order, enable_fault, logged_requests
from tests.support.server_process import serving
from tests.support.server_thread import listen
from tests.support.socket_calls import call

CART = "/wp-json/fluent-cart/v2"
MORE = "At most 100 violations are listed. There are at least 100 more."
MANY_ITEMS: dict[str, Any] = {"customer_id": 11, "order_items": [{}] * 250_000}


def attach(client: TestClient, order_id: int, note: str) -> None:
    """Replace the note of an order."""
    reply = client.post(f"{CART}/notes/attach", json={"order_id": order_id, "note": note}, headers=raw_http.CREDENTIALS)
    assert reply.status_code == 200, reply.text


def create_with_many_items(client: TestClient) -> Any:
    return client.post(f"{CART}/orders", json=MANY_ITEMS, headers=raw_http.CREDENTIALS)


def test_a_long_text_of_a_changed_record_is_cut(client: TestClient) -> None:
    order = create_order(client, "fluentcart")
    attach(client, order["id"], "x" * 100_000)

    attach(client, order["id"], "y" * 100_000)

    (change,) = [change for change in logged_requests(client)[0]["changes"] if change["record"] == "fluentcart.order"]
    assert change["before"]["note"] == "x" * 16 * 1024 + "… (100000 bytes)"
    assert change["after"]["note"] == "y" * 16 * 1024 + "… (100000 bytes)"


@pytest.mark.memory_only
def test_long_texts_of_changed_records_fill_no_memory() -> None:
    with serving("--journal-bytes", "1048576") as process:
        assert call(process.address, "POST", f"{CART}/notes/attach", {"order_id": 1002, "note": "x" * 1_000_000})[0] == 200
        before = process.memory()
        for number in range(60):
            call(process.address, "POST", f"{CART}/notes/attach", {"order_id": 1002, "note": f"{number}{'x' * 1_000_000}"})

        assert process.memory() < before + 30


@pytest.mark.parametrize("body", ["x" * 100_000, {"text": "x" * 100_000}], ids=["text", "JSON"])
def test_a_long_reply_of_a_fault_is_cut(body: Any, client: TestClient) -> None:
    enable_fault(client, at="before", api="funnelfox", reply={"status": 500, "headers": {"x": "y"}, "body": body})

    client.post(raw_http.FUNNELFOX, json=raw_http.REFUNDS["funnelfox"], headers=raw_http.CREDENTIALS)

    (fault,) = logged_requests(client)[0]["faults"]
    assert (fault["reply"]["status"], fault["reply"]["headers"]) == (500, {"x": "y"})
    assert len(fault["reply"]["body"]) < 17_000
    assert fault["reply"]["body"].endswith("bytes)")


@pytest.mark.memory_only
def test_long_replies_of_faults_count() -> None:
    client = TestClient(build(Settings(journal_bytes=100_000)).app)
    enable_fault(client, at="before", api="funnelfox", times=None, reply={"status": 500, "body": "x" * 100_000})
    for _ in range(10):
        client.post(raw_http.FUNNELFOX, json=raw_http.REFUNDS["funnelfox"], headers=raw_http.CREDENTIALS)

    assert len(logged_requests(client)) in (2, 3)  # each has the body twice: in the reply, and in the fault


@pytest.mark.memory_only
def test_changed_records_count() -> None:
    client = TestClient(build(Settings(journal_bytes=100_000)).app)
    for number in range(20):
        attach(client, 1002, f"{number}{'x' * 8000}")

    assert len(logged_requests(client)) == 3  # each has the note in the request, before, after, and the reply


@pytest.mark.memory_only
def test_warnings_count() -> None:
    request, reply = Request("GET", "/", "", {}, b""), Reply({})
    silent = RequestMetadata(datetime.now(UTC), "fluentcart", None, None, 0, warnings=(), faults=(), changes=())
    warned = replace(silent, warnings=("x" * 60, "y" * 40))

    assert new_entry(1, request, reply, warned).size == new_entry(1, request, reply, silent).size + 100


def test_a_rendered_entry_counts_too() -> None:
    sandbox = build(Settings(journal_bytes=60_000))
    client = TestClient(sandbox.app)
    for _ in range(8):
        client.post(raw_http.FUNNELFOX, content=b"\x01" * 4000, headers=raw_http.CREDENTIALS)  # six times as long in JSON

    client.get("/_sandbox/requests")

    assert len(logged_requests(client)) == 2
    sandbox.close()


@pytest.mark.sampled(2)
@pytest.mark.parametrize("validation", ["strict", "live"])
def test_a_document_with_750_000_violations_has_a_short_reply_and_entry(validation: str, client: TestClient) -> None:
    client.put("/_sandbox/settings", json={"validation": validation})

    reply = create_with_many_items(client)

    assert len(reply.content) < 100_000
    (entry,) = logged_requests(client)
    assert len(json.dumps(entry)) < 1_000_000
    if validation == "strict":
        assert entry["warnings"] == [MORE]
        assert reply.headers["x-sandbox-warning"] == MORE
    else:
        assert len(entry["warnings"]) == 102
        assert entry["warnings"][100] == MORE
        assert entry["warnings"][101].startswith("At most 1000 changed records are listed. There are 24900")
        assert reply.headers["x-sandbox-warning"].endswith("; and 91 more")


@pytest.mark.parametrize("names", [["x" * 500_000], [f"field_{number}" for number in range(100_000)]], ids=["long", "many"])
def test_names_in_a_document_make_no_long_reply(names: list[str], client: TestClient) -> None:
    reply = client.put("/_sandbox/settings", json=dict.fromkeys(names, 1))

    assert reply.status_code == 422
    assert len(reply.content) < 2000


def test_the_stored_request_log_is_bounded_in_bytes(tmp_path: Path) -> None:
    sandbox = build(Settings(store=f"sqlite:///{tmp_path / 'sandbox.db'}", journal_bytes=40_000))
    client = TestClient(sandbox.app)
    for _ in range(30):
        client.post(raw_http.FUNNELFOX, content=b'{"reason": "%s"}' % (b"x" * 4000), headers=raw_http.CREDENTIALS)
        entries = client.get("/_sandbox/requests").content  # writes what is pending

    assert len(entries) < 55_000  # a quarter more may wait for the next clean-up
    assert len(logged_requests(client)) >= 5
    sandbox.close()


def test_a_lone_surrogate_is_stored(tmp_path: Path) -> None:
    sandbox = build(Settings(store=f"sqlite:///{tmp_path / 'sandbox.db'}"))
    client = TestClient(sandbox.app)

    client.post(raw_http.FUNNELFOX, content=rb'{"reason": "\ud800"}', headers=raw_http.CREDENTIALS)

    (entry,) = logged_requests(client)
    assert entry["request"]["body"] == r'{"reason": "\ud800"}'
    sandbox.close()


def test_many_changes_of_one_request_are_listed(client: TestClient) -> None:
    lines = [f"p{number},none,USD,9.99,1,months" for number in range(300)]
    text = "\n".join(["ident,intro_type,currency_code,lifetime_price,period_duration,period_duration_type", *lines])
    client.post("/your-org-id/v1/pp/import_csv", json={"csv": text}, headers=raw_http.CREDENTIALS)

    (entry,) = logged_requests(client)

    assert entry["status"] in (200, 400)
    assert len(entry["changes"]) in (0, 300)


@pytest.mark.parametrize("store", ["memory", "sqlite"])
def test_a_log_that_has_lost_requests_does_not_prove_that_there_was_no_refund(store: str, tmp_path: Path) -> None:
    url = "memory://" if store == "memory" else f"sqlite:///{tmp_path / 'sandbox.db'}"
    with closing(build(Settings(store=url, journal_size=20))) as sandbox:
        listening = listen(sandbox.app)
        client = Sandbox.at(f"http://127.0.0.1:{listening.address[1]}")
        order = client.fluentcart.order(paid=1000)
        client.assert_no_refunds()
        body = {"refund_info": {"transaction_id": order.transaction_id, "amount": 100}}
        assert call(listening.address, "POST", f"{CART}/orders/{order.id}/refund", body)[0] == 200
        for _ in range(20):
            assert call(listening.address, "GET", f"{CART}/labels")[0] == 200
            client.requests(limit=1)  # the stored log is written

        with pytest.raises(AssertionError, match="The request log no longer has the first"):
            client.assert_no_refunds()
        client.reset()
        client.assert_no_refunds()
        listening.stop()
