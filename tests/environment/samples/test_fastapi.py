"""A FastAPI application refunds in process, through httpx."""

import httpx
from fastapi import FastAPI
from fastapi.testclient import TestClient


def test_an_application_refunds_in_process(refund_sandbox_app):
    sandbox = refund_sandbox_app.sandbox
    application = FastAPI()

    @application.post("/refund/{order_id}/{external_id}")
    async def refund(order_id: str, external_id: str):
        transport = httpx.ASGITransport(refund_sandbox_app)
        async with httpx.AsyncClient(transport=transport, headers=sandbox.funnelfox.headers) as client:
            body = {"order_id": order_id, "external_id": external_id, "amount": "4.99"}
            reply = await client.post(f"{sandbox.funnelfox.url}/payment/refund", json=body)
            return reply.json()

    order = sandbox.funnelfox.order(amount="9.99")

    assert TestClient(application).post(f"/refund/{order.id}/{order.external_id}").json() == {}
    sandbox.assert_refunded(order, "4.99")


async def test_an_asynchronous_client_refunds(refund_sandbox):
    order = refund_sandbox.funnelfox.order(amount="9.99")

    async with httpx.AsyncClient(headers=refund_sandbox.funnelfox.headers) as client:
        body = {"order_id": order.id, "external_id": order.external_id}
        reply = await client.post(f"{refund_sandbox.funnelfox.url}/payment/refund", json=body)

    assert reply.json() == {}
    refund_sandbox.assert_refunded(order, "9.99")
