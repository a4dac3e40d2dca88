"""pytest-httpserver: a stub, a request, the handlers that were met, and the log. It resets after each test."""

import httpx2
import pytest

client = httpx2.Client()
REPLY = {"fluent_cart_refund": {"status": "success"}, "gateway_refund": {"status": "success"}}


@pytest.mark.parametrize("number", range(200))
def test_refund(httpserver, number):
    path = f"/wp-json/fluent-cart/v2/orders/{number}/refund"
    body = {"refund_info": {"transaction_id": number, "amount": 100 + number}}
    httpserver.expect_oneshot_request(path, method="POST", json=body).respond_with_json(REPLY)

    reply = client.post(httpserver.url_for(path), json=body, auth=("admin", "secret"))

    assert reply.json()["gateway_refund"]["status"] == "success"
    httpserver.check()
    assert len(httpserver.log) == 1
