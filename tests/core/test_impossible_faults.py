"""Faults that can never hit: each is refused where it is enabled, with the reason."""

import json
import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import APIS, SandboxApp
from refund_sandbox.core.context import Context
from refund_sandbox.core.spec import loader
from tests.support import raw_http, sample_calls
from tests.support.control_calls import create_order, deliveries, enable_fault, set_targets

pytestmark = pytest.mark.memory_only

BASES = {"funnelfox": "/your-org-id/v1", "fluentcart": "/wp-json/fluent-cart/v2"}
NO_ORDER = "00000000-0000-4000-8000-00000000dead"
IMPOSSIBLE: dict[str, tuple[dict[str, Any], str, str]] = {
    "a misspelt field": (
        {"scenario": "reply_lost", "match": {"orderid": 1001}},
        "/match/orderid",
        "Unknown field 'orderid'. Did you mean 'order_id'?",
    ),
    "an unknown field": (
        {"scenario": "reply_lost", "api": "fluentcart", "match": {"colour": 1}},
        "/match/colour",
        "Unknown field 'colour'. Known: ",
    ),
    "a field of another operation": (
        {"at": "before", "reply": {"status": 500}, "operation": "listOrders", "match": {"order_id": 1001}},
        "/match/order_id",
        "Unknown field 'order_id'",
    ),
    "a field of another API": (
        {"scenario": "server_error", "api": "funnelfox", "match": {"transaction_id": 5001}},
        "/match/transaction_id",
        "Unknown field 'transaction_id'",
    ),
    "fields that no request has together": (
        {"scenario": "server_error", "match": {"transaction_id": 5001, "external_id": "user_456"}},
        "/match",
        "no request has all of the fields transaction_id, external_id",
    ),
    "an order of a webhook": (
        {"scenario": "webhook_dropped", "match": {"order_id": 1001}},
        "/match/order_id",
        "Unknown field 'order_id'. Known: topic, url.",
    ),
    "an order that does not exist": (
        {"scenario": "gateway_declined", "match": {"order_id": 99999}},
        "/match/order_id",
        "Order 99999 not found in funnelfox or fluentcart",
    ),
    "an order that does not exist in the API": (
        {"scenario": "reply_lost", "api": "funnelfox", "match": {"order_id": NO_ORDER}},
        "/match/order_id",
        f"Order {NO_ORDER} not found in funnelfox",
    ),
    "a scenario of the other API": (
        {"scenario": "settlement_failed", "api": "fluentcart"},
        "/api",
        "settlement_failed is not for fluentcart, but for funnelfox",
    ),
    "a scenario of the other API, by its order": (
        {"scenario": "settlement_failed", "match": {"order_id": 1001}},
        "/match/order_id",
        "Order 1001 not found in funnelfox",
    ),
    "a gateway of an operation without one": (
        {"scenario": "gateway_declined", "operation": "getOrder"},
        "/operation",
        "getOrder has no phase gateway. These have: refundPayment, refundOrder",
    ),
    "a cancellation of an API without one": (
        {"at": "cancel", "api": "funnelfox"},
        "/at",
        "no operation of funnelfox has the phase cancel",
    ),
    "an operation that a scenario does not have": (
        {"scenario": "no_lock", "operation": "refundPayment"},
        "/operation",
        "Unknown operation 'refundPayment'",
    ),
    "a misspelt operation": (
        {"scenario": "server_error", "operation": "refundOder"},
        "/operation",
        "Unknown operation 'refundOder'. Did you mean 'refundOrder'?",
    ),
    "a misspelt topic": (
        {"scenario": "webhook_dropped", "operation": "refund/setled"},
        "/operation",
        "Unknown topic 'refund/setled'. Did you mean 'refund/settled'?",
    ),
    "a misspelt topic in match": (
        {"scenario": "webhook_dropped", "match": {"topic": "refund"}},
        "/match/topic",
        "Unknown topic 'refund'",
    ),
    "an operation as a topic": (
        {"scenario": "webhook_dropped", "operation": "refundOrder"},
        "/operation",
        "refundOrder has no phase webhook",
    ),
    "a topic as an operation": (
        {"scenario": "server_error", "operation": "refund/settled"},
        "/operation",
        "Unknown operation 'refund/settled'",
    ),
    "a misspelt API": (
        {"scenario": "server_error", "api": "funelfox"},
        "/api",
        "Unknown API 'funelfox'. Did you mean 'funnelfox'?",
    ),
}


@pytest.fixture
def shop(sandbox: SandboxApp, client: TestClient) -> TestClient:
    """One order of 100.00 in each API, no faults."""
    raw_http.arrange(sandbox)
    return client


@pytest.mark.parametrize(("fault", "pointer", "reason"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_a_fault_that_can_never_hit_is_refused(shop: TestClient, fault: dict[str, Any], pointer: str, reason: str) -> None:
    reply = shop.post("/_sandbox/faults", json=fault)

    problem = reply.json()["errors"][0]
    assert (reply.status_code, problem["pointer"]) == (422, pointer)
    assert reason in problem["reason"]
    assert shop.get("/_sandbox/faults").json()["faults"] == []


def test_a_scenario_of_two_apis_is_enabled_where_it_can_hit(shop: TestClient) -> None:
    of_order = enable_fault(shop, scenario="reply_lost", match={"order_id": 1001})
    of_transaction = enable_fault(shop, scenario="reply_lost", match={"transaction_id": 5001})

    assert [fault["api"] for fault in (*of_order, *of_transaction)] == ["fluentcart", "fluentcart"]


def test_an_order_id_in_capitals_is_found_and_hit(shop: TestClient) -> None:
    enable_fault(shop, scenario="rate_limited", match={"order_id": raw_http.ORDER_ID.upper()})

    for order_id in (raw_http.ORDER_ID.upper(), raw_http.ORDER_ID):
        body = {**raw_http.REFUNDS["funnelfox"], "order_id": order_id}
        statuses = shop.post(raw_http.FUNNELFOX, json=body, headers=raw_http.CREDENTIALS).status_code
        assert statuses == 429
        enable_fault(shop, scenario="rate_limited", match={"order_id": raw_http.ORDER_ID.upper()})


def test_the_order_of_a_checkout_that_is_not_paid_yet_can_be_hit(client: TestClient) -> None:
    session = {"region": "default", "integration_type": "primer", "external_id": "user_1", "pp_ident": "coins_499"}
    opened = client.post(
        "/your-org-id/v1/checkout/create_client_session",
        json={**session, "email_address": "user_1@example.test"},
        headers=raw_http.CREDENTIALS,
    ).json()["data"]

    (fault,) = enable_fault(client, scenario="server_error", match={"order_id": opened["order_id"]})

    assert fault["match"] == {"order_id": opened["order_id"]}


def send(shop: TestClient, api: str, method: str = "POST", **more: Any) -> Any:
    headers = {**raw_http.CREDENTIALS, **more.pop("headers", {})}
    path = raw_http.PATHS[api] if method == "POST" else "/wp-json/fluent-cart/v2/orders/1001"
    return shop.request(method, path, json={**raw_http.REFUNDS[api], **more} if method == "POST" else None, headers=headers)


@pytest.mark.parametrize(
    ("api", "method", "scenario", "operation"),
    [
        ("fluentcart", "POST", "settlement_failed", "refundOrder"),
        ("funnelfox", "POST", "cancel_refused", "refundPayment"),
        ("funnelfox", "POST", "no_lock", "refundPayment"),
        ("fluentcart", "GET", "gateway_declined", "getOrder"),
        ("fluentcart", "GET", "reply_lost", "getOrder"),
    ],
)
def test_a_header_with_a_scenario_that_cannot_hit_the_request_is_refused(
    shop: TestClient, api: str, method: str, scenario: str, operation: str
) -> None:
    reply = send(shop, api, method, headers={"X-Sandbox-Scenario": scenario})

    assert reply.status_code == 400
    assert f"Scenario '{scenario}' can't hit {operation}." in reply.text


def test_a_reason_with_a_scenario_that_cannot_hit_the_refund_is_refused(shop: TestClient) -> None:
    body = {"refund_info": {**raw_http.REFUNDS["fluentcart"]["refund_info"], "reason": "sandbox:settlement_failed"}}

    reply = shop.post(raw_http.FLUENTCART, json=body, headers=raw_http.CREDENTIALS)

    assert reply.status_code == 400
    assert "Scenario 'settlement_failed' can't hit refundOrder." in reply.text


def test_an_order_with_a_scenario_of_another_api_is_refused(client: TestClient) -> None:
    made = client.post("/_sandbox/fluentcart/orders", json={"paid": 100, "scenario": "settlement_failed"})
    state = client.get("/_sandbox/state").json()
    state["funnelfox"]["orders"][0]["scenario"] = "cancel_refused"
    loaded = client.put("/_sandbox/state", json=state)

    reasons = [reply.json()["errors"][0] for reply in (made, loaded)]
    assert reasons == [
        {"pointer": "/scenario", "reason": "Scenario 'settlement_failed' is not for fluentcart, but for funnelfox."},
        {
            "pointer": "/funnelfox/orders/0/scenario",
            "reason": "Scenario 'cancel_refused' is not for funnelfox, but for fluentcart.",
        },
    ]


@pytest.mark.parametrize("how", ["header", "order"])
def test_a_webhook_is_hit_by_the_scenario_that_its_request_names(client: TestClient, how: str) -> None:
    set_targets(client, "funnelfox", {"url": "http://127.0.0.1:9/"})
    order = create_order(client, "funnelfox", amount="9.99", **({"scenario": "webhook_dropped"} if how == "order" else {}))
    headers = {**raw_http.CREDENTIALS, **({"X-Sandbox-Scenario": "webhook_dropped"} if how == "header" else {})}

    body = {"external_id": order["external_id"], "order_id": order["order_id"]}
    client.post("/your-org-id/v1/payment/refund", json=body, headers=headers).raise_for_status()

    assert {delivery["state"] for delivery in deliveries(client)} == {"dropped"}


def call_everything(client: TestClient, api: str) -> None:
    """Send every sample call of an API."""
    operations = {operation.operation_id: operation for operation in loader.load(api).operations}
    saved: dict[str, Any] = {}

    def fill(values: Any) -> Any:
        return json.loads(re.sub(r'"\$(\w+)"', lambda found: json.dumps(saved[found[1]]), json.dumps(values)))

    for known in {"funnelfox": sample_calls.FUNNELFOX, "fluentcart": sample_calls.FLUENTCART}[api]:
        operation = operations[known.operation]
        path = BASES[api] + operation.path.format(**fill(known.path))
        reply = client.request(operation.method, path, json=fill(known.body), headers=raw_http.CREDENTIALS)
        assert reply.status_code == 200, reply.text
        document = reply.json()
        document = document.get("data", document) if api == "funnelfox" else document
        saved.update(known.values_of(document))


@pytest.mark.parametrize("api", APIS)
def test_the_phases_of_an_operation_are_those_at_which_it_claims_faults(
    api: str, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed: dict[str, set[str]] = {}
    claim = Context.claim_fault

    def record(self: Context, at: Any, **fields: Any) -> Any:
        if self.operation:
            claimed.setdefault(self.operation.operation_id, set()).add(at)
            known = APIS[api].context.fault_field_names(self.operation)
            assert self.fault_fields().keys() | fields.keys() <= known | {"order_id", "transaction_id"}
        return claim(self, at, **fields)

    monkeypatch.setattr(Context, "claim_fault", record)
    call_everything(client, api)

    for name, phases in claimed.items():
        declared = set(APIS[api].operations[name].phases)
        assert phases - {"before", "after"} <= declared, name
