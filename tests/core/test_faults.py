"""Matching of requests, and number of hits of a fault."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from refund_sandbox.core.faults.fault_store import MAX_FAULTS
from tests.support import raw_http
from tests.support.control_calls import enable_fault

pytestmark = pytest.mark.memory_only

GATEWAY = {"at": "gateway", "api": "fluentcart", "error": "No."}


@pytest.fixture
def shop(sandbox: SandboxApp, client: TestClient) -> TestClient:
    """One order of 100.00 in each API, no faults."""
    raw_http.arrange(sandbox)
    return client


def enabled(shop: TestClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shop.get("/_sandbox/faults").json()["faults"]
    return found


def refund(shop: TestClient, **more: Any) -> str:
    """Return the gateway's status of a refund of 0.01."""
    body = {"refund_info": {"transaction_id": 5001, "amount": 1, **more}}
    reply = shop.post(raw_http.FLUENTCART, json=body, headers=raw_http.CREDENTIALS)
    assert reply.status_code == 200, reply.text
    return str(reply.json()["gateway_refund"]["status"])


def outcomes(shop: TestClient, count: int) -> list[str]:
    return [refund(shop) for _ in range(count)]


def test_a_fault_hits_once_by_default(shop: TestClient) -> None:
    enable_fault(shop, **GATEWAY)

    assert outcomes(shop, 2) == ["failed", "success"]
    assert enabled(shop) == []


def test_the_error_of_a_fault_is_in_the_reply(shop: TestClient) -> None:
    enable_fault(shop, **GATEWAY)

    body = shop.post(raw_http.FLUENTCART, json=raw_http.REFUNDS["fluentcart"], headers=raw_http.CREDENTIALS).json()

    assert body["gateway_refund"]["message"] == "ERROR processing refund on Stripe: No."


def test_times_is_the_number_of_hits(shop: TestClient) -> None:
    enable_fault(shop, **GATEWAY, times=2)

    first = refund(shop)

    assert (enabled(shop)[0]["times"], enabled(shop)[0]["hits"]) == (1, 1)
    assert [first, *outcomes(shop, 2)] == ["failed", "failed", "success"]


def test_a_fault_without_times_hits_always(shop: TestClient) -> None:
    enable_fault(shop, **GATEWAY, times=None)

    assert outcomes(shop, 4) == ["failed"] * 4
    assert enabled(shop)[0]["hits"] == 4


def test_skipped_requests_pass(shop: TestClient) -> None:
    enable_fault(shop, **GATEWAY, skip=2)

    assert outcomes(shop, 4) == ["success", "success", "failed", "success"]


@pytest.mark.parametrize(
    ("aim", "outcome"),
    [
        ({"match": {"order_id": 1001}}, "failed"),
        ({"match": {"order_id": "1001", "transaction_id": 5001}}, "failed"),
        ({"match": {"reason": "duplicate"}}, "failed"),
        ({"operation": "refundOrder"}, "failed"),
        ({"match": {"reason": "other"}}, "success"),
        ({"match": {"order_id": 1001, "transaction_id": 5002}}, "success"),
        ({"api": "funnelfox"}, "success"),
        ({"api": None, "operation": "refundPayment"}, "success"),
        ({"at": "cancel"}, "success"),
    ],
)
def test_a_fault_hits_only_matching_requests(aim: dict[str, Any], outcome: str, shop: TestClient) -> None:
    enable_fault(shop, **{**GATEWAY, **aim})

    assert refund(shop, reason="duplicate") == outcome
    assert len(enabled(shop)) == (outcome == "success")


def test_a_request_that_does_not_match_uses_up_nothing(shop: TestClient) -> None:
    enable_fault(shop, **GATEWAY, skip=1, match={"reason": "later"})

    outcomes = [refund(shop), refund(shop, reason="later"), refund(shop), refund(shop, reason="later")]

    assert outcomes == ["success", "success", "success", "failed"]


def test_the_oldest_fault_hits_first(shop: TestClient) -> None:
    old, new = enable_fault(shop, **GATEWAY)[0], enable_fault(shop, **GATEWAY)[0]

    refund(shop)

    assert [fault["id"] for fault in enabled(shop)] == [new["id"]]
    assert old["id"] != new["id"]


def test_a_probability_repeats_exactly_with_the_same_seed(shop: TestClient, sandbox: SandboxApp) -> None:
    runs = []
    for _ in range(2):
        shop.post("/_sandbox/reset", json={"seed": 7})
        raw_http.arrange(sandbox)
        enable_fault(shop, **GATEWAY, times=None, probability=0.5)
        runs.append(outcomes(shop, 40))

    assert runs[0] == runs[1]
    assert 10 <= runs[0].count("failed") <= 30


@pytest.mark.parametrize(("probability", "outcome"), [(0, "success"), (1, "failed")])
def test_a_probability_may_be_0_and_1(probability: int, outcome: str, shop: TestClient) -> None:
    enable_fault(shop, **GATEWAY, times=None, probability=probability)

    assert set(outcomes(shop, 5)) == {outcome}


def test_every_scenario_can_be_enabled(shop: TestClient) -> None:
    scenarios = shop.get("/_sandbox/scenarios").json()["scenarios"]

    assert scenarios
    for scenario in scenarios:
        added = enable_fault(shop, scenario=scenario["name"])

        assert len(added) == len(scenario["faults"])
        assert {fault["scenario"] for fault in added} == {scenario["name"]}
        assert scenario["title"]


def test_other_fields_override_those_of_a_scenario(shop: TestClient) -> None:
    enable_fault(shop, scenario="gateway_declined", match={"order_id": 1001}, times=2, error="Mine.")

    assert outcomes(shop, 3) == ["failed", "failed", "success"]
    messages = [entry["content"] for entry in shop.get("/_sandbox/state").json()["fluentcart"]["activities"]]
    assert "Mine." in messages


def test_a_scenario_of_an_order_hits_each_of_its_refunds(shop: TestClient, sandbox: SandboxApp) -> None:
    orders = [{**raw_http.STATE["fluentcart"]["orders"][0], "scenario": "gateway_declined"}]
    sandbox.workspace.load({"fluentcart": {"orders": orders}})

    assert outcomes(shop, 3) == ["failed"] * 3


REFUSED: dict[str, tuple[Any, str]] = {
    "no aim": ({}, ""),
    "an empty scenario": ({"scenario": None}, ""),
    "an unknown scenario": ({"scenario": "nope"}, "/scenario"),
    "an unknown point": ({"at": "nowhere"}, "/at"),
    "an unknown field": ({"at": "gateway", "after": 1}, ""),
    "an unknown API": ({"at": "gateway", "api": "stripe"}, "/api"),
    "an unknown operation": ({"at": "gateway", "operation": "refund"}, "/operation"),
    "another API's operation": ({"at": "gateway", "api": "funnelfox", "operation": "refundOrder"}, "/operation"),
    "no times": ({"at": "gateway", "times": 0}, "/times"),
    "half a time": ({"at": "gateway", "times": 1.5}, "/times"),
    "a negative skip": ({"at": "gateway", "skip": -1}, "/skip"),
    "more than always": ({"at": "gateway", "probability": 1.1}, "/probability"),
    "a list": ([], ""),
    "text": ("gateway", ""),
}


@pytest.mark.parametrize(("fault", "pointer"), REFUSED.values(), ids=REFUSED)
def test_an_inconsistent_fault_is_refused(fault: Any, pointer: str, shop: TestClient) -> None:
    reply = shop.post("/_sandbox/faults", json=fault)

    assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, pointer)
    assert enabled(shop) == []


def test_faults_are_disabled_one_by_one_and_all_together(shop: TestClient) -> None:
    one, *_ = enable_fault(shop, **GATEWAY), enable_fault(shop, **GATEWAY), enable_fault(shop, **GATEWAY)

    assert shop.delete(f"/_sandbox/faults/{one[0]['id']}").status_code == 204
    assert len(enabled(shop)) == 2
    assert shop.delete(f"/_sandbox/faults/{one[0]['id']}").status_code == 404
    assert shop.delete("/_sandbox/faults").status_code == 204
    assert enabled(shop) == []
    assert refund(shop) == "success"


def test_a_workspace_has_at_most_1000_faults(shop: TestClient, sandbox: SandboxApp) -> None:
    for _ in range(MAX_FAULTS):
        sandbox.workspace.faults.add(GATEWAY, lambda *_: None)

    reply = shop.post("/_sandbox/faults", json=GATEWAY)

    assert reply.status_code == 422
    reason = "at most 1000 faults can be enabled at a time. Remove some first"
    assert reply.json()["errors"] == [{"pointer": "", "reason": reason}]
    assert len(enabled(shop)) == MAX_FAULTS
    shop.delete(f"/_sandbox/faults/{enabled(shop)[0]['id']}", headers={"content-type": "application/json"})
    enable_fault(shop, **GATEWAY)


def test_the_faults_of_a_workspace_have_a_size(shop: TestClient) -> None:
    large = {"at": "before", "reply": {"status": 500, "body": "x" * 6_000_000}}
    for _ in range(2):
        enable_fault(shop, **large)

    reply = shop.post("/_sandbox/faults", json=large)

    assert reply.status_code == 422
    reason = "all enabled faults together can have at most 16 million characters. Remove some first"
    assert reply.json()["errors"] == [{"pointer": "", "reason": reason}]
    assert len(enabled(shop)) == 2
    shop.delete("/_sandbox/faults", headers={"content-type": "application/json"})
