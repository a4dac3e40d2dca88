"""Control API over HTTP: state document, settings, refused requests."""

import json
import socket
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from starlette.testclient import TestClient

from refund_sandbox import __version__
from refund_sandbox.app import SandboxApp
from tests.support import raw_http
from tests.support.control_calls import state

PENDING = {"psp_transaction_type": "REFUND", "psp_status": "PENDING", "amount": "40.00"}
SETTLING: dict[str, Any] = {
    "clock": "2026-01-01T00:00:00Z",
    "settings": {"funnelfox": {"settle_after": "1h"}},
    "funnelfox": {"orders": [{**raw_http.STATE["funnelfox"]["orders"][0], "transactions": [PENDING]}]},
}
ORDER = raw_http.STATE["fluentcart"]["orders"][0]


def put(client: TestClient, document: Any) -> Any:
    return client.put("/_sandbox/state", json=document)


def order_ids(client: TestClient) -> list[Any]:
    document = state(client)
    return [order.get("id") or order.get("order_id") for api in ("funnelfox", "fluentcart") for order in document[api]["orders"]]


def test_health_names_version_store_and_workspace(client: TestClient, store_name: str) -> None:
    health = client.get("/_sandbox/health").json()

    assert health == {"status": "ok", "version": __version__, "store": store_name, "workspace": "default"}


def test_a_state_is_read_as_it_was_put(client: TestClient) -> None:
    put(client, {**raw_http.STATE, **SETTLING})
    before = client.get("/_sandbox/state").content

    reply = client.put("/_sandbox/state", content=before, headers={"content-type": "application/json"})

    assert reply.status_code == 200
    assert client.get("/_sandbox/state").content == before


def test_a_state_after_refunds_is_read_as_it_was_put(client: TestClient) -> None:
    put(client, {**raw_http.STATE, "settings": {"validation": "live"}})
    odd = {"refund_info": {"transaction_id": "5001", "amount": "100", "reason": {"a": [1.5, None, "é\u2028"]}}}
    assert client.post(raw_http.FLUENTCART, json=odd, headers=raw_http.CREDENTIALS).status_code == 200
    assert client.post(raw_http.FUNNELFOX, json=raw_http.REFUNDS["funnelfox"], headers=raw_http.CREDENTIALS).status_code == 200
    before = state(client)

    put(client, before)

    assert state(client) == before


def test_a_large_state_is_read_whole(client: TestClient) -> None:
    text = json.dumps(raw_http.STATE) + " " * 65 * 1024 * 1024

    reply = client.put("/_sandbox/state", content=text.encode(), headers={"content-type": "application/json"})

    assert (reply.status_code, len(order_ids(client))) == (200, 2)


def test_a_client_that_leaves_during_an_export_ends_it(address: tuple[str, int], client: TestClient) -> None:
    orders = [{"id": number, "note": "x" * 1000} for number in range(1, 3001)]
    assert put(client, {"fluentcart": {"orders": orders}}).status_code == 200
    for _ in range(12):  # more than there are threads
        with socket.create_connection(address, timeout=10) as connection:
            connection.sendall(raw_http.request("GET", "/_sandbox/state"))
            assert connection.recv(1000)

    assert len(client.get("/_sandbox/state").json()["fluentcart"]["orders"]) == 3000


def test_a_state_may_be_yaml(client: TestClient) -> None:
    put(client, raw_http.STATE)
    before = state(client)
    client.post("/_sandbox/reset", json={"fixture": "empty"})

    text = yaml.safe_dump({**before, "clock": None})
    for kind in ("application/yaml", "text/yaml; charset=utf-8"):
        reply = client.put("/_sandbox/state", content=text, headers={"content-type": kind})

        assert reply.status_code == 200
        assert state(client) == before


BAD_STATES: dict[str, tuple[Any, list[str]]] = {
    "a list": ([], [""]),
    "an unknown section": ({"stripe": {}}, [""]),
    "a wrong type": ({"fluentcart": {"orders": [ORDER, {**ORDER, "id": "x"}]}}, ["/fluentcart/orders/1/id"]),
    "several mistakes": (
        {"clock": "noon", "settings": {"validation": "lax"}, "funnelfox": {"orders": [{}]}},
        ["/clock", "/settings", "/funnelfox"],
    ),
    "an id twice": (
        {"funnelfox": {"orders": [SETTLING["funnelfox"]["orders"][0]] * 2}},
        ["/funnelfox/orders/1/order_id"],
    ),
    "a scenario that is not there": (
        {"fluentcart": {"orders": [{**ORDER, "scenario": "nope"}]}},
        ["/fluentcart/orders/0/scenario"],
    ),
    "an instant without a zone": ({"clock": "2026-01-01T00:00:00"}, ["/clock"]),
    "an instant before all time": ({"clock": "0001-01-01T00:00:00+14:00"}, ["/clock"]),
    "a number beyond the database": ({"fluentcart": {"orders": [{**ORDER, "total_paid": 2**63}]}}, ["/fluentcart"]),
}


@pytest.mark.parametrize(("document", "pointers"), BAD_STATES.values(), ids=BAD_STATES)
def test_an_invalid_state_is_refused_completely_with_json_pointers(
    document: Any, pointers: list[str], client: TestClient
) -> None:
    put(client, SETTLING)
    client.post("/_sandbox/faults", json={"scenario": "gateway_declined"})
    before, faults = state(client), client.get("/_sandbox/faults").json()

    reply = put(client, document)

    assert reply.status_code == 422
    errors = reply.json()["errors"]
    for pointer in pointers:
        assert any(error["pointer"].startswith(pointer) and error["reason"] for error in errors), errors
    assert (state(client), client.get("/_sandbox/faults").json()) == (before, faults)


@pytest.mark.parametrize(
    ("orders", "more"),
    [
        ([{**ORDER, "id": "x"}] * 157, "57 more"),
        ([{**ORDER, "id": "x"}] * 2000, "at least 100 more"),
        ([ORDER] * 301, "800 more"),
    ],
    ids=["violations", "many violations", "ids twice"],
)
def test_at_most_100_problems_of_a_state_are_listed(orders: list[Any], more: str, client: TestClient) -> None:
    *errors, last = put(client, {"fluentcart": {"orders": orders}}).json()["errors"]

    assert len(errors) == 100
    assert last == {"pointer": "", "reason": f"At most 100 problems are listed. There are {more}."}


def test_100_problems_of_a_state_are_all(client: TestClient) -> None:
    errors = put(client, {"fluentcart": {"orders": [{**ORDER, "id": "x"}] * 100}}).json()["errors"]

    assert [error["pointer"] for error in errors] == [f"/fluentcart/orders/{number}/id" for number in range(100)]


def test_a_pending_refund_settles_after_an_invalid_state(client: TestClient, sandbox: SandboxApp) -> None:
    put(client, SETTLING)
    twice = {"settings": {"validation": "live"}, "funnelfox": {"orders": SETTLING["funnelfox"]["orders"] * 2}}

    assert put(client, twice).status_code == 422

    assert state(client)["funnelfox"]["orders"][0]["transactions"][-1]["psp_status"] == "PENDING"
    sandbox.workspace.set_clock(datetime(2026, 1, 1, 2, tzinfo=UTC), frozen=True)
    assert state(client)["funnelfox"]["orders"][0]["transactions"][-1]["psp_status"] == "SETTLED"


BAD_BODIES: dict[str, tuple[str, bytes, str]] = {
    "nothing": ("application/json", b"", "not JSON: line 1, column 1: "),
    "no JSON": ("application/json", b"{", "not JSON"),
    "NaN": ("application/json", b'{"clock":NaN}', "NaN is not a JSON number"),
    "a key twice": ("application/json", b'{"clock":null,"clock":null}', "duplicate key: clock"),
    "nested too deep": ("application/json", b"[" * 20_000, "nested deeper"),
    "half a pair": ("application/json", b'{"clock":"\\ud800"}', "surrogate"),
    "no YAML": ("application/yaml", b"a: [", "not YAML"),
    "an alias": ("text/yaml", b"clock: &a null\nsettings: *a", "aliases"),
    "nothing in YAML": ("text/yaml", b"", "must be of type object"),
}


@pytest.mark.parametrize(("kind", "content", "reason"), BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_body_that_cannot_be_read_changes_nothing(kind: str, content: bytes, reason: str, client: TestClient) -> None:
    before = state(client)

    reply = client.put("/_sandbox/state", content=content, headers={"content-type": kind})

    assert reply.status_code == 422
    assert reason in reply.json()["errors"][0]["reason"]
    assert state(client) == before


def test_a_body_that_is_not_utf8_is_refused(client: TestClient) -> None:
    reply = client.put("/_sandbox/state", content=b"\xff", headers={"content-type": "application/json"})

    assert (reply.status_code, reply.json()["detail"]) == (422, "The body is not UTF-8.")


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/yaml"]
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/reset"), ("POST", "/faults"), ("PUT", "/settings")])
def test_a_write_that_a_foreign_page_could_send_is_refused(method: str, path: str, kind: str, client: TestClient) -> None:
    reply = client.request(method, f"/_sandbox{path}", content=b"{}", headers={"content-type": kind} if kind else {})

    assert reply.status_code == 415
    assert reply.json()["detail"] == "The Content-Type must be application/json."


def test_a_reset_restores_the_fixture_and_clears_the_log(client: TestClient) -> None:
    before = order_ids(client)
    put(client, {**SETTLING, **raw_http.STATE})
    client.post(raw_http.FUNNELFOX, json={}, headers=raw_http.CREDENTIALS)
    client.post("/_sandbox/faults", json={"scenario": "gateway_declined"})

    reply = client.post("/_sandbox/reset", headers={"content-type": "application/json"})

    assert reply.json() == {"status": "ok", "seed": 42}
    assert order_ids(client) == before
    assert client.get("/_sandbox/settings").json()["funnelfox"]["settle_after"] == "0s"
    assert client.get("/_sandbox/requests").json()["requests"] == []
    assert client.get("/_sandbox/faults").json() == {"faults": []}


@pytest.mark.parametrize("document", [{"seed": "7"}, {"seed": 1.5}, {"fixture": "../demo"}, {"fixture": 1}, {"more": 1}, []])
def test_an_invalid_reset_is_refused(document: Any, client: TestClient) -> None:
    assert client.post("/_sandbox/reset", json=document).status_code == 422


def test_settings_are_shown_and_changed(client: TestClient) -> None:
    reply = client.put("/_sandbox/settings", json={"validation": "live", "fluentcart": {"version": "1.3.25"}})

    shown = client.get("/_sandbox/settings").json()
    assert (reply.status_code, reply.json()) == (200, shown)
    assert (shown["validation"], shown["fluentcart"]["version"], shown["funnelfox"]["envelope"]) == ("live", "1.3.25", "data")
    assert state(client)["settings"] == shown


def test_an_omitted_setting_stays_as_it_is(client: TestClient) -> None:
    client.put("/_sandbox/settings", json={"validation": "live"})

    shown = client.put("/_sandbox/settings", json={"funnelfox": {"envelope": "always"}}).json()

    assert (shown["validation"], shown["funnelfox"]["envelope"]) == ("live", "always")


@pytest.mark.parametrize(
    "document",
    [{"validation": "lax"}, {"fluentcart": {"version": "2"}}, {"funnelfox": {"settle_after": "soon"}}, {"port": 1}, []],
    ids=json.dumps,
)
def test_a_wrong_setting_is_refused(document: Any, client: TestClient) -> None:
    before = client.get("/_sandbox/settings").json()

    assert client.put("/_sandbox/settings", json=document).status_code == 422
    assert client.get("/_sandbox/settings").json() == before


@pytest.mark.parametrize(
    ("api", "order_id", "field"), [("funnelfox", raw_http.ORDER_ID, "order_id"), ("fluentcart", "1001", "id")]
)
def test_one_order_is_shown_as_in_the_state(api: str, order_id: str, field: str, client: TestClient) -> None:
    put(client, raw_http.STATE)

    order = client.get(f"/_sandbox/{api}/orders/{order_id}").json()

    assert str(order[field]) == order_id
    assert order in state(client)[api]["orders"]
