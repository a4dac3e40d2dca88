"""An aiohttp client refunds; an aiohttp server receives the webhook."""

import asyncio

import aiohttp
from aiohttp import web


async def test_a_refund_and_its_webhook(refund_sandbox):
    received = asyncio.Queue()

    async def receive(request):
        await received.put(await request.json())
        return web.Response()

    application = web.Application()
    application.router.add_post("/", receive)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    refund_sandbox.webhooks.targets(funnelfox=f"http://127.0.0.1:{runner.addresses[0][1]}/")
    order = refund_sandbox.funnelfox.order(amount="9.99")

    async with aiohttp.ClientSession(headers=refund_sandbox.funnelfox.headers) as client:
        body = {"order_id": order.id, "external_id": order.external_id, "amount": "4.99"}
        async with client.post(f"{refund_sandbox.funnelfox.url}/payment/refund", json=body) as reply:
            assert await reply.json() == {}

    event = await asyncio.wait_for(received.get(), 10)
    assert event["amount_refunded"] == "4.99"
    refund_sandbox.assert_refunded(order, "4.99")
    await runner.cleanup()
