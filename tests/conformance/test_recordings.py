"""Every recorded exchange of a real FluentCart 1.3.25, replayed over HTTP."""

import json
from typing import Any

import pytest

from refund_sandbox.app import SandboxApp
from tests.conformance.replay import USERS, difference, mask, send
from tests.support.paths import RECORDINGS

LIVE = {"validation": "live", "fluentcart": {"version": "1.3.25"}}

_STOCK = "the recorded state does not say that the stock module is on; tests/fluentcart/test_stock.py switches it on"
_NUMBER = "the recorded state leaves out the order's number; tests/fluentcart/test_order_actions.py adds it"
_NO_ORDER = "the recorded state leaves out the order; tests/fluentcart/test_order_actions.py adds it"
MISSES = {
    "09-029": "the item belongs to another order, which the recorded state leaves out",
    "13-027": "the order of the path is another one, which the recorded state leaves out",
    "13-036": "the recorded state leaves out the order's number; tests/fluentcart/test_subscription_actions.py adds it",
    **dict.fromkeys(("14-032", "14-035", "14-041", "14-043", "14-045", "14-058"), _NUMBER),
    **dict.fromkeys(("14-013", "14-068"), _NO_ORDER),
    "14-017": "the answer's refunded_at is the time of the recording; tests/fluentcart/test_order_actions.py stops the clock",
    "12-010": _STOCK,
    "12-011": _STOCK,
    "12-012": _STOCK,
}


def recorded_cases() -> list[dict[str, Any]]:
    """Every recording of a request that changes something, or is refused; tests/fluentcart/test_reads.py has the reads (11)."""
    return [
        case
        for file in sorted(RECORDINGS.glob("[0-9]*.json"))
        if file.name[:2] != "11"
        for case in json.loads(file.read_text())
        if case["given"] is not None or case["expect"]["status"] >= 400
    ]


def arrange(sandbox: SandboxApp, case: dict[str, Any], settings: dict[str, Any]) -> None:
    """The world and the faults that the recording started from."""
    orders = [case["given"]] if case["given"] else []
    sandbox.workspace.load({"settings": settings, "fluentcart": {"users": USERS, "orders": orders}})
    sandbox.workspace.services.faults.clear()
    for fault in case["gateway"]:
        sandbox.workspace.services.faults.add({"api": "fluentcart", **fault})


def order_of(sandbox: SandboxApp, case: dict[str, Any]) -> dict[str, Any] | None:
    """The order as it stands, with the fields that the recording has."""
    return sandbox.workspace.apis["fluentcart"].find_order(str(case["given"]["id"])) if case["given"] else None


def activities_of(sandbox: SandboxApp, case: dict[str, Any]) -> list[dict[str, Any]]:
    """What was logged of the order and of its own subscriptions; a recording leaves out the log of other records."""
    recorded = {case["given"]["id"], *(subscription["id"] for subscription in case["given"]["subscriptions"])}
    logged = sandbox.workspace.dump()["fluentcart"]["activities"]
    return [activity for activity in logged if activity["module_id"] in recorded]


@pytest.mark.every_store(20)
@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in recorded_cases()])
def test_a_recorded_request_is_answered_as_the_plugin_answered(
    case: dict[str, Any], sandbox: SandboxApp, address: tuple[str, int], request: pytest.FixtureRequest
) -> None:
    if case["id"] in MISSES:
        request.applymarker(pytest.mark.xfail(reason=MISSES[case["id"]]))
    arrange(sandbox, case, LIVE)

    status, headers, content = send(address, case["request"])

    want = case["expect"]
    assert status == want["status"]
    if case["request"]["method"] != "HEAD" and "text" not in want:
        assert difference(mask(want["body"]), mask(json.loads(content)), "body") is None
    if isinstance(want.get("text"), str):
        assert content.decode() == want["text"]
    for name, value in (want.get("headers") or {}).items():
        assert headers.get(name.lower()) == value
    after = want.get("order") or (case["given"] if want.get("unchanged") else None)
    if after:
        assert difference(mask(after), mask(order_of(sandbox, case)), "order") is None
    if after and "activity" in want:
        assert difference(want["activity"], activities_of(sandbox, case), "activity") is None


def test_nearly_every_recording_is_answered_as_the_plugin_answered() -> None:
    assert len(MISSES) / len(recorded_cases()) < 0.03
