"""The checkout: sessions, test cards, 3-D Secure, repeated calls, one click; and refunds of what was bought."""

from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from sandbox.app import Sandbox
from tests.funnelfox.calls import ask, browse, codes, set_clock
from tests.funnelfox.listening import LISTENING, told, topics
from tests.funnelfox.test_subscriptions import POINT
from tests.funnelfox.world import KEY, ORG, USER, Document, begin, refund, refunds, state

NOON = "2026-01-02T12:00:00Z"
GOOD, POOR, CHALLENGED = "pm_4242424242424242", "pm_4000000000009995", "pm_4000002500003155"
USD = POINT["currency"]
POINTS: list[Document] = [
    POINT,
    {
        **POINT,
        "ident": "trial",
        "intro_type": "free_trial",
        "intro_free_trial_period": 7,
        "intro_free_trial_period_duration": "days",
    },
    {
        **POINT,
        "ident": "paid",
        "intro_type": "paid_trial",
        "intro_paid_trial_price": "1.00",
        "intro_paid_trial_period": 1,
        "intro_paid_trial_period_duration": "weeks",
    },
    {"ident": "guide", "currency": USD, "lifetime_price": "49"},
    {"ident": "gems", "currency": USD, "lifetime_price": "5", "features": [{"ident": "gems"}]},
    {"ident": "priceless", "currency": USD},
]
FEATURES = [{"ident": "gems", "feature_type": "consumable"}]
SESSION: Document = {"region": "default", "integration_type": "primer", "external_id": USER, "email_address": "u@example.test"}


@pytest.fixture(autouse=True)
def shop(sandbox: Sandbox) -> None:
    begin(sandbox, orgs=[*LISTENING, {"id": "rival"}], clock=NOON, price_points=POINTS, features=FEATURES)


def open_session(client: TestClient, ident: str = "monthly", **fields: Any) -> Document:
    opened: Document = browse(client, "/checkout/create_client_session", **{**SESSION, "pp_ident": ident, **fields}).json()
    return opened


def pay(client: TestClient, order_id: str, token: str = GOOD, **fields: Any) -> Response:
    return browse(client, "/checkout/create_payment", order_id=order_id, payment_method_token=token, **fields)


def buy(client: TestClient, ident: str = "monthly", token: str = GOOD, **fields: Any) -> Document:
    paid: Document = pay(client, open_session(client, ident, **fields)["order_id"], token).json()
    return paid


def resume(client: TestClient, order_id: str, code: str = "1234") -> Response:
    return browse(client, "/checkout/resume_payment", order_id=order_id, resume_token=code)


def one_click(client: TestClient, ident: str = "guide", user: str = USER) -> Response:
    return browse(client, "/checkout/one_click", external_id=user, pp_ident=ident, client_metadata={"source": "upsell"})


def amounts(client: TestClient) -> list[tuple[str, str]]:
    return [(entry["status"], entry["amount"]) for entry in state(client)["orders"]]


def answer(status: str, order_id: str | None, message: str = "", action: str = "") -> Document:
    return {
        "action_required_token": action,
        "checkout_status": status,
        "failed_message_for_user": message,
        "order_id": order_id,
    }


def test_a_session_books_nothing_and_knows_the_user(client: TestClient) -> None:
    opened = open_session(client)

    section = state(client)
    assert opened.keys() == {"client_token", "order_id"}
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
    ident: str, amount: str, status: list[str], ends: str, events: str, sandbox: Sandbox, client: TestClient
) -> None:
    opened = open_session(client, ident, client_metadata={"campaign": "x"})

    paid = pay(client, opened["order_id"])

    (order,), (subscription,) = state(client)["orders"], state(client)["subscriptions"]
    assert (paid.status_code, paid.json()) == (200, answer("succeeded", opened["order_id"]))
    assert (order["order_id"], order["status"], order["amount"]) == (opened["order_id"], "settled", amount)
    assert (order["subs_id"], order["pp_ident"], order["initial_order_metadata"]) == (
        subscription["subs_id"],
        ident,
        {"campaign": "x"},
    )
    assert (subscription["status"], subscription["current_period_ends_at"]) == (status, ends)
    assert topics(sandbox) == ["order/settled", events]
    assert told(sandbox)[0]["subscription"]["subs_id"] == subscription["subs_id"]


def test_a_trial_that_was_bought_converts_in_time(sandbox: Sandbox, client: TestClient) -> None:
    buy(client, "paid")

    set_clock(sandbox, "2026-01-09T10:00:00")

    assert amounts(client) == [("settled", "1.00"), ("settled", "9.99")]
    assert state(client)["subscriptions"][0]["status"] == ["RECURRING"]


def test_a_one_off_is_granted_and_taken_back_by_a_full_refund(sandbox: Sandbox, client: TestClient) -> None:
    paid = buy(client, "guide")
    (granted,) = state(client)["oneoffs"]

    response = refund(client, order_id=paid["order_id"])

    (revoked,) = state(client)["oneoffs"]
    assert (granted["order_id"], granted["is_active"], granted["pp_ident"]) == (paid["order_id"], True, "guide")
    assert (response.status_code, revoked["is_active"]) == (200, False)
    assert topics(sandbox) == ["order/settled", "oneoff/granted", "refund/settled", "oneoff/revoked"]


def test_a_purchase_is_refunded_in_parts_and_never_more(sandbox: Sandbox, client: TestClient) -> None:
    order_id = buy(client)["order_id"]

    answers = [refund(client, order_id=order_id, amount=amount).status_code for amount in ("4.00", "5.99", "0.01")]

    assert answers == [200, 200, 400]
    (payment,) = ask(client, "/payments_history", external_id=USER).json()["payments"]
    assert (payment["amount"], payment["refunded"], payment["last4"], payment["network"]) == ("9.99", "9.99", "4242", "VISA")
    assert [row["amount"] for row in refunds(client, order_id)] == ["4.00", "5.99"]


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
    token: str, status: str, message: str, code: str | None, sandbox: Sandbox, client: TestClient
) -> None:
    paid = buy(client, token=token)

    (order,) = state(client)["orders"]
    assert paid == answer(status, order["order_id"], message)
    assert order["transactions"][0]["psp_reason_code"] == code
    assert (order["status"] == "declined") == (topics(sandbox)[0] == "order/declined") == (status == "failed")


def test_a_declined_order_gives_nothing_and_can_not_be_refunded(client: TestClient) -> None:
    paid = buy(client, token=POOR)

    section = state(client)
    assert (section["subscriptions"], section["oneoffs"]) == ([], [])
    assert codes(refund(client, order_id=paid["order_id"])) == ["order_not_refundable"]


def test_a_second_attempt_has_an_order_of_its_own(client: TestClient) -> None:
    first = buy(client, token=POOR)["order_id"]

    second = pay(client, first, GOOD).json()

    assert (second["checkout_status"], second["order_id"] != first) == ("succeeded", True)
    assert amounts(client) == [("declined", "9.99"), ("settled", "9.99")]
    assert refund(client, order_id=second["order_id"]).status_code == 200


@pytest.mark.parametrize("token", [GOOD, POOR, CHALLENGED])
def test_the_same_payment_sent_three_times_is_one(token: str, sandbox: Sandbox, client: TestClient) -> None:
    order_id = open_session(client)["order_id"]

    first, second, third = (pay(client, order_id, token).json() for _ in range(3))

    assert first == second == third
    assert len(state(client)["orders"]) == 1
    assert len(topics(sandbox)) <= 2


def test_a_second_attempt_sent_three_times_is_one_too(client: TestClient) -> None:
    order_id = buy(client, token=POOR)["order_id"]

    answers = [pay(client, order_id, GOOD).json() for _ in range(3)]

    assert answers[0] == answers[1] == answers[2]
    assert amounts(client) == [("declined", "9.99"), ("settled", "9.99")]


@pytest.mark.parametrize("ident", ["monthly", "gems"])
def test_a_paid_session_is_not_paid_again_with_another_token(ident: str, client: TestClient) -> None:
    order_id = buy(client, ident)["order_id"]

    again = pay(client, order_id, "pm_5555555555554444")

    assert (again.status_code, codes(again)) == (200, ["double_purchase"])
    assert len(state(client)["orders"]) == 1


def test_a_method_takes_two_charges_a_day(sandbox: Sandbox, client: TestClient) -> None:
    for _ in range(2):
        buy(client, "gems")

    third = pay(client, open_session(client, "gems")["order_id"])
    other = buy(client, "gems", "pm_4242424242424242_other")
    someone = buy(client, "gems", external_id="somebody")
    set_clock(sandbox, "2026-01-03T12:00:00")
    tomorrow = buy(client, "gems")

    assert (third.status_code, codes(third)) == (400, ["payment_limit_exceeded"])
    assert [paid["checkout_status"] for paid in (other, someone, tomorrow)] == ["succeeded"] * 3


def test_a_challenge_that_is_passed_completes_the_payment(sandbox: Sandbox, client: TestClient) -> None:
    waiting = buy(client, token=CHALLENGED)
    before = amounts(client)

    done = resume(client, waiting["order_id"], "1234").json()

    assert (waiting["checkout_status"], bool(waiting["action_required_token"])) == ("processing", True)
    assert before == [("processing", "9.99")]
    assert done == answer("succeeded", waiting["order_id"])
    assert amounts(client) == [("settled", "9.99")]
    assert state(client)["orders"][0]["transactions"][0]["threeds_challenge_issued"] is True
    assert topics(sandbox) == ["order/settled", "subscription/convertion"]


@pytest.mark.parametrize("suffix", ["", ":1234"])
def test_the_action_token_itself_resumes(suffix: str, client: TestClient) -> None:
    waiting = buy(client, token=CHALLENGED)

    done = resume(client, waiting["order_id"], f"{waiting['action_required_token']}{suffix}").json()

    assert done["checkout_status"] == "succeeded"


@pytest.mark.parametrize("code", ["1111", "2222", "token:2222"])
@pytest.mark.parametrize("card", [CHALLENGED, "pm_4000002760003184"])
def test_a_challenge_that_is_failed_declines_the_order(code: str, card: str, sandbox: Sandbox, client: TestClient) -> None:
    waiting = buy(client, token=card)

    done = resume(client, waiting["order_id"], code).json()

    assert done == answer("failed", waiting["order_id"], "The buyer did not pass 3-D Secure.")
    assert amounts(client) == [("declined", "9.99")]
    assert (topics(sandbox), state(client)["subscriptions"]) == (["order/declined"], [])


@pytest.mark.parametrize("code", ["1234", "1111"])
def test_resuming_three_times_is_once_and_another_time_is_refused(code: str, sandbox: Sandbox, client: TestClient) -> None:
    order_id = buy(client, token=CHALLENGED)["order_id"]

    answers = [resume(client, order_id, code).json() for _ in range(3)]
    paid_again = pay(client, order_id, CHALLENGED).json()
    other = resume(client, order_id, "9999")

    assert answers[0] == answers[1] == answers[2] == paid_again
    assert codes(other) == ["nothing_to_resume"]
    assert len(state(client)["orders"][0]["transactions"]) == 1


def test_a_waiting_payment_can_not_be_refunded(client: TestClient) -> None:
    waiting = buy(client, token=CHALLENGED)

    assert codes(refund(client, order_id=waiting["order_id"])) == ["order_not_refundable"]


def test_a_session_can_change_its_price_point_until_somebody_pays(client: TestClient) -> None:
    opened = open_session(client)
    changed = browse(client, "/checkout/update_client_session", **opened, pp_ident="guide")

    pay(client, opened["order_id"])
    late = browse(client, "/checkout/update_client_session", **opened, pp_ident="monthly")

    assert (changed.status_code, changed.json()) == (200, {})
    assert amounts(client) == [("settled", "49.00")]
    assert codes(late) == ["session_not_found"]


def test_a_simple_session_is_only_a_token(client: TestClient) -> None:
    opened = browse(client, "/checkout/create_simple_client_session", region="default", integration_type="stripe").json()

    assert opened.keys() == {"client_token"}


UNKNOWN = "20000000-0000-4000-8000-000000000001"


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
def test_a_wrong_call_is_refused_and_changes_nothing(
    path: str, fields: Document, expected: list[str], client: TestClient
) -> None:
    before = state(client)

    response = browse(client, f"/checkout/{path}", **fields)

    assert (response.status_code, codes(response)) == (400, expected)
    assert state(client) == before


@pytest.mark.parametrize("change", [{"client_token": "ct_other"}, {"pp_ident": "unknown"}])
def test_a_session_is_changed_by_its_own_token_only(change: Document, client: TestClient) -> None:
    opened = open_session(client)

    response = browse(client, "/checkout/update_client_session", **{**opened, "pp_ident": "guide", **change})

    assert response.status_code == 400


def test_a_session_of_another_organisation_is_not_found(client: TestClient) -> None:
    order_id = open_session(client)["order_id"]

    body = {"order_id": order_id, "payment_method_token": GOOD}
    response = client.post("/rival/v1/checkout/create_payment", json=body)

    assert codes(response) == ["session_not_found"]


def test_one_click_charges_the_card_that_was_used_last(sandbox: Sandbox, client: TestClient) -> None:
    buy(client, token="pm_5555555555554444")

    done = one_click(client).json()

    order = state(client)["orders"][-1]
    assert done == answer("succeeded", order["order_id"])
    assert (order["amount"], order["transactions"][0]["pm_data_last4"], order["transactions"][0]["network"]) == (
        "49.00",
        "4444",
        "MASTERCARD",
    )
    assert order["initial_order_metadata"] == {"source": "upsell"}
    assert topics(sandbox)[2:] == ["order/settled", "oneoff/granted"]
    assert refund(client, order_id=order["order_id"]).status_code == 200


@pytest.mark.parametrize("token", [None, POOR])
def test_one_click_without_a_card_that_ever_paid_fails(token: str | None, client: TestClient) -> None:
    if token:
        buy(client, token=token)
    before = state(client)

    done = one_click(client)

    assert (done.status_code, done.json()) == (200, answer("failed", None, "There is no saved payment method."))
    assert state(client) == before


def test_one_click_with_a_card_that_is_declined_later_fails_with_an_order(client: TestClient) -> None:
    buy(client, token="pm_4000000000000341")

    done = one_click(client).json()

    assert (done["checkout_status"], done["order_id"]) == ("failed", state(client)["orders"][-1]["order_id"])
    assert amounts(client) == [("settled", "9.99"), ("declined", "49.00")]


def test_one_click_sent_three_times_charges_once(client: TestClient) -> None:
    buy(client)

    first, *others = (one_click(client) for _ in range(3))

    assert first.json()["checkout_status"] == "succeeded"
    assert [(again.status_code, codes(again)) for again in others] == [(200, ["double_purchase"])] * 2
    assert amounts(client) == [("settled", "9.99"), ("settled", "49.00")]


DOUBLE = [{"msg": "user has not finished subscription", "type": "api_exception", "code": "double_purchase"}]


@pytest.mark.parametrize("status", [200, 400, 422])
@pytest.mark.parametrize("envelope", [True, False])
def test_a_double_purchase_is_an_error_with_status_200(status: int, envelope: bool, sandbox: Sandbox, client: TestClient) -> None:
    buy(client)
    client.put("/_sandbox/settings", json={"funnelfox": {"error_status": status, "envelope": envelope}})

    again = [browse(client, "/checkout/create_client_session", **SESSION, pp_ident="monthly"), one_click(client, "monthly")]

    for response in again:
        assert (response.status_code, response.json()["status"], response.json()["error"]) == (200, "error", DOUBLE)


def test_what_was_refunded_or_consumed_can_be_bought_again(client: TestClient) -> None:
    refund(client, order_id=buy(client)["order_id"])
    buy(client, "gems", "pm_4242424242424242_gems")

    again = buy(client)
    more = one_click(client, "gems").json()

    assert (again["checkout_status"], more["checkout_status"]) == ("succeeded", "succeeded")


def test_a_checkout_survives_a_world_that_moves(client: TestClient) -> None:
    waiting = buy(client, token=CHALLENGED)
    saved = client.get("/_sandbox/state").json()

    client.put("/_sandbox/state", json=saved)
    reloaded = client.get("/_sandbox/state").json()
    done = resume(client, waiting["order_id"]).json()

    assert reloaded == saved
    assert done["checkout_status"] == "succeeded"


def test_email_addresses_are_collected(client: TestClient) -> None:
    open_session(client, email_address="first@example.test")
    open_session(client, email_address="second@example.test")
    browse(
        client, "/checkout/create_client_session", **{k: v for k, v in SESSION.items() if k != "email_address"}, pp_ident="guide"
    )

    (user,) = state(client)["users"]
    assert (user["email"], user["email_aliases"]) == ("first@example.test", ["second@example.test"])


@pytest.mark.parametrize("path", ["price_points", "features", "my_assets", "checkout/create_payment", "checkout/one_click"])
def test_pages_of_other_origins_may_call_what_is_public(path: str, client: TestClient) -> None:
    asked = {
        "origin": "https://shop.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type, x-a",
    }

    allowed = client.options(f"/{ORG}/v1/{path}", headers=asked)
    answered = client.post(f"/{ORG}/v1/{path}", json={}, headers={"origin": "https://shop.example"})

    assert (allowed.status_code, allowed.content) == (204, b"")
    assert allowed.headers["access-control-allow-origin"] == answered.headers["access-control-allow-origin"] == "*"
    assert allowed.headers["access-control-allow-methods"] == "POST, OPTIONS"
    assert allowed.headers["access-control-allow-headers"] == "content-type, x-a"


@pytest.mark.parametrize("path", ["payment/refund", "pp/create", "nothing"])
def test_pages_of_other_origins_may_not_call_what_is_secret(path: str, client: TestClient) -> None:
    asked = client.options(f"/{ORG}/v1/{path}", headers={"access-control-request-method": "POST"})
    answered = client.post(f"/{ORG}/v1/{path}", json={}, headers={"ff-secret-key": KEY})

    assert asked.status_code in (404, 405)
    assert "access-control-allow-origin" not in {**asked.headers, **answered.headers}


ANSWER = {"action_required_token": "", "checkout_status": "succeeded", "failed_message_for_user": "", "order_id": None}


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"order_id": "x"}, "/order_id"),
        ({"answers": {"t": 5}}, "/answers/t"),
        ({"answers": {"t": {**ANSWER, "checkout_status": "done"}}}, "/answers/t/checkout_status"),
        ({"client_token": None}, "/client_token"),
    ],
)
def test_a_world_with_an_impossible_session_is_refused(fields: Document, place: str, client: TestClient) -> None:
    session = {"order_id": UNKNOWN, "client_token": "ct_1", **fields}

    response = client.put("/_sandbox/state", json={"funnelfox": {"checkouts": [session]}})

    assert response.status_code == 422
    assert [problem["pointer"] for problem in response.json()["errors"]] == [f"/funnelfox/checkouts/0{place}"]


@pytest.mark.parametrize("times", [["soon"], ["2026-01-02T12:00:00Z", "late"]])
def test_a_world_with_an_impossible_payment_method_is_refused(times: list[str], client: TestClient) -> None:
    method = {"id": "1", "external_id": USER, "token": GOOD, "charges": times}

    response = client.put("/_sandbox/state", json={"funnelfox": {"payment_methods": [method]}})

    assert [problem["pointer"] for problem in response.json()["errors"]] == [
        f"/funnelfox/payment_methods/0/charges/{len(times) - 1}"
    ]


@pytest.mark.parametrize("status", ["settled", "declined"])
def test_an_order_that_is_decided_is_not_resumed(status: str, sandbox: Sandbox, client: TestClient) -> None:
    waiting = {"order_id": UNKNOWN, "client_token": "ct", "org_id": ORG, "external_id": USER, "pp_ident": "monthly"}
    order = {"order_id": UNKNOWN, "org_id": ORG, "external_id": USER, "amount": "9.99", "status": status}
    begin(sandbox, order, price_points=POINTS, checkouts=[{**waiting, "action_required_token": "3ds", "pay_with": GOOD}])

    assert codes(resume(client, UNKNOWN)) == ["nothing_to_resume"]
