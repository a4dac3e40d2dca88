"""Every recorded request to a real FluentCart 1.3.25, replayed over HTTP."""

import json
from typing import Any

import pytest

from refund_sandbox.apis.fluentcart import state
from refund_sandbox.app import SandboxApp
from tests.conformance.replay import USERS, difference, mask, send
from tests.support.paths import RECORDINGS

LIVE = {"validation": "live", "fluentcart": {"version": "1.3.25"}}

_STOCK_MODULE = "the recorded state does not have the stock module enabled; tests/apis/fluentcart/test_stock.py enables it"
_WITHOUT_NUMBER = "the recorded state omits the order's number; tests/apis/fluentcart/test_order_actions.py adds it"
_WITHOUT_ORDER = "the recorded state omits the order; tests/apis/fluentcart/test_order_actions.py adds it"
MISSES = {
    "09-029": "the item belongs to another order, which the recorded state omits",
    "13-027": "the order of the path is another one, which the recorded state omits",
    "13-036": "the recorded state omits the order's number; tests/apis/fluentcart/test_subscription_actions.py adds it",
    **dict.fromkeys(("14-032", "14-035", "14-041", "14-043", "14-045", "14-058"), _WITHOUT_NUMBER),
    **dict.fromkeys(("14-013", "14-068"), _WITHOUT_ORDER),
    "14-017": "refunded_at in the reply is the time of the recording; tests/apis/fluentcart/test_order_actions.py sets the clock",
    "12-010": _STOCK_MODULE,
    "12-011": _STOCK_MODULE,
    "12-012": _STOCK_MODULE,
}


def recorded_cases() -> list[dict[str, Any]]:
    """Return the recordings of changes and refusals; tests/apis/fluentcart/test_reads.py has the reads (group 11)."""
    return [
        case
        for file in sorted(RECORDINGS.glob("[0-9]*.json"))
        if file.name[:2] != "11"
        for case in json.loads(file.read_text())
        if case["given"] is not None or case["expect"]["status"] >= 400
    ]


def arrange(sandbox: SandboxApp, case: dict[str, Any], settings: dict[str, Any]) -> None:
    """Load the initial state and the faults of the recording."""
    orders = [case["given"]] if case["given"] else []
    sandbox.workspace.load({"settings": settings, "fluentcart": {"users": USERS, "orders": orders}})
    sandbox.workspace.faults.clear()
    for fault in case["gateway"]:
        sandbox.workspace.add_fault({"api": "fluentcart", **fault})


def order_of(sandbox: SandboxApp, case: dict[str, Any]) -> dict[str, Any] | None:
    """Return the current order of the recording."""
    if not case["given"]:
        return None
    with sandbox.workspace.store.read_only() as transaction:
        return state.find_order(transaction, str(case["given"]["id"]))


def activities_of(sandbox: SandboxApp, case: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the log of the order and its subscriptions; a recording omits the log of other records."""
    recorded = {case["given"]["id"], *(subscription["id"] for subscription in case["given"]["subscriptions"])}
    activities = sandbox.workspace.dump()["fluentcart"]["activities"]
    return [activity for activity in activities if activity["module_id"] in recorded]


@pytest.mark.every_store(20)
@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in recorded_cases()])
def test_a_recorded_request_gets_the_recorded_reply(
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


def test_nearly_every_recorded_request_gets_the_recorded_reply() -> None:
    assert len(MISSES) / len(recorded_cases()) < 0.03
