"""Effect of every scenario on a refund of each API, compared with its title."""

from collections.abc import Mapping
from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import APIS, SandboxApp
from refund_sandbox.core.faults.waiting import FaultWaiters, Look
from refund_sandbox.core.workspaces.fixtures import read_scenarios
from tests.support import raw_http

pytestmark = pytest.mark.memory_only

LOST = "lost"
# What the client gets, in seconds of delay, status, and whether the refund is booked.
EXPECTED: Mapping[str, tuple[float, int | str, bool]] = {
    "gateway_declined": (0, 200, True),
    "gateway_timeout": (0, 200, True),
    "insufficient_funds": (0, 200, True),
    "already_refunded_at_gateway": (0, 200, True),
    "settlement_failed": (0, 200, True),
    "cancel_refused": (0, 200, True),
    "slow_gateway": (3, 200, True),
    "server_error": (0, 500, False),
    "rate_limited": (0, 429, False),
    "unauthorized": (0, 401, False),
    "unavailable": (0, 503, False),
    "slow": (3, 200, True),
    "reply_lost": (0, LOST, True),
    "reply_late": (30, 200, True),
    "bad_gateway_html": (0, 502, False),
    "connection_refused": (0, LOST, False),
}
ONLY_FOR = {"settlement_failed": "funnelfox", "cancel_refused": "fluentcart"}
"""Scenarios of one API. A request to the other one is refused."""
# What needs a socket, several calls or a webhook is tested elsewhere: test_injection.py and the APIs' test_webhooks.py.
ELSEWHERE = {"reply_truncated", "no_reply", "flaky", "variable_latency", "no_lock"} | {
    name for name in read_scenarios(APIS.values()) if name.startswith("webhook_")
}


def test_every_scenario_is_tested() -> None:
    assert set(EXPECTED) | ELSEWHERE == set(read_scenarios(APIS.values()))


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Delays of the faults, recorded instead of waited for."""
    delays: list[float] = []

    async def wait(_self: FaultWaiters, _look: Look, _epoch: str, delay_s: float, _hold: str | None = None) -> None:
        delays.append(delay_s)

    monkeypatch.setattr(FaultWaiters, "wait", wait)
    return delays


@pytest.mark.parametrize("api", ["funnelfox", "fluentcart"])
@pytest.mark.parametrize("name", EXPECTED)
def test_the_title_describes_the_effect(name: str, api: str, sandbox: SandboxApp, client: TestClient, slept: list[float]) -> None:
    raw_http.arrange(sandbox)
    delay, status, is_booked = EXPECTED[name] if api == ONLY_FOR.get(name, api) else (0, 400, False)
    before = client.get("/_sandbox/state").json()[api]

    assert refund(client, api, name) == status

    assert sum(slept) == delay
    assert (client.get("/_sandbox/state").json()[api] != before) == is_booked


def refund(client: TestClient, api: str, scenario: str) -> int | str:
    headers = {**raw_http.CREDENTIALS, "X-Sandbox-Scenario": scenario}
    try:
        return client.post(raw_http.PATHS[api], json=raw_http.REFUNDS[api], headers=headers).status_code
    except ConnectionResetError:
        return LOST


@pytest.mark.parametrize("name", ["gateway_declined", "gateway_timeout", "insufficient_funds", "already_refunded_at_gateway"])
def test_a_declining_gateway_is_visible_in_both_apis(name: str, sandbox: SandboxApp, client: TestClient) -> None:
    message = read_scenarios(APIS.values())[name]["faults"][0]["error"]
    raw_http.arrange(sandbox)
    headers = {**raw_http.CREDENTIALS, "X-Sandbox-Scenario": name}

    shop: Any = client.post(raw_http.FLUENTCART, json=raw_http.REFUNDS["fluentcart"], headers=headers).json()
    client.post(raw_http.FUNNELFOX, json=raw_http.REFUNDS["funnelfox"], headers=headers)

    assert message in shop["gateway_refund"]["message"]
    rows = client.get(f"/_sandbox/funnelfox/orders/{raw_http.ORDER_ID}").json()["transactions"]
    assert (rows[-1]["psp_status"], rows[-1]["psp_reason_message"]) == ("FAILED", message)


def test_flaky_hits_about_three_in_ten(sandbox: SandboxApp, client: TestClient) -> None:
    raw_http.arrange(sandbox)
    client.post("/_sandbox/faults", json={"scenario": "flaky"})

    statuses = [client.post(raw_http.FUNNELFOX, json={}, headers=raw_http.CREDENTIALS).status_code for _ in range(300)]

    assert set(statuses) == {400, 503}
    assert 60 <= statuses.count(503) <= 120


def test_variable_latency_waits_between_200_and_1500_ms(sandbox: SandboxApp, client: TestClient, slept: list[float]) -> None:
    raw_http.arrange(sandbox)
    client.post("/_sandbox/faults", json={"scenario": "variable_latency"})

    for _ in range(100):
        client.post(raw_http.FUNNELFOX, json={}, headers=raw_http.CREDENTIALS)

    assert len(set(slept)) == 100
    assert 0.2 <= min(slept) < 0.4
    assert 1.3 < max(slept) <= 1.5
