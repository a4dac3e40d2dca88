"""3-D Secure challenges: payments that wait for their buyer."""

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.funnelfox_calls import data, error_codes
from tests.support.funnelfox_checkout import CHALLENGED, GOOD, PHASES, UNKNOWN, amounts, answer, buy, load_shop, pay, resume
from tests.support.funnelfox_state import ORG, USER, load_state, refund, state
from tests.support.funnelfox_targets import topics


@pytest.fixture(autouse=True)
def shop(sandbox: SandboxApp) -> None:
    load_shop(sandbox)


def test_a_challenge_that_is_passed_completes_the_payment(sandbox: SandboxApp, client: TestClient) -> None:
    waiting = buy(client, token=CHALLENGED)
    before = amounts(client)

    done = data(resume(client, waiting["order_id"], "1234"))

    assert (waiting["checkout_status"], bool(waiting["action_required_token"])) == ("processing", True)
    assert before == [("processing", "9.99")]
    assert done == answer("succeeded", waiting["order_id"])
    assert amounts(client) == [("settled", "9.99")]
    assert state(client)["orders"][0]["transactions"][0]["threeds_challenge_issued"] is True
    assert topics(sandbox) == ["order/settled", "subscription/convertion"]


@pytest.mark.parametrize("suffix", ["", ":1234"])
def test_the_action_token_itself_resumes(suffix: str, client: TestClient) -> None:
    waiting = buy(client, token=CHALLENGED)

    done = data(resume(client, waiting["order_id"], f"{waiting['action_required_token']}{suffix}"))

    assert done["checkout_status"] == "succeeded"


@pytest.mark.parametrize("code", ["1111", "2222", "token:2222"])
@pytest.mark.parametrize("card", [CHALLENGED, "pm_4000002760003184"])
def test_a_challenge_that_is_failed_declines_the_order(code: str, card: str, sandbox: SandboxApp, client: TestClient) -> None:
    waiting = buy(client, token=card)

    done = data(resume(client, waiting["order_id"], code))

    assert done == answer("failed", waiting["order_id"], "The buyer did not pass 3-D Secure.")
    assert amounts(client) == [("declined", "9.99")]
    assert (topics(sandbox), state(client)["subscriptions"]) == (["order/declined"], [])


@pytest.mark.parametrize("code", ["1234", "1111"])
def test_a_repeated_resume_is_idempotent_and_another_token_is_refused(code: str, client: TestClient) -> None:
    order_id = buy(client, token=CHALLENGED)["order_id"]

    answers = [data(resume(client, order_id, code)) for _ in range(3)]
    paid_again = data(pay(client, order_id, CHALLENGED))
    other = resume(client, order_id, "9999")

    assert answers[0] == answers[1] == answers[2] == paid_again
    assert error_codes(other) == ["nothing_to_resume"]
    assert len(state(client)["orders"][0]["transactions"]) == 1


def test_a_waiting_payment_can_not_be_refunded(client: TestClient) -> None:
    waiting = buy(client, token=CHALLENGED)

    assert error_codes(refund(client, order_id=waiting["order_id"])) == ["order_not_refundable"]


def test_an_open_checkout_survives_export_and_import(client: TestClient) -> None:
    waiting = buy(client, token=CHALLENGED)
    saved = client.get("/_sandbox/state").json()

    client.put("/_sandbox/state", json=saved)
    reloaded = client.get("/_sandbox/state").json()
    done = data(resume(client, waiting["order_id"]))

    assert reloaded == saved
    assert done["checkout_status"] == "succeeded"


@pytest.mark.parametrize("status", ["settled", "declined"])
def test_an_order_that_is_decided_is_not_resumed(status: str, sandbox: SandboxApp, client: TestClient) -> None:
    waiting = {"order_id": UNKNOWN, "client_token": "ct", "org_id": ORG, "external_id": USER, "pp_ident": "monthly"}
    order = {"order_id": UNKNOWN, "org_id": ORG, "external_id": USER, "amount": "9.99", "status": status}
    load_state(sandbox, order, price_points=PHASES, checkouts=[{**waiting, "action_required_token": "3ds", "pay_with": GOOD}])

    assert error_codes(resume(client, UNKNOWN)) == ["nothing_to_resume"]
