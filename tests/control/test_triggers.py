"""Webhooks on demand: an event without a request, and a dispute."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import APIS
from tests.support.control_calls import advance, create_order, deliveries, enable_fault, set_targets, state
from tests.support.fluentcart_calls import AUTH
from tests.support.webhook_receiver import listening

NOBODY = "http://127.0.0.1:9/"
TOPICS = [(api, topic) for api in APIS for topic in APIS[api].webhooks.TOPICS]


def trigger(client: TestClient, api: str, topic: str, order: Any = None) -> Any:
    return client.post(f"/_sandbox/{api}/webhooks/trigger", json={"topic": topic, **({} if order is None else {"order": order})})


def listen(client: TestClient) -> None:
    set_targets(client, "funnelfox", {"url": NOBODY, "declined_order_events": True})
    set_targets(client, "fluentcart", {"request_url": NOBODY})


@pytest.mark.parametrize(("api", "topic"), TOPICS)
def test_every_event_is_sent_without_a_request_and_changes_nothing(client: TestClient, api: str, topic: str) -> None:
    listen(client)
    before = state(client)

    sent = trigger(client, api, topic)

    assert sent.status_code == 202, sent.text
    (delivery,) = sent.json()["deliveries"]
    assert (delivery["api"], delivery["topic"], delivery["url"]) == (api, topic, NOBODY)
    assert state(client) == before
    assert client.get("/_sandbox/requests").json()["requests"] == []


def test_an_event_is_about_the_order_that_is_named(client: TestClient) -> None:
    listen(client)
    order = create_order(client, "funnelfox", amount="9.99")
    shop_order = create_order(client, "fluentcart", paid=5000)

    (refund,) = trigger(client, "funnelfox", "refund/settled", order["order_id"]).json()["deliveries"]
    (full,) = trigger(client, "fluentcart", "order_fully_refunded", shop_order["id"]).json()["deliveries"]

    assert (refund["body"]["order_id"], refund["body"]["amount_refunded"]) == (order["order_id"], "9.99")
    assert full["body"]["order"]["id"] == shop_order["id"]


def test_a_refund_that_is_booked_is_the_one_that_the_event_shows(client: TestClient) -> None:
    listen(client)
    order = create_order(client, "funnelfox", amount="9.99", refunded="4.00")

    (delivery,) = trigger(client, "funnelfox", "refund/settled", order["order_id"]).json()["deliveries"]

    assert delivery["body"]["amount_refunded"] == "4.00"


def test_an_event_arrives_signed_and_a_fault_hits_it(client: TestClient) -> None:
    with listening() as receiver:
        set_targets(client, "funnelfox", {"url": receiver.url, "signing_secret": "secret"})
        enable_fault(client, scenario="webhook_duplicate")

        trigger(client, "funnelfox", "order/settled")

        first, second = receiver.wait_for(2)
    assert first.body == second.body
    assert len(first.headers["ff-webhook-signature"]) == 64


@pytest.mark.parametrize(
    ("api", "document", "status", "reason"),
    [
        ("funnelfox", {"topic": "refund/setled"}, 422, "Unknown topic 'refund/setled'. Did you mean 'refund/settled'?"),
        ("fluentcart", {"topic": "refund"}, 422, "Unknown topic 'refund'."),
        ("funnelfox", {"topic": "order/settled", "order": "nope"}, 422, "Order nope not found in funnelfox."),
        ("fluentcart", {"topic": "order_fully_refunded", "order": 4711}, 422, "Order 4711 not found in fluentcart."),
        ("funnelfox", {}, 422, "topic"),
        ("nope", {"topic": "order/settled"}, 404, "Unknown API 'nope'"),
    ],
)
def test_an_event_that_does_not_exist_is_refused(
    client: TestClient, api: str, document: dict[str, Any], status: int, reason: str
) -> None:
    reply = client.post(f"/_sandbox/{api}/webhooks/trigger", json=document)

    assert (reply.status_code, reason in reply.text) == (status, True), reply.text


@pytest.mark.parametrize(
    ("topic", "fields"),
    [
        ("subscription/renewing", {}),
        ("oneoff/granted", {"subscription": True}),
        ("refund/settled", {"status": "declined"}),
        ("dispute/opened", {"status": "declined"}),
    ],
)
def test_an_event_that_the_order_cannot_have_is_refused(client: TestClient, topic: str, fields: dict[str, Any]) -> None:
    listen(client)
    order = create_order(client, "funnelfox", amount="9.99", **fields)

    reply = trigger(client, "funnelfox", topic, order["order_id"])

    reason = f"Order {order['order_id']} does not have what {topic} is about."
    assert reply.json()["errors"] == [{"pointer": "/order", "reason": reason}]
    assert deliveries(client) == []


def test_a_dispute_of_funnelfox_is_sent_to_the_targets_that_want_it(client: TestClient) -> None:
    set_targets(client, "funnelfox", {"url": NOBODY}, {"url": f"{NOBODY}quiet", "dispute_events": False})
    order = create_order(client, "funnelfox", amount="9.99")

    reply = client.post(f"/_sandbox/funnelfox/orders/{order['order_id']}/dispute", json={})

    (delivery,) = reply.json()["deliveries"]
    assert (reply.status_code, delivery["url"], delivery["topic"]) == (202, NOBODY, "dispute/opened")
    assert delivery["body"]["order_id"] == order["order_id"]
    assert {"dispute_id", "psp_dispute_id", "processor", "user", "order"} <= delivery["body"].keys()


def test_a_dispute_of_fluentcart_is_a_transaction_that_can_be_accepted(client: TestClient) -> None:
    order = create_order(client, "fluentcart", paid=10000)

    reply = client.post(f"/_sandbox/fluentcart/orders/{order['id']}/dispute", json={})

    assert (reply.status_code, reply.json()) == (202, {"deliveries": []})
    disputed = client.get(f"/_sandbox/fluentcart/orders/{order['id']}").json()
    dispute = disputed["transactions"][-1]
    assert (dispute["transaction_type"], dispute["status"], dispute["total"]) == ("dispute", "succeeded", 10000)
    path = f"/wp-json/fluent-cart/v2/orders/{order['id']}/transactions/{dispute['id']}/accept-dispute"
    accepted = client.post(path, json={}, auth=AUTH)
    assert accepted.json() == {"message": "Dispute accepted!"}


def test_without_an_order_that_fits_there_is_no_event(client: TestClient) -> None:
    client.put("/_sandbox/state", json={}).raise_for_status()

    reply = trigger(client, "funnelfox", "oneoff/granted")

    assert reply.json()["errors"] == [{"pointer": "/order", "reason": "No order has what oneoff/granted is about."}]


def test_a_dispute_needs_an_order_that_exists_and_was_paid(client: TestClient) -> None:
    unpaid = create_order(client, "fluentcart", status="pending", payment_status="pending", total_paid=0, transactions=[])

    unknown = client.post("/_sandbox/fluentcart/orders/4711/dispute", json={})
    refused = client.post(f"/_sandbox/fluentcart/orders/{unpaid['id']}/dispute", json={})

    assert unknown.status_code == 404
    assert refused.json()["errors"][0]["reason"] == f"Order {unpaid['id']} was not paid."


def test_an_event_has_the_time_of_the_clock(client: TestClient) -> None:
    listen(client)
    now = advance(client, "30d")["now"]

    (delivery,) = trigger(client, "funnelfox", "order/settled").json()["deliveries"]

    assert delivery["created_at"][:10] == now[:10]
