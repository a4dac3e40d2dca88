"""Requests whose replies depend on rules of PHP. The expected values were printed by PHP 8.2."""

import gzip
from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.fluentcart_calls import AUTH, BASE, load, paid

pytestmark = pytest.mark.memory_only

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture(autouse=True)
def one_order(sandbox: SandboxApp) -> None:
    load(sandbox, paid(), settings={"validation": "live", "fluentcart": {"version": "1.6.2"}})


def refund(client: TestClient, body: str | bytes, headers: dict[str, str]) -> Any:
    return client.post(f"{BASE}/orders/1/refund", content=body, headers=headers, auth=AUTH)


def written_reason(client: TestClient) -> bytes:
    """Return the reason of the refund as its order shows it."""
    shown = client.get(f"{BASE}/orders/1", auth=AUTH).content
    return shown.partition(b'"reason":')[2].partition(b'},"created_at"')[0]


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ('{"0":"a","1":"b"}', b'["a","b"]'),
        ('{"1":"a"}', b'{"1":"a"}'),
        ('{"a":{"0":{}}}', b'{"a":[[]]}'),
        ("{}", b"[]"),
        ("10.0", b"10"),
        ("-0.0", b"0"),
        ("1e-7", b"1.0e-7"),
        ("[1.50,1e20]", b"[1.5,1.0e+20]"),
        ('"\\u007f\\u2028/"', b'"\x7f\\u2028\\/"'),
        ("null", b'""'),
    ],
)
def test_a_reason_is_shown_as_php_stores_json(sent: str, shown: bytes, client: TestClient) -> None:
    refund(client, f'{{"refund_info":{{"transaction_id":10,"amount":1,"reason":{sent}}}}}', JSON)

    assert written_reason(client) == shown


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ("refund_info[reason][]=a&refund_info[reason][]=b", b'["a","b"]'),
        ("refund_info[reason][7]=a&refund_info[reason][]=b", b'{"7":"a","8":"b"}'),
        ("+refund_info[reason]ignored[x]=a", b'"a"'),
        ("refund_info[reason]=a&&refund_info[reason]=%C3%A9+%zz", b'"\\u00e9 %zz"'),
    ],
)
def test_names_of_form_fields_are_read_as_in_php(fields: str, shown: bytes, client: TestClient) -> None:
    refund(client, f"refund_info[transaction_id]=10&refund_info[amount]=1&{fields}", FORM)

    assert written_reason(client) == shown


def multipart(*headers: str, end: str = "--B--\r\n") -> str:
    """Return a multipart form for a refund of 1, with a part for each of these headers."""
    known = ['form-data; name="refund_info[transaction_id]"\r\n\r\n10', 'form-data; name="refund_info[amount]"\r\n\r\n1']
    return "".join(f"--B\r\nContent-Disposition: {header}\r\n" for header in (*known, *headers)) + end


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (multipart('form-data; name="refund_info[reason]"\r\n\r\na+%41\r\n'), b'"a+%41\\r\\n"'),
        (multipart("form-data; name='refund_info[reason][]'\r\n\r\na"), b'["a"]'),
        (multipart('attachment; NAME=refund_info[reason]\r\nContent-Type: text/plain; name="x"\r\n\r\na'), b'"a"'),
        (multipart('form-data; name="refund_info[reason]"; filename="x"\r\n\r\na'), b'""'),
        (multipart('form-data; name=""\r\n\r\na'), b'""'),
        (multipart("form-data\r\n\r\na", 'form-data; name="refund_info[reason]"\r\n\r\na'), b'""'),
        (multipart('form-data; name="refund_info[reason]"\r\n\r\na', end="--"), b'"a"'),
        (multipart('form-data; name="refund_info[reason]"\r\n\r\na --B\r\nb'), b'"a --B\\r\\nb"'),
    ],
)
def test_a_multipart_form_is_read_as_in_php(body: str, shown: bytes, client: TestClient) -> None:
    reply = refund(client, body, {"Content-Type": "multipart/form-data; boundary=B"})

    assert (reply.status_code, written_reason(client)) == (200, shown)


def test_a_multipart_form_is_read_for_post_only(client: TestClient) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=B", "X-HTTP-Method-Override": "POST"}

    reply = client.put(f"{BASE}/orders/1/refund", content=multipart(), headers=headers, auth=AUTH)

    assert (reply.status_code, list(reply.json())) == (422, ["transaction_id", "amount"])


@pytest.mark.parametrize(
    ("kind", "status"),
    [("multipart/form-data", 200), ("multipart/form-data; boundary=B", 422), ("multipart/mixed; boundary=B", 200)],
)
def test_json_with_a_boundary_is_not_read(kind: str, status: int, client: TestClient) -> None:
    reply = refund(client, '{"refund_info":{"transaction_id":10,"amount":1}}', {"Content-Type": kind})

    assert reply.status_code == status


def test_a_compressed_body_is_not_decoded(client: TestClient) -> None:
    body = gzip.compress(b'{"refund_info":{"transaction_id":10,"amount":1}}')

    reply = refund(client, body, {**JSON, "Content-Encoding": "gzip"})

    assert (reply.status_code, reply.json()["data"]["json_error_code"]) == (400, 3)
    assert reply.headers["X-Sandbox-Warning"] == "The body has the Content-Encoding gzip, which WordPress does not decode."


@pytest.mark.parametrize(("before", "status"), [("a&" * 999, 200), ("&" * 1000, 422)])
def test_a_form_has_at_most_1001_fields(before: str, status: int, client: TestClient) -> None:
    body = f"{before}refund_info[transaction_id]=10&refund_info[amount]=1"

    assert refund(client, body, FORM).status_code == status


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (b'{"refund_info":"', 3, "Control character error, possibly incorrectly encoded"),
        (b'{"refund_info":\x0b{}}', 3, "Control character error, possibly incorrectly encoded"),
        (b'{"refund_info":[1}', 2, "State mismatch (invalid or malformed JSON)"),
        (b"{'refund_info':1]", 4, "Syntax error"),
        (b'{refund_info:"\xff"}', 4, "Syntax error"),
        (b'{"refund_info":"\xff"', 5, "Malformed UTF-8 characters, possibly incorrectly encoded"),
        (b'{"refund_info":"\\ud800"', 10, "Single unpaired UTF-16 surrogate in unicode escape"),
    ],
)
def test_the_first_error_of_a_json_body_is_named(body: bytes, code: int, message: str, client: TestClient) -> None:
    reply = refund(client, body, JSON)

    assert reply.status_code == 400
    assert reply.json()["data"] == {"status": 400, "json_error_code": code, "json_error_message": message}


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        (1.005, "1.01"),
        (" 2.675 ", "2.68"),
        (-0.125, "-0.13"),
        ("1e99999999999999999999", "9999999999999999.99"),
        ("1e-99999999999999999999", "0.00"),
        (-0.001, "0.00"),
        ("abc", None),
    ],
)
def test_a_decimal_column_rounds_half_up_and_is_clamped(sent: Any, stored: str | None, client: TestClient) -> None:
    customer = {"full_name": "New Buyer", "email": "new@example.test", "aov": sent}

    made = client.post(f"{BASE}/customers", json=customer, auth=AUTH).json()["data"]["id"]

    assert client.get(f"{BASE}/customers/{made}", auth=AUTH).json()["customer"]["aov"] == stored


@pytest.mark.parametrize(("method", "shown"), [("stripe_eu", "Stripe_eu"), ("étoile", "étoile"), ("ßx", "ßx")])
def test_the_name_of_a_gateway_begins_with_a_capital_of_ascii(
    method: str, shown: str, sandbox: SandboxApp, client: TestClient
) -> None:
    order = paid()
    order["transactions"][0]["payment_method"] = method
    load(sandbox, order, settings={"validation": "live", "fluentcart": {"version": "1.6.2"}})

    reply = refund(client, '{"refund_info":{"transaction_id":10,"amount":1}}', JSON)

    assert reply.json()["gateway_refund"]["message"] == f"Refund processed on {shown}"
