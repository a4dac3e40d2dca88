"""Checkout: sessions, test cards, repeated payments, and refunds of purchases."""

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.funnelfox_calls import call, call_public, data, error_codes, set_clock
from tests.support.funnelfox_checkout import (
    CHALLENGED,
    GOOD,
    POOR,
    SESSION,
    UNKNOWN,
    amounts,
    answer,
    buy,
    load_shop,
    open_session,
    pay,
)
from tests.support.funnelfox_state import USER, Document, refund, refund_rows, state
from tests.support.funnelfox_targets import event_documents, topics


@pytest.fixture(autouse=True)
def shop(sandbox: SandboxApp) -> None:
    load_shop(sandbox)


def test_a_session_creates_the_user_and_no_order(client: TestClient) -> None:
    opened = open_session(client)

    section = state(client)
    assert {"client_token", "order_id"} < opened.keys()
    assert section["orders"] == []
    assert section["users"] == [{"external_id": USER, "email": "u@example.test", "email_aliases": []}]


@pytest.mark.parametrize(
    ("ident", "amount", "status", "ends", "events"),
    [
        ("monthly", "9.99", ["RECURRING"], "2026-02-02T12:00:00.000000", "subscription/convertion"),
        ("trial", "0.00", ["INTRO"], "2026-01-09T12:00:00.000000", "subscription/starting_trial"),
        ("paid", "1.00", ["INTRO"], "2026-01-09T12:00:00.000000", "subscription/starting_trial"),
    ],
)
def test_a_subscription_begins_with_its_payment(
    ident: str, amount: str, status: list[str], ends: str, events: str, sandbox: SandboxApp, client: TestClient
) -> None:
    opened = open_session(client, ident, client_metadata={"campaign": "x"})

    paid = pay(client, opened["order_id"])

    (order,), (subscription,) = state(client)["orders"], state(client)["subscriptions"]
    assert (paid.status_code, data(paid)) == (200, answer("succeeded", opened["order_id"]))
    assert (order["order_id"], order["status"], order["amount"]) == (opened["order_id"], "settled", amount)
    assert (order["subs_id"], order["pp_ident"], order["initial_order_metadata"]) == (
        subscription["subs_id"],
        ident,
        {"campaign": "x"},
    )
    assert (subscription["status"], subscription["current_period_ends_at"]) == (status, ends)
    assert topics(sandbox) == ["order/settled", events]
    assert event_documents(sandbox)[0]["subscription"]["subs_id"] == subscription["subs_id"]


def test_a_purchased_trial_converts_at_its_end(sandbox: SandboxApp, client: TestClient) -> None:
    buy(client, "paid")

    set_clock(sandbox, "2026-01-09T10:00:00")

    assert amounts(client) == [("settled", "1.00"), ("settled", "9.99")]
    assert state(client)["subscriptions"][0]["status"] == ["RECURRING"]


def test_a_one_off_is_granted_and_revoked_by_a_full_refund(sandbox: SandboxApp, client: TestClient) -> None:
    paid = buy(client, "guide")
    (granted,) = state(client)["oneoffs"]

    response = refund(client, order_id=paid["order_id"])

    (revoked,) = state(client)["oneoffs"]
    assert (granted["order_id"], granted["is_active"], granted["pp_ident"]) == (paid["order_id"], True, "guide")
    assert (response.status_code, revoked["is_active"]) == (200, False)
    assert topics(sandbox) == ["order/settled", "oneoff/granted", "refund/settled", "oneoff/revoked"]


def test_a_purchase_is_refunded_in_parts_and_never_more(client: TestClient) -> None:
    order_id = buy(client)["order_id"]

    answers = [refund(client, order_id=order_id, amount=amount).status_code for amount in ("4.00", "5.99", "0.01")]

    assert answers == [200, 200, 400]
    (payment,) = data(call(client, "/payments_history", external_id=USER))["payments"]
    assert (payment["amount"], payment["refunded"], payment["last4"], payment["network"]) == ("9.99", "9.99", "4242", "VISA")
    assert [row["amount"] for row in refund_rows(client, order_id)] == ["4.00", "5.99"]


@pytest.mark.parametrize(
    ("token", "status", "message", "code"),
    [
        ("4242424242424242", "succeeded", "", None),
        ("5555 5555 5555 4444", "succeeded", "", None),
        ("pm_4111-1111-1111-1111_again", "succeeded", "", None),
        ("5252525252525258", "succeeded", "", None),
        ("tok_opaque", "succeeded", "", None),
        ("12345", "succeeded", "", None),
        ("4000000000009995", "failed", "Your card has insufficient funds.", "INSUFFICIENT_FUNDS"),
        ("5200000000001005", "failed", "Your card has insufficient funds.", "INSUFFICIENT_FUNDS"),
        ("4000000000009987", "failed", "Your card was reported lost.", "LOST_CARD"),
        ("4000000000000069", "failed", "Your card has expired.", "EXPIRED_CARD"),
        ("4000000000000002", "failed", "Your card was declined.", "ERROR"),
        ("5100000000000016", "failed", "Your card was declined.", "ERROR"),
        ("4929000000000006", "failed", "Real cards are not taken here; use a test card.", "ERROR"),
    ],
)
def test_a_token_stands_for_a_test_card(
    token: str, status: str, message: str, code: str | None, sandbox: SandboxApp, client: TestClient
) -> None:
    paid = buy(client, token=token)

    (order,) = state(client)["orders"]
    assert paid == answer(status, order["order_id"], message)
    assert order["transactions"][0]["psp_reason_code"] == code
    assert (order["status"] == "declined") == (topics(sandbox)[0] == "order/declined") == (status == "failed")


def test_a_declined_order_grants_nothing_and_can_not_be_refunded(client: TestClient) -> None:
    paid = buy(client, token=POOR)

    section = state(client)
    assert (section["subscriptions"], section["oneoffs"]) == ([], [])
    assert error_codes(refund(client, order_id=paid["order_id"])) == ["order_not_refundable"]


def test_a_second_attempt_has_an_order_of_its_own(client: TestClient) -> None:
    first = buy(client, token=POOR)["order_id"]

    second = data(pay(client, first, GOOD))

    assert (second["checkout_status"], second["order_id"] != first) == ("succeeded", True)
    assert amounts(client) == [("declined", "9.99"), ("settled", "9.99")]
    assert refund(client, order_id=second["order_id"]).status_code == 200


@pytest.mark.parametrize("token", [GOOD, POOR, CHALLENGED])
def test_the_same_payment_sent_three_times_is_one(token: str, sandbox: SandboxApp, client: TestClient) -> None:
    order_id = open_session(client)["order_id"]

    first, second, third = (data(pay(client, order_id, token)) for _ in range(3))

    assert first == second == third
    assert len(state(client)["orders"]) == 1
    assert len(topics(sandbox)) <= 2


def test_a_second_attempt_sent_three_times_is_one_too(client: TestClient) -> None:
    order_id = buy(client, token=POOR)["order_id"]

    answers = [data(pay(client, order_id, GOOD)) for _ in range(3)]

    assert answers[0] == answers[1] == answers[2]
    assert amounts(client) == [("declined", "9.99"), ("settled", "9.99")]


@pytest.mark.parametrize("ident", ["monthly", "gems"])
def test_a_paid_session_is_not_paid_again_with_another_token(ident: str, client: TestClient) -> None:
    order_id = buy(client, ident)["order_id"]

    again = pay(client, order_id, "pm_5555555555554444")

    assert (again.status_code, error_codes(again)) == (200, ["double_purchase"])
    assert len(state(client)["orders"]) == 1


def test_a_method_takes_two_charges_a_day(sandbox: SandboxApp, client: TestClient) -> None:
    for _ in range(2):
        buy(client, "gems")

    third = pay(client, open_session(client, "gems")["order_id"])
    other = buy(client, "gems", "pm_4242424242424242_other")
    someone = buy(client, "gems", external_id="somebody")
    set_clock(sandbox, "2026-01-03T12:00:00")
    tomorrow = buy(client, "gems")

    assert (third.status_code, error_codes(third)) == (400, ["payment_limit_exceeded"])
    assert [paid["checkout_status"] for paid in (other, someone, tomorrow)] == ["succeeded"] * 3


def test_a_session_can_change_its_price_point_until_the_first_payment(client: TestClient) -> None:
    opened = open_session(client)
    changed = call_public(client, "/checkout/update_client_session", **opened, pp_ident="guide")

    pay(client, opened["order_id"])
    late = call_public(client, "/checkout/update_client_session", **opened, pp_ident="monthly")

    assert (changed.status_code, changed.json()) == (200, {})
    assert amounts(client) == [("settled", "49.00")]
    assert error_codes(late) == ["session_not_found"]


def test_a_simple_session_is_only_a_token(client: TestClient) -> None:
    opened = data(call_public(client, "/checkout/create_simple_client_session", region="default", integration_type="stripe"))

    assert opened.keys() == {"client_token"}


@pytest.mark.parametrize(
    ("path", "fields", "expected"),
    [
        ("create_client_session", {**SESSION, "pp_ident": "unknown"}, ["invalid_price"]),
        ("create_client_session", {**SESSION, "pp_ident": "priceless"}, ["invalid_price"]),
        ("create_client_session", {**SESSION, "pp_ident": "monthly", "region": "EU-1"}, ["string_pattern_mismatch"]),
        ("create_client_session", {**SESSION, "pp_ident": "monthly", "integration_type": "x"}, ["enum"]),
        ("create_client_session", {**SESSION, "pp_ident": "monthly", "client_metadata": []}, ["dict_type"]),
        ("create_client_session", {}, ["missing"] * 4),
        ("create_simple_client_session", {"region": "default"}, ["missing"]),
        ("update_client_session", {"client_token": "x", "order_id": UNKNOWN, "pp_ident": "guide"}, ["session_not_found"]),
        ("create_payment", {"order_id": UNKNOWN, "payment_method_token": GOOD}, ["session_not_found"]),
        ("create_payment", {"order_id": UNKNOWN, "payment_method_token": ""}, ["string_too_short"]),
        ("resume_payment", {"order_id": UNKNOWN, "resume_token": "1234"}, ["session_not_found"]),
        ("one_click", {"external_id": USER, "pp_ident": "unknown"}, ["invalid_price"]),
        ("one_click", {"external_id": USER}, ["missing"]),
    ],
)
def test_an_invalid_request_is_refused_and_changes_nothing(
    path: str, fields: Document, expected: list[str], client: TestClient
) -> None:
    before = state(client)

    response = call_public(client, f"/checkout/{path}", **fields)

    assert (response.status_code, error_codes(response)) == (400, expected)
    assert state(client) == before


@pytest.mark.parametrize("change", [{"client_token": "ct_other"}, {"pp_ident": "unknown"}])
def test_a_session_is_changed_by_its_own_token_only(change: Document, client: TestClient) -> None:
    opened = open_session(client)

    response = call_public(client, "/checkout/update_client_session", **{**opened, "pp_ident": "guide", **change})

    assert response.status_code == 400


def test_a_session_of_another_organisation_is_not_found(client: TestClient) -> None:
    order_id = open_session(client)["order_id"]

    body = {"order_id": order_id, "payment_method_token": GOOD}
    response = client.post("/rival/v1/checkout/create_payment", json=body)

    assert error_codes(response) == ["session_not_found"]


def test_email_addresses_are_collected(client: TestClient) -> None:
    open_session(client, email_address="first@example.test")
    open_session(client, email_address="second@example.test")
    call_public(
        client, "/checkout/create_client_session", **{k: v for k, v in SESSION.items() if k != "email_address"}, pp_ident="guide"
    )

    (user,) = state(client)["users"]
    assert (user["email"], user["email_aliases"]) == ("first@example.test", ["second@example.test"])
