"""The whole flow of each API over real HTTP: purchase, partial refund, reads, full refund, webhooks, and a refused refund."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest
from httpx2 import Client, Response

from tests.support import raw_http
from tests.support.webhook_receiver import Received, Receiver, listening

pytestmark = pytest.mark.every_store

SECRET = "whsec_flow"


@pytest.fixture
def client(address: tuple[str, int]) -> Iterator[Client]:
    """Client on a socket, with the demo credentials of both APIs."""
    with Client(base_url=f"http://{address[0]}:{address[1]}", headers=raw_http.CREDENTIALS) as client:
        yield client


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as receiver:
        yield receiver


def body_of(reply: Response) -> Any:
    """The body of an accepted call."""
    assert reply.status_code == 200, reply.text
    return reply.json()


# FluentCart


def shop(client: Client, method: str, path: str, document: Any = None) -> Response:
    return client.request(method, f"/wp-json/fluent-cart/v2{path}", json=document)


def give_back(client: Client, order: int, transaction: int, amount: int) -> Response:
    return shop(client, "POST", f"/orders/{order}/refund", {"refund_info": {"transaction_id": transaction, "amount": amount}})


def read_order(client: Client, order: int) -> Any:
    return body_of(shop(client, "GET", f"/orders/{order}"))["order"]


def test_a_fluentcart_order_from_its_creation_to_the_last_refund(client: Client, receiver: Receiver) -> None:
    body_of(client.put("/_sandbox/webhooks/targets", json={"fluentcart": [{"request_url": receiver.url}]}))

    lines = [{"object_id": 203, "unit_price": 4000, "quantity": 2, "other_info": {"payment_type": "onetime"}}]
    order = body_of(shop(client, "POST", "/orders", {"customer_id": 11, "order_items": lines}))["order_id"]
    charge = read_order(client, order)["transactions"][0]
    assert (charge["status"], charge["total"], charge["refundable"]) == ("pending", "8000", 0)

    paid = {"payment_method": "stripe", "vendor_charge_id": "pi_ok_flow", "transaction_type": "charge"}
    body_of(shop(client, "POST", f"/orders/{order}/mark-as-paid", paid))
    assert read_order(client, order)["payment_status"] == "paid"

    body_of(give_back(client, order, charge["id"], 3000))
    now = read_order(client, order)
    assert (now["payment_status"], now["total_refund"], now["transactions"][0]["refundable"]) == (
        "partially_refunded",
        "3000",
        5000,
    )
    assert not receiver.received

    body_of(give_back(client, order, charge["id"], 5000))
    now = read_order(client, order)
    assert (now["payment_status"], now["total_refund"]) == ("refunded", "8000")

    (received,) = receiver.wait_for(1)
    assert json.loads(received.body)["order"]["id"] == order

    refused = give_back(client, order, charge["id"], 1)
    assert (refused.status_code, refused.json()["message"]) == (
        422,
        "Refund amount exceeds the maximum refundable amount for this transaction.",
    )


# FunnelFox


def bill(client: Client, path: str, **fields: Any) -> Response:
    return client.post(f"/your-org-id/v1/{path}", json=fields)


def is_signed(delivery: Received) -> bool:
    wanted = hmac.new(SECRET.encode(), delivery.body, hashlib.sha256).hexdigest()
    return delivery.headers["ff-webhook-signature"] == wanted


def test_a_funnelfox_order_from_its_checkout_to_the_last_refund(client: Client, receiver: Receiver) -> None:
    target = {"url": receiver.url, "signing_secret": SECRET}
    body_of(client.put("/_sandbox/webhooks/targets", json={"funnelfox": [target]}))

    user = {"external_id": "user_flow"}
    wanted = {"region": "default", "integration_type": "primer", "pp_ident": "coins_499", "email_address": "flow@example.test"}
    order = body_of(bill(client, "checkout/create_client_session", **user, **wanted))["data"]["order_id"]
    body_of(bill(client, "checkout/create_payment", order_id=order, payment_method_token="pm_4242424242424242"))

    def history() -> Any:
        return body_of(bill(client, "payments_history", **user))["data"]["payments"]

    assert [(one["amount"], one["refunded"]) for one in history()] == [("4.99", "0.00")]
    assert body_of(bill(client, "payment/refund", order_id=order, **user, amount="1.99")) == {}
    assert [one["refunded"] for one in history()] == ["1.99"]
    assert body_of(bill(client, "payment/refund", order_id=order, **user)) == {}
    assert [one["refunded"] for one in history()] == ["4.99"]

    received = receiver.wait_for(5)
    assert all(map(is_signed, received))
    events = [json.loads(one.body) for one in received]
    assert sorted(one["amount_refunded"] for one in events if one["event_type"] == "refund") == ["1.99", "3.00"]
    assert sorted(f"{one['event_type']}/{one['subtype']}" for one in events if one["event_type"] != "refund") == [
        "oneoff/granted",
        "oneoff/revoked",
        "order/settled",
    ]

    refused = bill(client, "payment/refund", order_id=order, **user, amount="0.01")
    assert (refused.status_code, refused.json()["error"][0]["code"]) == (400, "already_refunded")
