"""One-click purchases: the saved card, and no double purchase."""

import pytest
from starlette.testclient import TestClient

from refund_sandbox.apis.funnelfox.settings import ENVELOPES
from refund_sandbox.app import SandboxApp
from tests.support.funnelfox_calls import call_public, data, error_codes
from tests.support.funnelfox_checkout import POOR, SESSION, amounts, answer, buy, load_shop, one_click
from tests.support.funnelfox_state import refund, state
from tests.support.funnelfox_targets import topics


@pytest.fixture(autouse=True)
def shop(sandbox: SandboxApp) -> None:
    load_shop(sandbox)


def test_one_click_charges_the_card_that_was_used_last(sandbox: SandboxApp, client: TestClient) -> None:
    buy(client, token="pm_5555555555554444")

    done = data(one_click(client))

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
def test_one_click_without_a_card_that_ever_paid_is_refused_with_status_200(token: str | None, client: TestClient) -> None:
    if token:
        buy(client, token=token)
    before = state(client)

    done = one_click(client)

    assert (done.status_code, error_codes(done)) == (200, ["payment_failed"])
    assert state(client) == before


def test_one_click_with_a_card_that_is_declined_later_fails_with_an_order(client: TestClient) -> None:
    buy(client, token="pm_4000000000000341")

    done = data(one_click(client))

    assert (done["checkout_status"], done["order_id"]) == ("failed", state(client)["orders"][-1]["order_id"])
    assert amounts(client) == [("settled", "9.99"), ("declined", "49.00")]


def test_one_click_sent_three_times_charges_once(client: TestClient) -> None:
    buy(client)

    first, *others = (one_click(client) for _ in range(3))

    assert data(first)["checkout_status"] == "succeeded"
    assert [(again.status_code, error_codes(again)) for again in others] == [(200, ["double_purchase"])] * 2
    assert amounts(client) == [("settled", "9.99"), ("settled", "49.00")]


DOUBLE = [{"msg": "user has not finished subscription", "type": "api_exception", "code": "double_purchase"}]


@pytest.mark.parametrize("status", [200, 400, 422])
@pytest.mark.parametrize("envelope", ENVELOPES)
def test_a_double_purchase_is_an_error_with_status_200(status: int, envelope: str, client: TestClient) -> None:
    buy(client)
    client.put("/_sandbox/settings", json={"funnelfox": {"error_status": status, "envelope": envelope}})

    again = [call_public(client, "/checkout/create_client_session", **SESSION, pp_ident="monthly"), one_click(client, "monthly")]

    for response in again:
        assert (response.status_code, response.json()["status"], response.json()["error"]) == (200, "error", DOUBLE)


def test_refunded_and_consumable_purchases_can_be_bought_again(client: TestClient) -> None:
    refund(client, order_id=buy(client)["order_id"])
    buy(client, "gems", "pm_4242424242424242_gems")

    again = buy(client)
    more = data(one_click(client, "gems"))

    assert (again["checkout_status"], more["checkout_status"]) == ("succeeded", "succeeded")
