"""POST /payment/cancel: orders whose money is authorized and not captured."""

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.funnelfox_calls import ask, codes
from tests.support.funnelfox_state import ONEOFF, ORDER, SUBSCRIPTION, USER, Document, begin, order, refund, state
from tests.support.funnelfox_targets import LISTENING, topics

WHO: Document = {"external_id": USER, "order_id": ORDER}


def test_an_authorized_order_is_given_up_and_what_it_was_to_pay_for_ends(sandbox: SandboxApp, client: TestClient) -> None:
    begin(sandbox, order(status="authorized", subs_id=SUBSCRIPTION, oneoff_id=ONEOFF), orgs=LISTENING)

    response = ask(client, "/payment/cancel", **WHO, reason="fraud")

    section = state(client)
    assert (response.status_code, response.json()) == (200, {})
    assert (section["orders"][0]["status"], section["orders"][0]["transactions"][0]["psp_status"]) == ("cancelled", "CANCELLED")
    assert (section["subscriptions"][0]["status"], section["oneoffs"][0]["is_active"]) == (["EXPIRED"], False)
    assert topics(sandbox) == ["subscription/expiration", "oneoff/revoked"]


@pytest.mark.parametrize("flag", ["soft_refund", "soft_cancel"])
def test_a_soft_cancellation_keeps_the_subscription(flag: str, sandbox: SandboxApp, client: TestClient) -> None:
    begin(sandbox, order(status="authorized", subs_id=SUBSCRIPTION), orgs=LISTENING)

    ask(client, "/payment/cancel", **WHO, **{flag: True})

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
def test_other_orders_are_refused_and_stay(
    status: str, fields: Document, expected: tuple[int, list[str]], sandbox: SandboxApp, client: TestClient
) -> None:
    begin(sandbox, order(status=status))
    before = state(client)

    response = ask(client, "/payment/cancel", **{**WHO, **fields})

    assert (response.status_code, codes(response)) == expected
    assert state(client) == before


def test_a_cancelled_order_is_neither_cancelled_again_nor_refunded(sandbox: SandboxApp, client: TestClient) -> None:
    begin(sandbox, order(status="authorized"))
    ask(client, "/payment/cancel", **WHO)

    again, refunded = ask(client, "/payment/cancel", **WHO), refund(client)

    assert (codes(again), codes(refunded)) == (["order_not_cancellable"], ["order_not_refundable"])
