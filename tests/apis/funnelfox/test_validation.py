"""Errors of invalid fields: pydantic's types, all errors in one reply, each with its path."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.funnelfox_state import Document, errors, load_state, order, post_bytes, refund, refunded_amounts

pytestmark = pytest.mark.memory_only

UUID = b'"3c90c3cc-0d44-4b50-8888-8dd25736052a"'


@pytest.fixture(autouse=True)
def one_order(sandbox: SandboxApp) -> None:
    load_state(sandbox, order())


def item(kind: str, message: str, *loc: str) -> Document:
    return {"msg": message, "type": kind, "code": kind, **({"loc": list(loc)} if loc else {})}


MISSING = "Field required"
STRING = "Input should be a valid string"
UUID_TYPE = "UUID input should be a string, bytes or UUID object"
BAD_UUID = "Input should be a valid UUID"
BOOL = "Input should be a valid boolean"
BAD_BOOL = "Input should be a valid boolean, unable to interpret input"
DECIMAL = "Decimal input should be an integer, float, string or Decimal object"
BAD_DECIMAL = "Input should be a valid decimal"
FINITE = "Input should be a finite number"


@pytest.mark.parametrize(
    ("field", "value", "kind", "message"),
    [
        ("external_id", ..., "missing", MISSING),
        ("external_id", None, "string_type", STRING),
        ("external_id", 5, "string_type", STRING),
        ("external_id", "x" * 257, "string_too_long", "String should have at most 256 characters"),
        ("order_id", ..., "missing", MISSING),
        ("order_id", None, "uuid_type", UUID_TYPE),
        ("order_id", 5, "uuid_type", UUID_TYPE),
        ("order_id", "", "uuid_parsing", BAD_UUID),
        ("order_id", "order-1", "uuid_parsing", BAD_UUID),
        ("order_id", "3c90c3cc-0d44-4b50-8888-8dd25736052a ", "uuid_parsing", BAD_UUID),
        ("reason", None, "string_type", STRING),
        ("reason", "ж" * 257, "string_too_long", "String should have at most 256 characters"),
        ("comment", None, "string_type", STRING),
        ("comment", ["x"], "string_type", STRING),
        ("comment", "x" * 2049, "string_too_long", "String should have at most 2048 characters"),
        ("soft_refund", None, "bool_type", BOOL),
        ("soft_refund", 0.5, "bool_type", BOOL),
        ("soft_refund", [], "bool_type", BOOL),
        ("soft_refund", "maybe", "bool_parsing", BAD_BOOL),
        ("soft_refund", "", "bool_parsing", BAD_BOOL),
        ("soft_refund", 2, "bool_parsing", BAD_BOOL),
        ("amount", "", "decimal_parsing", BAD_DECIMAL),
        ("amount", "abc", "decimal_parsing", BAD_DECIMAL),
        ("amount", "4,99", "decimal_parsing", BAD_DECIMAL),
        ("amount", "$4.99", "decimal_parsing", BAD_DECIMAL),
        ("amount", "1e99999999999999999999", "decimal_parsing", BAD_DECIMAL),
        ("amount", True, "decimal_type", DECIMAL),
        ("amount", [], "decimal_type", DECIMAL),
        ("amount", {"value": "4.99"}, "decimal_type", DECIMAL),
        ("amount", "NaN", "finite_number", FINITE),
        ("amount", "-Infinity", "finite_number", FINITE),
        ("amount", " inf ", "finite_number", FINITE),
        ("amount", int("9" * 400), "finite_number", FINITE),
    ],
)
@pytest.mark.parametrize("mode", ["strict", "live"])
def test_a_field_of_the_wrong_shape_is_refused_in_both_modes(
    field: str, value: Any, kind: str, message: str, mode: str, sandbox: SandboxApp, client: TestClient
) -> None:
    load_state(sandbox, order(), settings={"validation": mode})

    response = refund(client, **{field: value})

    assert (response.status_code, response.json()["error"]) == (400, [item(kind, message, field)])
    assert refunded_amounts(client) == []


def test_all_errors_are_listed(client: TestClient) -> None:
    wrong = {"order_id": ..., "external_id": 5, "reason": "x" * 257, "comment": None, "amount": "abc", "soft_refund": "maybe"}

    response = refund(client, **wrong)

    assert response.status_code == 400
    assert sorted(errors(response)) == [
        ("bool_parsing", ["soft_refund"]),
        ("decimal_parsing", ["amount"]),
        ("missing", ["order_id"]),
        ("string_too_long", ["reason"]),
        ("string_type", ["comment"]),
        ("string_type", ["external_id"]),
    ]


def test_an_infinite_number_is_listed_with_the_others(client: TestClient) -> None:
    response = post_bytes(client, b'{"order_id": ' + UUID + b', "amount": -1e999}')

    assert errors(response) == [("missing", ["external_id"]), ("finite_number", ["amount"])]


@pytest.mark.parametrize("content", [b"[]", b"null", b"5", b'"text"', b"true"])
def test_a_document_must_be_an_object(content: bytes, client: TestClient) -> None:
    response = post_bytes(client, content)

    assert (response.status_code, response.json()["error"]) == (400, [item("model_type", "Input should be an object")])


def nested(depth: int) -> bytes:
    return b'{"order_id": ' + UUID + b', "external_id": "u", "x": ' + b"[" * depth + b"]" * depth + b"}"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"external_id=user_456",
        b"{'external_id': 'user_456'}",
        b'{"amount": NaN}',
        b'{"amount": -Infinity}',
        b"\xff",
        b"\xef\xbb\xbf{}",
        b'{"reason": "\xc3"}',
        rb'{"reason": "\ud800"}',
        rb'{"\udfff": 1}',
        nested(201),
        b"[" * 100_000,
        b"[" * 300 + b'"' + rb"\"" * 300_000,
    ],
)
def test_a_body_that_is_not_json_is_refused(content: bytes, client: TestClient) -> None:
    response = post_bytes(client, content)

    (entry,) = response.json()["error"]
    assert response.status_code == 400
    assert (entry["type"], entry["code"]) == ("json_invalid", "json_invalid")
    assert entry["msg"].startswith("Invalid JSON: ")
    assert "loc" not in entry


@pytest.mark.parametrize(
    "content",
    [
        nested(200),
        b'{"order_id": ' + UUID + b', "external_id": "u", "x": "' + b"[" * 300 + b'"}',
        b'{"order_id": ' + UUID + b', "external_id": "u", "x": [' + b"[]," * 300 + b"{}]}",
        b'{"order_id": ' + UUID + rb', "external_id": "u", "reason": "\ud83d\ude00"}',
    ],
)
def test_unusual_json_is_accepted(content: bytes, client: TestClient) -> None:
    response = post_bytes(client, content)

    assert errors(response) == [("order_not_found", [])]


@pytest.mark.parametrize("fields", [{"reason": "ж" * 256, "comment": "x" * 2048}, {"reason": "", "comment": ""}])
def test_texts_may_have_the_length_of_the_spec(fields: Document, client: TestClient) -> None:
    response = refund(client, **fields)

    assert response.status_code == 200


def test_the_last_of_duplicate_keys_counts(client: TestClient) -> None:
    body = b'{"external_id": "user_456", "order_id": ' + UUID + b', "amount": "1", "amount": "2"}'

    response = post_bytes(client, body)

    assert response.status_code == 200
    assert refunded_amounts(client) == ["2.00"]
