"""Recorded flows: they replay alike, agree with the ledger, and show every difference of another version."""

import base64
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from refund_sandbox.recordings.recording_report import read_recording, recorded_state, replay_recording
from refund_sandbox.testing import Client, Sandbox
from refund_sandbox.verify.report import Row
from tests.support.echo_service import PreparedService
from tests.support.paths import ROOT
from tests.support.recorded_service import RecordedService
from tests.support.recording_proxy import APIS, Recording, exchange, http_request, recording
from tests.support.waiting import wait_until

pytestmark = pytest.mark.memory_only

SHOP = "/wp-json/fluent-cart/v2"
ORG = "/your-org-id/v1"
ORDER = "00000000-0000-4000-8000-000000000003"
SETTINGS = {"fluentcart": {"version": "1.5.2"}}
KEY = {"ff-secret-key": "sandbox-secret-key", "Content-Type": "application/json"}
BUYER = {"order_id": ORDER, "external_id": "user_456"}


def headers_of(client: Client, account: int = 0) -> dict[str, str]:
    credentials = client.get("/fluentcart/credentials")["credentials"]
    return {**credentials[account]["headers"], "Content-Type": "application/json"}


def send_refunds(address: tuple[str, int], headers: Mapping[str, str], viewer: Mapping[str, str], charge: int) -> None:
    """Send a flow of reads, refunds and refusals to both APIs."""
    refund = {"refund_info": {"transaction_id": charge, "amount": 25, "reason": "Jane Doe called"}}
    requests: list[tuple[str, str, Mapping[str, str], Any]] = [
        ("GET", f"{SHOP}/orders/1001", headers, None),
        ("POST", f"{SHOP}/orders/1001/refund", headers, refund),
        ("POST", f"{SHOP}/orders/1001/refund", headers, {"refund_info": {**refund["refund_info"], "amount": 99999999}}),
        ("POST", f"{SHOP}/orders/1001/refund", headers, {"refund_info": {}}),
        ("POST", f"{SHOP}/orders/1001/refund", headers, refund),
        ("POST", f"{SHOP}/orders/1001/refund", viewer, refund),
        ("POST", f"{SHOP}/orders/1001/refund", {"Content-Type": "application/json"}, refund),
        ("GET", f"{SHOP}/orders/4711", headers, None),
        ("POST", f"{ORG}/payment/refund", KEY, {**BUYER, "amount": "0.25"}),
        ("POST", f"{ORG}/payment/refund", KEY, {**BUYER, "amount": "0.30"}),
        ("POST", f"{ORG}/payment/refund", KEY, {**BUYER, "amount": "5.00"}),
        ("POST", f"{ORG}/payment/refund", {**KEY, "ff-secret-key": "wrong"}, BUYER),
        ("HEAD", f"{SHOP}/orders/1001", headers, None),
    ]
    for method, path, sent, body in requests:
        exchange(address, http_request(method, path, sent, body))


def record_refunds(path: Path, shadow: Client | None = None, **changes: Any) -> list[Row]:
    """Record a flow of a demo shop. With `shadow`, return the comparison of each case."""
    with Sandbox(fluentcart_version="1.5.2", validation="live", **changes) as live:
        charge = live.client.get("/fluentcart/orders/1001")["transactions"][0]["id"]
        with recording(live.url, path, shadow, SETTINGS) as proxy:
            send_refunds(proxy.address, headers_of(live.client), headers_of(live.client, 1), charge)
    return proxy.rows


def replayed(path: Path, settings: Mapping[str, Any] | None = None) -> list[Row]:
    return list(replay_recording(path, APIS, settings or {}, lambda *_: None).rows)


def test_a_recorded_flow_replays_alike(tmp_path: Path) -> None:
    path = tmp_path / "40_demo.json"
    record_refunds(path)

    rows = replayed(path)

    assert {row.name: [row.reason, *row.differences] for row in rows if row.outcome != "alike"} == {}
    assert len(rows) == 13


def test_the_ledger_of_a_recording_agrees_and_its_buyer_is_somebody_else(tmp_path: Path) -> None:
    path = tmp_path / "40_demo.json"
    record_refunds(path)

    cases = read_recording(path, APIS)
    text = path.read_text()

    assert [case["id"] for case in cases] == [f"40-{number:03}" for number in range(1, 14)]
    assert [cases[index]["expect"]["order"]["total_refund"] for index in (1, 4)] == [2500, 5000]
    assert cases[4]["given"]["total_refund"] == 2500
    assert cases[1]["expect"]["order"]["transactions"][1]["meta"]["reason"].startswith("note 1")
    assert cases[1]["request"]["body"]["refund_info"]["reason"].startswith("note 1")
    assert [row["amount"] for row in cases[9]["expect"]["order"]["transactions"]] == ["1.00", "0.25", "0.30"]
    assert cases[9]["given"]["order_id"] == ORDER
    for personal in ("Jane", "Doe", "jane.doe", "Springfield", "demo DEMO", "sandbox-secret-key", "view VIEW"):
        assert personal not in text, personal


def test_shadow_finds_no_difference_where_there_is_none(tmp_path: Path) -> None:
    with Sandbox(fixture="empty") as shadow:
        rows = record_refunds(tmp_path / "r.json", shadow.client)

    assert [row.outcome for row in rows] == ["alike"] * 13


@pytest.mark.parametrize(
    ("version", "request_number", "path"),
    [("1.6.5", 0, "order.total_refund"), ("1.6.5", 0, "order.transactions[1].total"), ("1.3.25", 1, "body.order.is_b2b_order")],
)
def test_a_service_of_another_version_differs_where_the_versions_do(
    version: str, request_number: int, path: str, tmp_path: Path
) -> None:
    """Amounts are minor units since 1.6.0, and orders have fields for taxes since 1.5.0."""
    with Sandbox(fixture="empty") as shadow, Sandbox(fluentcart_version=version, validation="live") as live:
        charge = live.client.get("/fluentcart/orders/1001")["transactions"][0]["id"]
        with recording(live.url, tmp_path / "r.json", shadow.client, SETTINGS) as proxy:
            body = {"refund_info": {"transaction_id": charge, "amount": 25}}
            headers = headers_of(live.client)
            exchange(proxy.address, http_request("POST", f"{SHOP}/orders/1001/refund", headers, body))
            exchange(proxy.address, http_request("GET", f"{SHOP}/orders/1001", headers))
            exchange(proxy.address, http_request("GET", f"{SHOP}/orders/4711", headers))

    assert path in [one.path for one in proxy.rows[request_number].differences]
    assert proxy.rows[2].outcome == "alike"


RECORDED = ROOT / "tests" / "conformance" / "fluentcart-1.5.2"


def recorded_cases(limit: int) -> list[dict[str, Any]]:
    """Return refunds of an order, with their states, from the recordings of a real plugin."""
    files = ("01_refund_success_and_sequences.json", "02_refund_amounts.json", "07_gateway_outcomes.json")
    cases = [case for name in files for case in json.loads((RECORDED / name).read_text())]
    return [case for case in cases if case["given"] and case["request"]["path"].endswith("/refund")][:limit]


def send_case(address: tuple[str, int], case: Mapping[str, Any]) -> None:
    request = case["request"]
    content = request["body"] if "body" in request else (request.get("raw_body") or "").encode()
    headers = {**request["headers"], "Authorization": f"Basic {base64.b64encode(b'boss:any pass word').decode()}"}
    exchange(address, http_request(request["method"], request["path"], headers, content))


@contextmanager
def served_case(folder: Path) -> Iterator[tuple[RecordedService, Recording]]:
    """A server of recordings, and a proxy before it that compares it with a sandbox."""
    with (
        RecordedService() as live,
        Sandbox(fixture="empty") as shadow,
        recording(live.url, folder / "r.json", shadow.client, SETTINGS) as proxy,
    ):
        yield live, proxy


def test_a_server_of_recordings_is_recorded_and_no_difference_is_invented(tmp_path: Path) -> None:
    cases = recorded_cases(60)
    with served_case(tmp_path) as (live, proxy):
        for number, case in enumerate(cases, 1):
            live.use(case)
            send_case(proxy.address, case)
            wait_until(lambda: len(proxy.cases) == number)  # noqa: B023 - called at once
            assert [one.partition(" ")[0] for one in live.requests].count("POST") == 1

    found = {row.name: row.differences for row in proxy.rows if row.outcome != "alike"}
    assert found == {}
    assert len(proxy.rows) == len(cases) == 60


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("planted", "path"),
    [
        ({"planted": 1}, "body.planted"),
        ({"fluent_cart_refund": {"status": "success", "message": "Planted."}}, "body.fluent_cart_refund.message"),
        (
            {"fluent_cart_refund": {"status": "done", "message": "Refund processed on FluentCart."}},
            "body.fluent_cart_refund.status",
        ),
        ({"gateway_refund": None}, "body.gateway_refund"),
        ({"gateway_refund": {"status": 1, "message": ""}}, "body.gateway_refund.status"),
    ],
)
def test_a_difference_planted_in_a_reply_is_found(planted: dict[str, Any], path: str, tmp_path: Path) -> None:
    case = next(case for case in recorded_cases(20) if case["expect"]["status"] == 200)
    with served_case(tmp_path) as (live, proxy):
        live.use(case, **planted)
        send_case(proxy.address, case)

    assert path in [one.path for one in proxy.rows[0].differences]


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("field", "value"),
    [("total_refund", 1), ("payment_status", "paid"), ("status", "canceled"), ("currency", "EUR"), ("total_paid", 5)],
)
def test_a_difference_planted_in_the_order_afterwards_is_found(field: str, value: Any, tmp_path: Path) -> None:
    case = next(case for case in recorded_cases(20) if case["expect"]["status"] == 200)
    changed = {**case, "expect": {**case["expect"], "order": {**case["expect"]["order"], field: value}}}
    with served_case(tmp_path) as (live, proxy):
        live.use(changed)
        send_case(proxy.address, changed)

    assert [one.path for one in proxy.rows[0].differences] == [f"order.{field}"]


def test_the_orders_of_a_recording_become_a_state_that_can_be_refunded(tmp_path: Path) -> None:
    path = tmp_path / "40_demo.json"
    record_refunds(path)

    with Sandbox() as sandbox:
        sandbox.client.put("/state", recorded_state(path, APIS))
        order = sandbox.client.get("/fluentcart/orders/1001")
        charge = order["transactions"][0]["id"]
        body = {"refund_info": {"transaction_id": charge, "amount": 100}}
        status, _ = sandbox.client.send("POST", f"{SHOP}/orders/1001/refund", body, headers_of(sandbox.client))
        other, _ = sandbox.client.send("POST", f"{ORG}/payment/refund", {**BUYER, "amount": "0.10"}, KEY)

    assert (order["total_paid"], order["total_refund"]) == (10000, 0)
    assert (status, other) == (200, 200)


def test_a_name_that_becomes_known_later_is_replaced_in_earlier_cases_too(tmp_path: Path) -> None:
    with PreparedService() as service, recording(service.url, tmp_path / "r.json") as proxy:
        for body in ({"log": "Refund for Zebediah"}, {"customer": {"first_name": "Zebediah"}}):
            content = json.dumps(body).encode()
            service.reply = (200, [("Content-Length", str(len(content)))], content)
            exchange(proxy.address, http_request("GET", "/wp-json/x", {}))
        wait_until(lambda: len(proxy.cases) == 2)
        while_recording = (tmp_path / "r.json").read_text()

    assert "Zebediah" in while_recording
    assert [case["expect"]["body"] for case in proxy.cases] == [
        {"log": "Refund for Name1"},
        {"customer": {"first_name": "Name1"}},
    ]


def test_requests_about_one_order_have_states_of_their_own(tmp_path: Path) -> None:
    """Eight refunds at once: each case begins where another one ends."""
    with Sandbox(fluentcart_version="1.6.5", validation="live") as live:
        charge = live.client.get("/fluentcart/orders/1001")["transactions"][0]["id"]
        request = {"refund_info": {"transaction_id": charge, "amount": 100}}
        sent = http_request("POST", f"{SHOP}/orders/1001/refund", headers_of(live.client), request)
        with recording(live.url, tmp_path / "r.json") as proxy, ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: exchange(proxy.address, sent), range(8)))

    before = sorted(case["given"]["total_refund"] for case in proxy.cases)
    after = sorted(case["expect"]["order"]["total_refund"] for case in proxy.cases)
    assert before == [0, 100, 200, 300, 400, 500, 600, 700]
    assert after == [100, 200, 300, 400, 500, 600, 700, 800]
    assert all(row.outcome == "alike" for row in replayed(tmp_path / "r.json", {"fluentcart": {"version": "1.6.5"}}))
