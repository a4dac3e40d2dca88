"""A text that a database can't store, with a NUL character or a lone surrogate, gets the same refusal over every store."""

import pytest
from starlette.testclient import TestClient

from tests.support import raw_http

pytestmark = pytest.mark.every_store(5)
FUNNELFOX = "/your-org-id/v1"
SHOP = "/wp-json/fluent-cart/v2"
ORDER = "00000000-0000-4000-8000-000000000002"
TEXTS = {"NUL": "a\\u0000b", "a high surrogate": "a\\ud800b", "a low surrogate": "\\udc00", "two the wrong way": "\\udc00\\ud800"}
BODIES = (
    ("POST", f"{FUNNELFOX}/payment/refund", '{"external_id":"%","order_id":"' + ORDER + '","amount":"1.00"}', 400),
    ("POST", f"{FUNNELFOX}/payment/refund", '{"external_id":"user_456","order_id":"%","amount":"1.00"}', 400),
    (
        "POST",
        f"{FUNNELFOX}/payment/refund",
        '{"external_id":"user_456","order_id":"' + ORDER + '","amount":"1.00","reason":"%"}',
        400,
    ),
    ("POST", f"{FUNNELFOX}/payment/refund", '{"%":[{"a":1}]}', 400),
    ("POST", f"{FUNNELFOX}/payments_history", '{"external_id":"%"}', 400),
    ("POST", f"{SHOP}/orders/1001/refund", '{"refund_info":{"transaction_id":129237,"amount":1,"reason":"%"}}', 400),
    ("POST", f"{SHOP}/orders/1001/refund", '{"refund_info":{"transaction_id":"%","amount":1}}', 400),
    ("POST", f"{SHOP}/orders/1001/refund", '{"a":[{"%":1}]}', 400),
    ("POST", f"{SHOP}/notes/attach", '{"order_id":1001,"note":"%"}', 400),
    ("POST", "/_sandbox/funnelfox/orders", '{"external_id":"%"}', 422),
    ("POST", "/_sandbox/fluentcart/orders", '{"note":"%"}', 422),
    ("POST", "/_sandbox/snapshots", '{"name":"%"}', 422),
    ("PUT", "/_sandbox/webhooks/targets", '{"funnelfox":[{"url":"http://a/","signing_secret":"%"}]}', 422),
    ("PUT", "/_sandbox/state", '{"funnelfox":{"users":[{"external_id":"%"}]}}', 422),
    ("POST", "/_sandbox/faults", '{"scenario":"server_error","match":{"reason":"%"}}', 422),
)


@pytest.fixture(params=["strict", "live"])
def validated(request: pytest.FixtureRequest, client: TestClient) -> TestClient:
    client.put("/_sandbox/settings", json={"validation": request.param})
    return client


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize(("method", "path", "body", "status"), BODIES)
def test_a_body_with_such_a_text_is_refused(
    method: str, path: str, body: str, status: int, text: str, validated: TestClient
) -> None:
    before = validated.get("/_sandbox/state").content
    headers = {**raw_http.CREDENTIALS, "content-type": "application/json"}

    reply = validated.request(method, path, content=body.replace("%", text), headers=headers)

    assert reply.status_code == status
    assert validated.get("/_sandbox/state").content == before


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"{SHOP}/orders?search=a%00b", 400),
        ("GET", f"{SHOP}/customers?search=%00", 400),
        ("GET", f"{SHOP}/orders?a[b][]=%00", 400),
        ("GET", f"{SHOP}/orders/a%00b", 404),
        ("POST", "/a%00b/v1/payment/refund", 404),
        ("POST", f"{FUNNELFOX}/payment/refund%00", 404),
        ("GET", "/_sandbox/fluentcart/orders?search=a%00b", 400),
        ("GET", "/_sandbox/funnelfox/orders?id=%00", 400),
        ("GET", "/_sandbox/requests?order=%00", 400),
        ("GET", "/_sandbox/funnelfox/orders/a%00b", 404),
        ("DELETE", "/_sandbox/faults/a%00b", 404),
        ("DELETE", "/_sandbox/snapshots/a%00b", 404),
        ("GET", "/w/a%00b/_sandbox/state", 404),
    ],
)
def test_a_url_with_a_nul_character_is_refused(method: str, path: str, status: int, client: TestClient) -> None:
    assert client.request(method, path, headers=raw_http.CREDENTIALS).status_code == status


@pytest.mark.parametrize("body", ["refund_info[reason]=a%00b", "a=%00"])
def test_a_form_with_a_nul_character_is_refused(body: str, client: TestClient) -> None:
    headers = {**raw_http.CREDENTIALS, "content-type": "application/x-www-form-urlencoded"}
    client.put("/_sandbox/settings", json={"validation": "live"})

    reply = client.post(f"{SHOP}/orders/1001/refund", content=body, headers=headers)

    assert (reply.status_code, reply.json()["code"]) == (400, "rest_invalid_param")


def test_a_backslash_before_u0000_is_no_nul_character(client: TestClient) -> None:
    made = client.post("/_sandbox/funnelfox/orders", json={"external_id": "a\\u0000b"})

    assert made.json()["external_id"] == "a\\u0000b"


def test_yaml_with_a_nul_character_is_refused(client: TestClient) -> None:
    for text in ('funnelfox: {users: [{external_id: "a\\0b"}]}', '"a\\0b": 1'):
        reply = client.put("/_sandbox/state", content=text, headers={"content-type": "application/yaml"})

        assert reply.status_code == 422
        assert reply.json()["errors"][0]["reason"] == "not YAML: a NUL character (U+0000) is not allowed"
