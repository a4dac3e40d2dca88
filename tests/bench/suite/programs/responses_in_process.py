"""responses: a mocked request of requests, and its calls."""

import pytest
import requests
import responses
from responses import matchers

session = requests.Session()
REPLY = {"fluent_cart_refund": {"status": "success"}, "gateway_refund": {"status": "success"}}


@pytest.mark.parametrize("number", range(200))
def test_refund(number):
    url = f"https://shop.test/wp-json/fluent-cart/v2/orders/{number}/refund"
    body = {"refund_info": {"transaction_id": number, "amount": 100 + number}}
    with responses.RequestsMock() as mock:
        mock.post(url, json=REPLY, match=[matchers.json_params_matcher(body)])

        reply = session.post(url, json=body, auth=("admin", "secret"))

        assert reply.json()["gateway_refund"]["status"] == "success"
        assert len(mock.calls) == 1
