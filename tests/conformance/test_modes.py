"""The recordings with strict validation."""

import json
from typing import Any

import pytest

from refund_sandbox.apis.fluentcart import parsing
from refund_sandbox.apis.fluentcart.php_json import json_decode
from refund_sandbox.apis.fluentcart.php_json_errors import JsonError
from refund_sandbox.apis.fluentcart.versions import RULES
from refund_sandbox.app import SandboxApp
from refund_sandbox.core.context import Request
from tests.conformance.replay import difference, mask, send
from tests.conformance.test_recordings import MISSES, arrange, order_of, recorded_cases

pytestmark = pytest.mark.memory_only

STRICT = {"validation": "strict", "fluentcart": {"version": "1.3.25"}}


def refund_cases() -> list[dict[str, Any]]:
    return [case for case in recorded_cases() if case["request"]["path"].endswith("/refund") and case["id"] not in MISSES]


def document_of(case: dict[str, Any]) -> Any:
    """Return the JSON document of a recorded request, else None."""
    request = case["request"]
    if "body" in request:
        return request["body"]
    try:
        return json_decode(request["raw_body"].encode())
    except (JsonError, AttributeError, KeyError):
        return None


def is_valid(sandbox: SandboxApp, case: dict[str, Any]) -> bool:
    request = case["request"]
    headers = {name.lower(): value for name, value in request["headers"].items()}
    is_json = Request("", "", "", headers, b"").content_type == "application/json"
    operations = sandbox.workspace.apis["fluentcart"].spec.operations
    refund = next(operation for operation in operations if operation.operation_id == "refundOrder")
    document = document_of(case)
    if request["method"] != "POST" or not is_json or document is None or refund.violations(document):
        return False
    return not [*parsing.check_amount(document, RULES["1.3.25"])]


def assert_reply_as_recorded(sandbox: SandboxApp, address: tuple[str, int], case: dict[str, Any], request: Any) -> None:
    status, _, content = send(address, request)
    want = case["expect"]
    body = json.loads(content)
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
