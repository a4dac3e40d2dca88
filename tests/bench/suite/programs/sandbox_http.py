"""The sandbox over HTTP: an order, a refund, the ledger. Each test has a workspace of its own."""

import httpx2
import pytest

client = httpx2.Client()


@pytest.mark.parametrize("number", range(200))
def test_refund(refund_sandbox, number):
    order = refund_sandbox.fluentcart.order(paid=10000)

    body = {"refund_info": {"transaction_id": order.transaction_id, "amount": 100 + number}}
    url = f"{refund_sandbox.fluentcart.url}/orders/{order.id}/refund"
    reply = client.post(url, json=body, headers=refund_sandbox.fluentcart.headers)

    assert reply.json()["gateway_refund"]["status"] == "success"
    refund_sandbox.assert_refunded(order, 100 + number)
