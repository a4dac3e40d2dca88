"""Recorded actions (groups 13 and 14). The state is completed with columns that only the recorded reply shows."""

import json
from collections.abc import Mapping
from typing import Any

from msgspec.structs import fields
from starlette.testclient import TestClient

from refund_sandbox.apis.fluentcart.records import Item, Order, Subscription
from refund_sandbox.app import SandboxApp
from tests.support.fluentcart_calls import AUTH, load
from tests.support.paths import RECORDINGS

LIVE = {"validation": "live", "fluentcart": {"version": "1.3.25"}}
RECORDED: dict[str, dict[str, Any]] = {
    case["id"]: case
    for name in ("13_subscription_endpoints", "14_order_actions")
    for case in json.loads((RECORDINGS / f"{name}.json").read_text())
}
_SKIPPED = ("created_at", "updated_at", "shipping_status")
_DAY = "2026-11-21 19:00:30"
JANE = {
    "id": 11,
    "email": "jane@example.test",
    "user_id": 6,
    "aov": "0.00",
    "city": "Springfield",
    "state": "CA",
    "postcode": "90001",
    "first_purchase_date": _DAY,
    "last_purchase_date": _DAY,
}


def complete_row(given: Mapping[str, Any], shown: Mapping[str, Any], record: type[Any]) -> dict[str, Any]:
    """Return a recorded row with the columns that only the reply has, in the types of the state document."""
    added = {}
    for column in fields(record):
        value = shown.get(column.name)
        if column.name in _SKIPPED or column.name in given or column.name not in shown:
            continue
        number = isinstance(value, str) and value.isdecimal() and column.name not in ("rate", "object_id")
        added[column.name] = int(str(value)) if number else value
    return {**given, **added}


def complete_order(case: Mapping[str, Any]) -> dict[str, Any]:
    """Return the initial order of a recording."""
    given, body = case["given"], case["expect"]["body"]
    subscription = body.get("subscription", {})
    shown = body.get("order") or body.get("data") or subscription.get("order") or {}
    lines = {line["id"]: line for line in shown.get("order_items", [])}
    return {
        **complete_row(given, shown, Order),
        "subscriptions": [complete_row(row, subscription, Subscription) for row in given["subscriptions"]],
        "items": [complete_row(row, lines.get(row["id"], {}), Item) for row in given["items"]],
    }


def load_recorded(sandbox: SandboxApp, case: Mapping[str, Any], *others: dict[str, Any], **section: Any) -> None:
    """Load the initial state of a recording, with the version that was recorded."""
    load(sandbox, complete_order(case), *others, settings=LIVE, **section)


def replay(client: TestClient, case: Mapping[str, Any]) -> Any:
    """Send a recorded request as the administrator."""
    request = case["request"]
    return client.request(request["method"], request["path"], json=request.get("body"), auth=AUTH)
