"""Requests whose replies depend on rules of PHP. The expected values were printed by PHP 8.2."""

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
