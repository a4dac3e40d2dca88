import hashlib
import hmac
import json

import requests
import responses

from tests.comparison.client import REFUNDED, Billing, Shop

PARTS = {"fluent_cart_refund": {"status": "success"}, "gateway_refund": {"status": "success"}}
DECLINED = {**PARTS, "gateway_refund": {"status": "failed", "message": "Your card was declined."}}
URL = "http://shop.test"


@responses.activate
def test_a_declined_refund() -> None:
    responses.get(f"{URL}/orders/1", json={"order": {REFUNDED: 0}})
    responses.post(f"{URL}/orders/1/refund", json=DECLINED)

    assert not Shop(URL, {"Authorization": "Basic x"}).refund(1, 10, 2500)


@responses.activate
def test_a_lost_reply() -> None:
    refunded = [0]

    def lose(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        refunded[0] += 2500
        if refunded[0] == 2500:
            raise requests.ConnectionError("reset")
        return 200, {}, json.dumps(PARTS)

    def read(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        return 200, {}, json.dumps({"order": {REFUNDED: refunded[0]}})

    responses.add_callback(responses.GET, f"{URL}/orders/1", read)
    responses.add_callback(responses.POST, f"{URL}/orders/1/refund", lose)

    assert Shop(URL, {"Authorization": "Basic x"}).refund(1, 10, 2500)
    responses.assert_call_count(f"{URL}/orders/1/refund", 1)


@responses.activate
def test_the_webhook_comes_first() -> None:
    billing = Billing(URL, {"ff-secret-key": "x"}, "whsec")

    def announce(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        event = json.dumps({"event_type": "refund", "subtype": "settled", "order_id": "o1"}).encode()
        billing.receive(event, hmac.new(b"whsec", event, hashlib.sha256).hexdigest())
        raise requests.ReadTimeout("late")

    responses.add_callback(responses.POST, f"{URL}/payment/refund", announce)

    billing.refund("o1", "user_1", "4.99")

    assert "o1" in billing.settled
    responses.assert_call_count(f"{URL}/payment/refund", 1)
