"""respx: a mocked route of httpx, a request, and the calls of the route. It resets after each test."""

import httpx
import pytest

client = httpx.Client()
REPLY = {"fluent_cart_refund": {"status": "success"}, "gateway_refund": {"status": "success"}}


@pytest.mark.parametrize("number", range(200))
def test_refund(respx_mock, number):
    url = f"https://shop.test/wp-json/fluent-cart/v2/orders/{number}/refund"
    body = {"refund_info": {"transaction_id": number, "amount": 100 + number}}
    route = respx_mock.post(url, json=body).respond(json=REPLY)

    reply = client.post(url, json=body, auth=("admin", "secret"))

    assert reply.json()["gateway_refund"]["status"] == "success"
    assert route.call_count == 1
