"""Factories complete an order from any subset of its fields, on every store."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.support.control_calls import create_order, refund_fluentcart, refund_funnelfox


def test_an_order_with_all_defaults_can_be_refunded(client: TestClient) -> None:
    assert refund_fluentcart(client, create_order(client, "fluentcart"), 10000).status_code == 200
    assert refund_funnelfox(client, create_order(client, "funnelfox")).json() == {}


def test_orders_have_ids_of_their_own(client: TestClient) -> None:
    for api, key in (("fluentcart", "id"), ("funnelfox", "order_id")):
        known = {order[key] for order in client.get("/_sandbox/state").json()[api]["orders"]}
        made = {create_order(client, api)[key] for _ in range(3)}

        assert len(made) == 3
        assert not made & known


def test_a_created_order_is_in_the_state(client: TestClient) -> None:
    for api, key in (("fluentcart", "id"), ("funnelfox", "order_id")):
        order = create_order(client, api, subscription=True)

        assert client.get(f"/_sandbox/{api}/orders/{order[key]}").json() == order
        assert order in client.get("/_sandbox/state").json()[api]["orders"]


def test_a_state_with_created_orders_can_be_loaded_again(client: TestClient) -> None:
    for api in ("fluentcart", "funnelfox"):
        create_order(client, api, subscription=True)
        create_order(client, api, refunded=2500 if api == "fluentcart" else "2.50")
    state = client.get("/_sandbox/state").json()

    assert client.put("/_sandbox/state", json=state).status_code == 200
    assert client.get("/_sandbox/state").json() == state


def test_the_rest_of_a_partly_refunded_order_is_refundable(client: TestClient) -> None:
    order = create_order(client, "fluentcart", paid=5000, refunded=2000)

    assert (order["payment_status"], order["total_paid"], order["total_refund"]) == ("partially_refunded", 5000, 2000)
    assert [row["total"] for row in order["transactions"]] == [5000, 2000]
    assert order["transactions"][1]["meta"]["parent_id"] == order["transactions"][0]["id"]
    assert refund_fluentcart(client, order, 3001).status_code == 422
    assert refund_fluentcart(client, order, 3000).status_code == 200


def test_the_rest_of_a_partly_refunded_funnelfox_order_is_refundable(client: TestClient) -> None:
    order = create_order(client, "funnelfox", amount="50.00", refunded="20")

    assert refund_funnelfox(client, order, amount="30.01").status_code == 400
    assert refund_funnelfox(client, order, amount="30.00").status_code == 200


def test_an_order_starts_a_subscription(client: TestClient) -> None:
    order = create_order(client, "fluentcart", subscription=True)

    reply = refund_fluentcart(client, order, 10000, cancelSubscription="true").json()

    assert reply["subscription_cancel"]["status"] == "success"
    assert order["subscriptions"][0]["id"] == order["transactions"][0]["subscription_id"]
    assert create_order(client, "funnelfox", subscription=True)["subs_id"]
    assert create_order(client, "funnelfox")["oneoff_id"]


def test_a_subscription_has_the_given_fields(client: TestClient) -> None:
    order = create_order(client, "fluentcart", subscription={"vendor_subscription_id": "sub_fail_1"})

    assert refund_fluentcart(client, order, 100, cancelSubscription="true").json()["subscription_cancel"]["status"] == "failed"


def test_an_unpaid_order_waits_for_its_payment(client: TestClient) -> None:
    order = create_order(client, "fluentcart", paid=0)

    assert (order["payment_status"], order["total_paid"], order["transactions"][0]["status"]) == ("pending", 0, "pending")
    assert refund_fluentcart(client, order, 100).status_code == 422


def test_given_fields_are_not_changed(client: TestClient) -> None:
    rows = [{"total": 700}, {"transaction_type": "refund", "status": "refunded", "total": 100}]

    order = create_order(client, "fluentcart", currency="JPY", note="as given", transactions=rows)

    assert (order["currency"], order["note"], order["total_paid"], order["total_refund"]) == ("JPY", "as given", 700, 100)
    assert order["transactions"][0]["meta"] == {"refunded_total": 100}


def test_an_order_has_the_given_scenario(client: TestClient) -> None:
    order = create_order(client, "funnelfox", scenario="server_error")

    assert refund_funnelfox(client, order).status_code == 500


REFUSED: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "a taken id": ("fluentcart", {"id": 1001}, "/id", "Duplicate id '1001'"),
    "a refund beyond the payment": ("fluentcart", {"paid": 100, "refunded": 101}, "/refunded", "at most the amount paid, 100"),
    "an amount as text": ("fluentcart", {"paid": "1.00"}, "/paid", "must be of type integer"),
    "a field that is not known": ("fluentcart", {"price": 1}, "", "Unknown field 'price'."),
    "an unknown scenario": ("fluentcart", {"scenario": "nope"}, "/scenario", "Unknown scenario 'nope'"),
    "a taken order": ("funnelfox", {"order_id": "3c90c3cc-0d44-4b50-8888-8dd25736052a"}, "/order_id", "Duplicate order_id"),
    "more than was paid": ("funnelfox", {"refunded": "10.00"}, "/refunded", "must be at most the amount paid, 9.99"),
    "no amount": ("funnelfox", {"amount": "free"}, "/amount", "decimal"),
    "half a yen": ("funnelfox", {"amount": "1.50", "currency_code": "JPY"}, "/amount", "decimals"),
}


@pytest.mark.parametrize(("api", "stated", "pointer", "reason"), REFUSED.values(), ids=REFUSED)
def test_an_inconsistent_order_is_refused_and_changes_nothing(
    api: str, stated: dict[str, Any], pointer: str, reason: str, client: TestClient
) -> None:
    before = client.get("/_sandbox/state").json()

    reply = client.post(f"/_sandbox/{api}/orders", json=stated)

    assert (reply.status_code, reply.headers["content-type"]) == (422, "application/problem+json")
    assert reply.json()["errors"][0]["pointer"] == pointer
    assert reason in reply.json()["errors"][0]["reason"]
    assert client.get("/_sandbox/state").json() == before
