"""A Django view refunds through requests, with the URL of the session in the settings."""

import django
import pytest
import requests
from django.conf import settings
from django.http import JsonResponse
from django.test import Client
from django.urls import path


def refund(request, order_id, transaction_id):
    body = {"refund_info": {"transaction_id": transaction_id, "amount": 2500}}
    auth = ("admin", "demo DEMO 1234 demo DEMO 5678")
    reply = requests.post(f"{settings.SHOP_URL}/orders/{order_id}/refund", json=body, auth=auth, timeout=10)
    return JsonResponse({"gateway": reply.json()["gateway_refund"]["status"]})


urlpatterns = [path("refund/<int:order_id>/<int:transaction_id>", refund)]


@pytest.fixture(scope="session", autouse=True)
def configured(refund_sandbox_url):
    shop = f"{refund_sandbox_url}/wp-json/fluent-cart/v2"
    settings.configure(ROOT_URLCONF=__name__, SHOP_URL=shop, ALLOWED_HOSTS=["*"], SECRET_KEY="x")
    django.setup()


def test_a_view_refunds(refund_sandbox):
    order = refund_sandbox.fluentcart.order(paid=10000)

    reply = Client().post(f"/refund/{order.id}/{order.transaction_id}")

    assert reply.json() == {"gateway": "success"}
    refund_sandbox.assert_refunded(order, 2500)


def test_a_view_sees_a_declined_refund(refund_sandbox):
    order = refund_sandbox.fluentcart.order(paid=10000)
    refund_sandbox.fault("gateway_declined", order=order)

    assert Client().post(f"/refund/{order.id}/{order.transaction_id}").json() == {"gateway": "failed"}
