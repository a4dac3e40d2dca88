"""The sentences of the refund pages that no example shows."""

import dataclasses

import pytest

from docs.generate import funnelfox_page
from docs.generate.calls import ADMIN_KEY, send
from docs.generate.fluentcart_page import ADMIN
from docs.generate.refund_cases import Case, reply_to
from refund_sandbox.testing import Sandbox

pytestmark = pytest.mark.memory_only

BILLING, SHOP = "/your-org-id/v1/payment/refund", "/orders/1001/refund"
FORM = b"refund_info[transaction_id]=129237&refund_info[amount]=100"


def refused_with_400() -> list[Case]:
    others = ("unauthorized", "forbidden", "not_found", "method_not_allowed", "payload_too_large")
    injected = ("internal_error", "rate_limited", "unavailable")
    return [case for case in funnelfox_page.ERRORS if case.name not in (*others, *injected)]


@pytest.mark.parametrize("case", refused_with_400(), ids=lambda case: case.name)
def test_the_status_of_a_refusal_is_a_setting(sandbox: Sandbox, case: Case) -> None:
    reply = reply_to(sandbox, dataclasses.replace(case, settings={}), {"funnelfox": {"error_status": 422}})

    assert reply.status == (400 if case.name == "unknown_scenario" else 422)


def test_funnelfox_reads_json_whatever_the_content_type_says(sandbox: Sandbox) -> None:
    body = b'{"external_id": "user_456", "order_id": "00000000-0000-4000-8000-000000000002"}'

    assert send(sandbox.url, "POST", BILLING, body, {**ADMIN_KEY, "Content-Type": "text/plain"}).status == 200


@pytest.mark.parametrize(("validation", "status"), [("strict", 400), ("live", 200)])
def test_funnelfox_forgives_with_live_validation(sandbox: Sandbox, validation: str, status: int) -> None:
    sandbox.settings(validation=validation)
    body = {"external_id": "user_456", "order_id": "00000000000040008000000000000002", "soft_refund": "true"}

    assert send(sandbox.url, "POST", BILLING, body, ADMIN_KEY).status == status


@pytest.mark.parametrize(("validation", "status"), [("strict", 415), ("live", 200)])
def test_fluentcart_reads_forms_with_live_validation(sandbox: Sandbox, validation: str, status: int) -> None:
    sandbox.settings(validation=validation)
    headers = {**ADMIN, "Content-Type": "application/x-www-form-urlencoded"}

    assert send(sandbox.url, "POST", f"/wp-json/fluent-cart/v2{SHOP}", FORM, headers).status == status


@pytest.mark.parametrize("path", [f"/index.php/wp-json/fluent-cart/v2{SHOP}", f"/?rest_route=/fluent-cart/v2{SHOP}"])
def test_fluentcart_has_the_other_paths_of_wordpress(sandbox: Sandbox, path: str) -> None:
    info = {"refund_info": {"transaction_id": 129237, "amount": 100}}

    first, again = (send(sandbox.url, "POST", path, info, ADMIN) for _ in range(2))

    assert (first.status, again.status) == (200, 200)
    assert len(sandbox.fluentcart.find(1001).refunds()) == 2  # a repeated request refunds twice
