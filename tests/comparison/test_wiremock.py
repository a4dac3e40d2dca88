import hashlib
import hmac
import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.comparison.client import REFUNDED, TIMEOUT_S, Billing, Shop
from tests.comparison.receiving import endpoint
from tests.support.ports import free_port

PARTS = {"fluent_cart_refund": {"status": "success"}, "gateway_refund": {"status": "success"}}
DECLINED = {**PARTS, "gateway_refund": {"status": "failed", "message": "Your card was declined."}}


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    url = f"http://127.0.0.1:{free_port()}"
    process = subprocess.Popen(["java", "-jar", os.environ["WIREMOCK_JAR"], "--port", url.rpartition(":")[2], "--disable-banner"])
    while True:
        try:
            requests.get(f"{url}/__admin/mappings", timeout=5)
            break
        except requests.ConnectionError:
            time.sleep(0.05)
    yield url
    process.kill()
    process.wait()


@pytest.fixture
def wiremock(server: str) -> str:
    requests.post(f"{server}/__admin/reset", timeout=5)
    return server


def stub(url: str, method: str, path: str, response: dict[str, Any], **more: Any) -> None:
    mapping = {"request": {"method": method, "urlPath": path}, "response": response, **more}
    requests.post(f"{url}/__admin/mappings", json=mapping, timeout=5).raise_for_status()


def posts(url: str, path: str) -> int:
    count = requests.post(f"{url}/__admin/requests/count", json={"method": "POST", "urlPath": path}, timeout=5)
    return int(count.json()["count"])


def test_a_declined_refund(wiremock: str) -> None:
    stub(wiremock, "GET", "/orders/1", {"jsonBody": {"order": {REFUNDED: 0}}})
    stub(wiremock, "POST", "/orders/1/refund", {"jsonBody": DECLINED})

    assert not Shop(wiremock, {"Authorization": "Basic x"}).refund(1, 10, 2500)


def test_a_lost_reply(wiremock: str) -> None:
    lost = {"scenarioName": "refund", "requiredScenarioState": "Started", "newScenarioState": "lost"}
    after = {"scenarioName": "refund", "requiredScenarioState": "lost"}
    stub(wiremock, "GET", "/orders/1", {"jsonBody": {"order": {REFUNDED: 0}}}, **{**lost, "newScenarioState": "Started"})
    stub(wiremock, "POST", "/orders/1/refund", {"fault": "CONNECTION_RESET_BY_PEER"}, **lost)
    stub(wiremock, "GET", "/orders/1", {"jsonBody": {"order": {REFUNDED: 2500}}}, **after)
    stub(wiremock, "POST", "/orders/1/refund", {"jsonBody": PARTS}, **after)

    assert Shop(wiremock, {"Authorization": "Basic x"}).refund(1, 10, 2500)
    assert posts(wiremock, "/orders/1/refund") == 1


def test_the_webhook_comes_first(wiremock: str) -> None:
    billing = Billing(wiremock, {"ff-secret-key": "x"}, "whsec")
    with endpoint(billing.receive) as url:
        event = json.dumps({"event_type": "refund", "subtype": "settled", "order_id": "o1"}).encode()
        signature = hmac.new(b"whsec", event, hashlib.sha256).hexdigest()
        headers = {"ff-webhook-signature": signature}
        stub(wiremock, "POST", "/payment/refund", {"jsonBody": {}, "fixedDelayMilliseconds": 1000 * (TIMEOUT_S + 1)})
        # WireMock sends its webhooks after the reply, so the test sends this one.
        threading.Timer(0.1, requests.post, (url,), {"data": event, "headers": headers, "timeout": 5}).start()

        billing.refund("o1", "user_1", "4.99")

    assert "o1" in billing.settled
    assert posts(wiremock, "/payment/refund") == 1
