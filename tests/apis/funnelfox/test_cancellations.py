"""POST /payment/cancel: authorized orders before their capture."""

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.funnelfox_calls import call, error_codes
from tests.support.funnelfox_state import ONEOFF, ORDER, SUBSCRIPTION, USER, Document, load_state, order, refund, state
from tests.support.funnelfox_targets import SUBSCRIBED_ORGS, topics

WHO: Document = {"external_id": USER, "order_id": ORDER}


def test_an_authorized_order_is_cancelled_and_its_entitlement_withdrawn(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(status="authorized", subs_id=SUBSCRIPTION, oneoff_id=ONEOFF), orgs=SUBSCRIBED_ORGS)

    response = call(client, "/payment/cancel", **WHO, reason="fraud")

    section = state(client)
    assert (response.status_code, response.json()) == (200, {})
    assert (section["orders"][0]["status"], section["orders"][0]["transactions"][0]["psp_status"]) == ("cancelled", "CANCELLED")
    assert (section["subscriptions"][0]["status"], section["oneoffs"][0]["is_active"]) == (["EXPIRED"], False)
    assert topics(sandbox) == ["subscription/expiration", "oneoff/revoked"]


@pytest.mark.parametrize("flag", ["soft_refund", "soft_cancel"])
def test_a_soft_cancellation_keeps_the_subscription(flag: str, sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(status="authorized", subs_id=SUBSCRIPTION), orgs=SUBSCRIBED_ORGS)

    call(client, "/payment/cancel", **WHO, **{flag: True})

    section = state(client)
    assert (section["orders"][0]["status"], section["subscriptions"][0]["status"]) == ("cancelled", ["RECURRING"])
    assert topics(sandbox) == []


@pytest.mark.parametrize(
    ("status", "fields", "expected"),
    [
        ("settled", {}, (400, ["order_not_cancellable"])),
        ("cancelled", {}, (400, ["order_not_cancellable"])),
        ("declined", {}, (400, ["order_not_cancellable"])),
        ("processing", {}, (400, ["order_not_cancellable"])),
        ("authorized", {"external_id": "somebody"}, (400, ["order_not_found"])),
        ("authorized", {"order_id": ONEOFF}, (400, ["order_not_found"])),
        ("authorized", {"order_id": ..., "soft_refund": "x"}, (400, ["missing", "bool_parsing"])),
    ],
)
def test_other_orders_are_refused_and_unchanged(
    status: str, fields: Document, expected: tuple[int, list[str]], sandbox: SandboxApp, client: TestClient
) -> None:
    load_state(sandbox, order(status=status))
    before = state(client)

    response = call(client, "/payment/cancel", **{**WHO, **fields})

    assert (response.status_code, error_codes(response)) == expected
    assert state(client) == before


def test_a_cancelled_order_is_neither_cancelled_again_nor_refunded(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(status="authorized"))
    call(client, "/payment/cancel", **WHO)

    again, refunded = call(client, "/payment/cancel", **WHO), refund(client)

    assert (error_codes(again), error_codes(refunded)) == (["order_not_cancellable"], ["order_not_refundable"])
