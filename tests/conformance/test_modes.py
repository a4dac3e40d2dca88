"""The recordings in other modes: strict validation, and minor units in 1.6.2."""

import json
from decimal import Decimal
from typing import Any

import pytest

from refund_sandbox.apis.fluentcart import php
from refund_sandbox.app import SandboxApp
from refund_sandbox.core.context import Request
from tests.conformance.replay import difference, mask, send
from tests.conformance.test_recordings import MISSES, arrange, order_of, recorded_cases

pytestmark = pytest.mark.memory_only

STRICT = {"validation": "strict", "fluentcart": {"version": "1.3.25"}}
MINOR_UNITS = {"validation": "live", "fluentcart": {"version": "1.6.2"}}
MAX_EXACT_INT = 2**53


def refund_cases() -> list[dict[str, Any]]:
    return [case for case in recorded_cases() if case["request"]["path"].endswith("/refund") and case["id"] not in MISSES]


def document_of(case: dict[str, Any]) -> Any:
    """Return the JSON document of a recorded request, else None."""
    request = case["request"]
    if "body" in request:
        return request["body"]
    try:
        return php.json_decode(request["raw_body"].encode())
    except (php.JsonError, AttributeError, KeyError):
        return None


def is_valid(sandbox: SandboxApp, case: dict[str, Any]) -> bool:
    request = case["request"]
    headers = {name.lower(): value for name, value in request["headers"].items()}
    is_json = Request("", "", "", headers, b"").content_type == "application/json"
    operations = sandbox.workspace.apis["fluentcart"].spec.operations
    refund = next(operation for operation in operations if operation.operation_id == "refundOrder")
    document = document_of(case)
    return request["method"] == "POST" and is_json and document is not None and not refund.violations(document)


def assert_reply_as_recorded(sandbox: SandboxApp, address: tuple[str, int], case: dict[str, Any], request: Any) -> None:
    status, _, content = send(address, request)
    want = case["expect"]
    body = json.loads(content)
    if body.get("code") == "plugin_exception" and sandbox.workspace.settings().of("fluentcart").version == "1.6.2":
        assert body["message"] == "An internal error occurred."  # since 1.4.0; PHP's own message before
        body = {**body, "message": want["body"]["message"]}

    assert status == want["status"]
    assert difference(mask(want["body"]), mask(body), "body") is None
    after = want.get("order") or (case["given"] if want.get("unchanged") else None)
    if after:
        assert difference(mask(after), mask(order_of(sandbox, case)), "order") is None


@pytest.mark.sampled(3)
@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in refund_cases()])
def test_strict_validation_does_not_change_the_reply_to_a_valid_request(
    case: dict[str, Any], sandbox: SandboxApp, address: tuple[str, int]
) -> None:
    if not is_valid(sandbox, case):
        return
    arrange(sandbox, case, STRICT)

    assert_reply_as_recorded(sandbox, address, case, case["request"])


def test_most_recorded_refunds_are_valid(sandbox: SandboxApp) -> None:
    valid_cases = [case for case in refund_cases() if is_valid(sandbox, case)]

    assert len(valid_cases) > 250


def in_minor_units(case: dict[str, Any]) -> dict[str, Any] | None:
    """Return the request with its amount times 100, or None without an amount or if the result is not exact."""
    document = document_of(case)
    info = document.get("refund_info") if isinstance(document, dict) else None
    if not isinstance(info, dict) or not php.is_numeric(info.get("amount")):
        return None
    amount = info["amount"]
    minor_units = Decimal(str(amount).strip()) * 100
    if not minor_units.is_finite() or abs(minor_units) > MAX_EXACT_INT:
        return None
    new_amount: Any = (
        str(amount).replace(str(amount).strip(), f"{minor_units:f}") if isinstance(amount, str) else float(minor_units)
    )
    body = {**document, "refund_info": {**info, "amount": new_amount}}
    return {**{name: value for name, value in case["request"].items() if name != "raw_body"}, "body": body}


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("case", "request_in_minor_units"),
    [pytest.param(case, changed, id=case["id"]) for case in refund_cases() if (changed := in_minor_units(case))],
)
def test_1_6_2_gives_the_same_reply_to_an_amount_times_100(
    case: dict[str, Any], request_in_minor_units: dict[str, Any], sandbox: SandboxApp, address: tuple[str, int]
) -> None:
    arrange(sandbox, case, MINOR_UNITS)

    assert_reply_as_recorded(sandbox, address, case, request_in_minor_units)
