"""Webhooks of the shop: for full refunds and cancellations only, unsigned, without retries."""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.support.control_calls import advance, create_order, deliveries, refund_fluentcart, set_targets
from tests.support.waiting import wait_until
from tests.support.webhook_receiver import Receiver, listening

pytestmark = pytest.mark.every_store


def add_webhook(client: TestClient, receiver: Receiver, **fields: Any) -> dict[str, Any]:
    """Configure a webhook to the receiver, and return a new order with a subscription."""
    set_targets(client, "fluentcart", {"request_url": receiver.url, **fields})
    return create_order(client, "fluentcart", subscription=True)


def test_a_full_refund_sends_a_webhook_with_the_whole_order(client: TestClient) -> None:
    with listening() as receiver:
        order = add_webhook(client, receiver)
        refund_fluentcart(client, order, 10000)
        (delivery,) = receiver.wait_for(1)

    document = json.loads(delivery.body)
    parts = "order customer transactions order_items subscriptions tax_rates shipping_address billing_address"
    assert list(document) == parts.split()
    assert (document["order"]["id"], document["order"]["payment_status"]) == (order["id"], "refunded")
    assert [row["transaction_type"] for row in document["transactions"]] == ["charge", "refund"]
    assert delivery.headers["content-type"] == "application/json; charset=utf-8"
    assert "ff-webhook-signature" not in delivery.headers


def test_a_partial_refund_sends_no_webhook(client: TestClient) -> None:
    with listening() as receiver:
        order = add_webhook(client, receiver)
        refund_fluentcart(client, order, 4000)
        assert [delivery["topic"] for delivery in deliveries(client)] == []

        refund_fluentcart(client, order, 6000, cancelSubscription="true")
        receiver.wait_for(2)

    assert sorted([delivery["topic"] for delivery in deliveries(client)]) == ["order_fully_refunded", "subscription_canceled"]


def test_a_webhook_receives_only_its_triggers(client: TestClient) -> None:
    with listening() as receiver:
        order = add_webhook(client, receiver, event_trigger=["subscription_canceled"], request_headers={"X-Shop": "s3cret"})
        refund_fluentcart(client, order, 10000, cancelSubscription="true")
        (delivery,) = receiver.wait_for(1)

    assert [delivery["topic"] for delivery in deliveries(client)] == ["subscription_canceled"]
    assert delivery.headers["x-shop"] == "s3cret"


def test_a_disabled_webhook_receives_nothing(client: TestClient) -> None:
    with listening() as receiver:
        refund_fluentcart(client, add_webhook(client, receiver, enabled=False), 10000)

    assert [delivery["topic"] for delivery in deliveries(client)] == []


def test_a_failed_delivery_is_not_retried(client: TestClient) -> None:
    with listening(statuses=[500]) as receiver:
        refund_fluentcart(client, add_webhook(client, receiver), 10000)
        receiver.wait_for(1)
        wait_for_state(client, "failed")
        advance(client, "30d")

    assert len(receiver.received) == 1


def wait_for_state(client: TestClient, state: str) -> dict[str, Any]:
    def delivery() -> dict[str, Any]:
        (found,) = deliveries(client)
        return found

    wait_until(lambda: delivery()["state"] == state)
    return delivery()


def test_webhooks_are_part_of_the_state(client: TestClient) -> None:
    with listening() as receiver:
        add_webhook(client, receiver, request_headers={"X-Shop": "s3cret"})

    state = client.get("/_sandbox/state").json()
    assert state["fluentcart"]["webhooks"] == client.get("/_sandbox/webhooks/targets").json()["fluentcart"]
    assert client.put("/_sandbox/state", json=state).status_code == 200
    assert client.get("/_sandbox/state").json() == state


def test_an_invalid_webhook_is_refused_and_changes_nothing(client: TestClient) -> None:
    before = client.get("/_sandbox/webhooks/targets").json()

    for webhook, pointer in (
        ({}, "/fluentcart/0/request_url"),
        ({"request_url": "ftp://x"}, "/fluentcart/0/request_url"),
        ({"request_url": "http://x", "event_trigger": ["order_refunded"]}, "/fluentcart/0/event_trigger/0"),
    ):
        reply = client.put("/_sandbox/webhooks/targets", json={"fluentcart": [webhook]})
        assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, pointer)

    assert client.put("/_sandbox/webhooks/targets", json={"stripe": []}).status_code == 422
    assert client.get("/_sandbox/webhooks/targets").json() == before
