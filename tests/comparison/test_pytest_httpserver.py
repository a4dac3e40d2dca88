import hashlib
import hmac
import json
import socket
import time

import requests
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.comparison.client import REFUNDED, TIMEOUT_S, Billing, Shop
from tests.comparison.receiving import endpoint

PARTS = {"fluent_cart_refund": {"status": "success"}, "gateway_refund": {"status": "success"}}
DECLINED = {**PARTS, "gateway_refund": {"status": "failed", "message": "Your card was declined."}}


def posts(httpserver: HTTPServer) -> int:
    return len([request for request, _ in httpserver.log if request.method == "POST"])


def test_a_declined_refund(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/orders/1", method="GET").respond_with_json({"order": {REFUNDED: 0}})
    httpserver.expect_request("/orders/1/refund", method="POST").respond_with_json(DECLINED)
    shop = Shop(httpserver.url_for("").rstrip("/"), {"Authorization": "Basic x"})

    assert not shop.refund(1, 10, 2500)


def test_a_lost_reply(httpserver: HTTPServer) -> None:
    refunded = [0]

    def lose(request: Request) -> Response:
        refunded[0] += 2500
        request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        return Response()

    def read(request: Request) -> Response:
        return Response(json.dumps({"order": {REFUNDED: refunded[0]}}), mimetype="application/json")

    httpserver.expect_request("/orders/1", method="GET").respond_with_handler(read)
    httpserver.expect_oneshot_request("/orders/1/refund", method="POST").respond_with_handler(lose)
    httpserver.expect_request("/orders/1/refund", method="POST").respond_with_json(PARTS)
    shop = Shop(httpserver.url_for("").rstrip("/"), {"Authorization": "Basic x"})

    assert shop.refund(1, 10, 2500)
    assert posts(httpserver) == 1


def test_the_webhook_comes_first(httpserver: HTTPServer) -> None:
    billing, calls = Billing(httpserver.url_for("").rstrip("/"), {"ff-secret-key": "x"}, "whsec"), []
    with endpoint(billing.receive) as url:

        def announce(request: Request) -> Response:
            calls.append(request)
            event = json.dumps({"event_type": "refund", "subtype": "settled", "order_id": "o1"}).encode()
            signature = hmac.new(b"whsec", event, hashlib.sha256).hexdigest()
            requests.post(url, data=event, headers={"ff-webhook-signature": signature}, timeout=5)
            time.sleep(TIMEOUT_S + 1)
            return Response("{}", mimetype="application/json")

        httpserver.expect_request("/payment/refund", method="POST").respond_with_handler(announce)

        billing.refund("o1", "user_1", "4.99")

    assert "o1" in billing.settled
    assert len(calls) == 1
