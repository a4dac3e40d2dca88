"""WireMock and its admin API: a stub, a request, the number of matching requests, and a reset."""

import os
import socket
import subprocess
import time

import httpx2
import pytest

client = httpx2.Client()
REPLY = {"fluent_cart_refund": {"status": "success"}, "gateway_refund": {"status": "success"}}


@pytest.fixture(scope="session")
def wiremock():
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    command = ["java", "-jar", os.environ["WIREMOCK_JAR"], "--disable-banner", "--bind-address", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            client.get(f"{url}/__admin/mappings")
            break
        except httpx2.HTTPError:
            time.sleep(0.05)
    yield url
    process.terminate()
    process.wait(10)


@pytest.mark.parametrize("number", range(200))
def test_refund(wiremock, number):
    path = f"/wp-json/fluent-cart/v2/orders/{number}/refund"
    body = {"refund_info": {"transaction_id": number, "amount": 100 + number}}
    request = {"method": "POST", "urlPath": path, "bodyPatterns": [{"equalToJson": body}]}
    client.post(f"{wiremock}/__admin/mappings", json={"request": request, "response": {"jsonBody": REPLY}}).raise_for_status()

    reply = client.post(wiremock + path, json=body, auth=("admin", "secret"))

    assert reply.json()["gateway_refund"]["status"] == "success"
    assert client.post(f"{wiremock}/__admin/requests/count", json=request).json()["count"] == 1
    client.post(f"{wiremock}/__admin/reset").raise_for_status()
