"""The sandbox in the process of the tests, without a socket."""

import asyncio

import httpx2
import pytest


@pytest.fixture(scope="session")
def loop():
    with asyncio.Runner() as runner:
        yield runner


@pytest.mark.parametrize("number", range(200))
def test_refund(refund_sandbox_app, loop, number):
    sandbox = refund_sandbox_app.sandbox
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(refund_sandbox_app))
    order = sandbox.fluentcart.order(paid=10000)

    body = {"refund_info": {"transaction_id": order.transaction_id, "amount": 100 + number}}
    url = f"{sandbox.fluentcart.url}/orders/{order.id}/refund"
    reply = loop.run(client.post(url, json=body, headers=sandbox.fluentcart.headers))

    assert reply.json()["gateway_refund"]["status"] == "success"
    sandbox.assert_refunded(order, 100 + number)
