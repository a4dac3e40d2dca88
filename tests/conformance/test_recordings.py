"""Every recorded request to a real FluentCart, replayed over HTTP against the same version.

Folders are named by version. 1.6.2 and 1.6.5 were recorded from a real 1.5.2 with the later functions written into it. The
folder 1.6.5 has only what differs from 1.6.2, and groups 13, 14 and 22.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from refund_sandbox.apis.fluentcart import recording, state
from refund_sandbox.app import SandboxApp
from tests.conformance.replay import difference, mask, send, shape_difference
from tests.support.paths import RECORDINGS

LIVE = {"validation": "live", "fluentcart": {"version": "1.3.25"}}
NEWER = {
    "fluentcart-1.3.25-extra": "1.3.25",
    "fluentcart-1.5.2": "1.5.2",
    "fluentcart-1.6.2": "1.6.2",
    "fluentcart-1.6.5": "1.6.5",
}
"""Folders beside that of 1.3.25, with the version that they were recorded from."""

_STOCK_MODULE = "the recorded state does not have the stock module enabled; tests/apis/fluentcart/test_stock.py enables it"
_WITHOUT_NUMBER = "the recorded state omits the order's number; tests/apis/fluentcart/test_order_actions.py adds it"
_WITHOUT_ORDER = "the recorded state omits the order; tests/apis/fluentcart/test_order_actions.py adds it"
_OTHER_ITEM = "the item belongs to another order, which the recorded state omits"
_OTHER_ORDER = "the order of the path is another one, which the recorded state omits"
_OTHER_LOG = "the recorded log has an entry of the subscription, which belongs to the first order, not to the recorded renewal"
_NULL_COLUMN = "the table of the recorded shop has null where a new one has 0"
_RECORDED_SHOP = "the recorded state omits the titles of the order's items"
PRODUCT_KEYS = ("other_info", "variants")
"""Fields of an item about its product, which the recorded state omits."""
MISSES = {
    "09-029": _OTHER_ITEM,
    "13-027": _OTHER_ORDER,
    "13-036": "the recorded state omits the order's number; tests/apis/fluentcart/test_subscription_actions.py adds it",
    **dict.fromkeys(("14-032", "14-035", "14-041", "14-043", "14-045", "14-058"), _WITHOUT_NUMBER),
    **dict.fromkeys(("14-013", "14-068"), _WITHOUT_ORDER),
    **dict.fromkeys(("12-010", "12-011", "12-012"), _STOCK_MODULE),
}
_SHOP_READS = dict.fromkeys(("22-002", "22-008", "22-142"), _RECORDED_SHOP)
_WITHOUT_STOCK = dict.fromkeys(("12-010", "12-011", "12-012"), _STOCK_MODULE)
NEWER_MISSES: Mapping[str, Mapping[str, str]] = {
    "fluentcart-1.3.25-extra": {**_SHOP_READS, **dict.fromkeys(("22-003", "22-005"), _RECORDED_SHOP)},
    "fluentcart-1.5.2": {
        **_SHOP_READS,
        **dict.fromkeys(("22-003", "22-005"), _RECORDED_SHOP),
        **_WITHOUT_STOCK,
        "08-054": _OTHER_LOG,
        "09-029": _OTHER_ITEM,
        "13-027": _OTHER_ORDER,
        "14-008": _NULL_COLUMN,
    },
    "fluentcart-1.6.2": {
        **_WITHOUT_STOCK,
        **{f"{case_id}c": reason for case_id, reason in _WITHOUT_STOCK.items()},
        **dict.fromkeys(("08-054", "08-054c"), _OTHER_LOG),
        **dict.fromkeys(("09-029", "09-029c"), _OTHER_ITEM),
    },
    "fluentcart-1.6.5": {
        **_SHOP_READS,
        "08-054c": _OTHER_LOG,
        "13-027": _OTHER_ORDER,
        "14-036": "the text since 1.6.4 was not written into the recorded plugin; tests/apis/fluentcart/test_order_actions.py",
        "14-008": _NULL_COLUMN,
    },
}


def recorded_cases(folder: Path = RECORDINGS) -> list[dict[str, Any]]:
    """Return the recordings of changes and refusals; tests/apis/fluentcart/test_reads.py has the reads (group 11)."""
    return [
        case
        for file in sorted(folder.glob("[0-9]*.json"))
        if file.name[:2] != "11"
        for case in json.loads(file.read_text())
        if is_replayable(case)
    ]


def is_replayable(case: dict[str, Any]) -> bool:
    """Whether a case has a reply, and the state before it if the request was accepted."""
    return "without_reply" not in case and (case["given"] is not None or case["expect"]["status"] >= 400)


def arrange(sandbox: SandboxApp, case: dict[str, Any], settings: dict[str, Any]) -> None:
    """Load the initial state and the faults of the recording."""
    sandbox.workspace.load({"settings": settings, "fluentcart": recording.section(case)})
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
    earlier = {activity["id"] for activity in case["given"].get("activities", ())}
    activities = sandbox.workspace.dump()["fluentcart"]["activities"]
    return [activity for activity in activities if activity["module_id"] in recorded and activity["id"] not in earlier]


@pytest.mark.every_store(20)
@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in recorded_cases()])
def test_a_recorded_request_gets_the_recorded_reply(
    case: dict[str, Any], sandbox: SandboxApp, address: tuple[str, int], request: pytest.FixtureRequest
) -> None:
    if case["id"] in MISSES:
        request.applymarker(pytest.mark.xfail(reason=MISSES[case["id"]]))
    arrange(sandbox, case, LIVE)

    assert_as_recorded(sandbox, address, case)


def newer_cases() -> list[Any]:
    return [
        pytest.param(folder, case, id=f"{folder.removeprefix('fluentcart-')}-{case['id']}")
        for folder in NEWER
        for case in recorded_cases(RECORDINGS.parent / folder)
    ]


@pytest.mark.memory_only
@pytest.mark.sampled(3)
@pytest.mark.parametrize(("folder", "case"), newer_cases())
def test_a_newer_version_gets_its_own_recorded_reply(
    folder: str, case: dict[str, Any], sandbox: SandboxApp, address: tuple[str, int], request: pytest.FixtureRequest
) -> None:
    if case["id"] in NEWER_MISSES[folder]:
        request.applymarker(pytest.mark.xfail(reason=NEWER_MISSES[folder][case["id"]]))
    arrange(sandbox, case, {"validation": "live", "fluentcart": {"version": NEWER[folder]}})

    assert_as_recorded(sandbox, address, case)


@pytest.mark.memory_only
@pytest.mark.parametrize(
    ("folder", "case"),
    [pytest.param(*param.values, id=param.id) for param in newer_cases() if param.values[1]["id"] in _SHOP_READS],
)
def test_a_read_of_a_newer_version_has_the_recorded_keys_and_types(
    folder: str, case: dict[str, Any], sandbox: SandboxApp, address: tuple[str, int]
) -> None:
    arrange(sandbox, case, {"validation": "live", "fluentcart": {"version": NEWER[folder]}})

    reply = json.loads(send(address, case["request"])[2])

    assert shape_difference(without_items(case["expect"]["body"]), without_items(reply)) is None
    assert keys_of(case["expect"]["body"]) == keys_of(reply)


def without_items(body: Any) -> Any:
    """Return a body without what depends on the product of an item."""
    if isinstance(body, dict):
        return {key: without_items(value) for key, value in body.items() if key not in PRODUCT_KEYS}
    return [without_items(value) for value in body] if isinstance(body, list) else body


def keys_of(value: Any) -> Any:
    """Return the keys of objects in their order. An empty list or object has none."""
    if isinstance(value, dict):
        return [(key, keys_of(entry)) for key, entry in value.items() if key not in PRODUCT_KEYS] or None
    return ([keys_of(entry) for entry in value] or None) if isinstance(value, list) else None


def assert_as_recorded(sandbox: SandboxApp, address: tuple[str, int], case: dict[str, Any]) -> None:
    """Send the request of a recording, and compare reply, order and log with it."""
    status, headers, content = send(address, case["request"])

    want = case["expect"]
    assert status == want["status"]
    if isinstance(want.get("raw"), str):
        assert content.decode() == want["raw"]
    elif case["request"]["method"] != "HEAD" and "text" not in want:
        assert difference(mask(want["body"]), mask(json.loads(content)), "body") is None
    if isinstance(want.get("text"), str):
        assert content.decode() == want["text"]
    for name, value in (want.get("headers") or {}).items():
        assert mask(headers.get(name.lower())) == mask(value)
    given = recording.order_of(case["given"] or {})
    after = want.get("order") or (given[1] if given and want.get("unchanged") else None)
    if after:
        assert difference(mask(after), mask(order_of(sandbox, case)), "order") is None
    if after and "activity" in want:
        assert difference(want["activity"], activities_of(sandbox, case), "activity") is None


def test_nearly_every_recorded_request_gets_the_recorded_reply() -> None:
    assert len(MISSES) / len(recorded_cases()) < 0.03
    assert sum(map(len, NEWER_MISSES.values())) / len(newer_cases()) < 0.03
