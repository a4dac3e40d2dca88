"""Every recorded request to the shop around a refund of a real FluentCart 1.5.2, replayed over HTTP."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from refund_sandbox.apis.fluentcart import recording, state
from refund_sandbox.app import SandboxApp
from tests.conformance.replay import difference, mask, send
from tests.support.paths import SHOP_RECORDINGS

SETTINGS = {"validation": "live", "fluentcart": {"version": "1.5.2"}}
ADMIN = {"authorization": "<admin application password>", "content-type": "application/json"}

_ADDRESS = "the recording marks the order as unchanged although its address is not"
_NEW_IDS = "the recorded shop numbers new transactions from 5101 on, the other recordings from the highest one"
MISSES = {
    "32-086": _ADDRESS,
    **dict.fromkeys(("33-049", "33-050"), _ADDRESS),
    **dict.fromkeys(("33-210", "33-215"), _NEW_IDS),
    "33-178": "the recording marks the order as unchanged although its shipping status is not",
    "36-049": "the 2,703 texts of the plugin's screens are not served",
    "37-149": "the list of placeholders in e-mails is not served",
    "37-168": "the recording marks the order as unchanged although it was refunded before",
    "37-169": _NEW_IDS,
    "33-214": "the recording marks the order as unchanged although it is deleted",
}


def cases() -> list[dict[str, Any]]:
    return [case for file in sorted(SHOP_RECORDINGS.glob("*.json")) for case in json.loads(file.read_text(encoding="utf-8"))]


def state_of(case: Mapping[str, Any]) -> dict[str, Any]:
    """The initial state: one order with its fields at the top, or several, with sections of the state document."""
    clock = {"clock": case["at"].replace(" ", "T") + "Z"} if case.get("at") else {}
    return {"settings": SETTINGS, "fluentcart": recording.section(case), **clock}


def masked(value: Any) -> Any:
    """The value without what differs from run to run, with the site's address as it was recorded."""
    return mask(json.loads(re.sub(r"http://127\.0\.0\.1:\d+", "<site>", json.dumps(value))))


def shape(value: Any) -> Any:
    """Keys and JSON types; of a list the first entry."""
    if isinstance(value, dict):
        return {key: shape(part) for key, part in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    names = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}
    return names[type(value)]


def body_difference(want: Mapping[str, Any], content: bytes) -> str | None:
    """Return how a reply differs from the recorded one: its text, its ids, its shape or its values."""
    if "raw" in want:
        return None if content.decode() == want["raw"] else f"text {content[:80]!r}"
    got = json.loads(content)
    if "ids" in want:
        page = next(part for part in got.values() if isinstance(part, dict))
        return None if [row["id"] for row in page["data"]] == want["ids"] else "ids"
    if "body_shape" in want:
        return difference(want["body_shape"], shape(got), "shape")
    return difference(masked(want["body"]), masked(got), "body")


@pytest.mark.every_store(20)
@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in cases()])
def test_a_recorded_request_to_the_shop_gets_the_recorded_reply(
    case: dict[str, Any], sandbox: SandboxApp, address: tuple[str, int], request: pytest.FixtureRequest
) -> None:
    if case["id"] in MISSES:
        request.applymarker(pytest.mark.xfail(reason=MISSES[case["id"]], strict=True))
    sandbox.workspace.load(state_of(case))
    for earlier in case.get("preceded_by", []):
        send(address, {**earlier, "headers": ADMIN})

    status, _, content = send(address, case["request"])

    want = case["expect"]
    assert status == want["status"]
    assert body_difference(want, content) is None
    given = {name: value for name, value in (case["given"] or {}).items() if name not in recording.SECTIONS}
    after = want.get("order") or (given if want.get("unchanged") else None)
    if after and "id" in after:
        with sandbox.workspace.store.read_only() as transaction:
            found = state.find_order(transaction, str(after["id"]))
        assert difference(masked(after), masked(found), "order") is None


def test_nearly_every_recorded_request_to_the_shop_gets_the_recorded_reply() -> None:
    assert len(MISSES) / len(cases()) < 0.04
