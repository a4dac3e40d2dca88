"""Strict and live validation, and amounts by version."""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.fluentcart_calls import AUTH, BASE, load, order, paid, refund, successful_refund

pytestmark = pytest.mark.memory_only

LIVE = {"validation": "live"}
REQUIRED = {
    "transaction_id": {"required": "Transaction ID is required"},
    "amount": {"required": "Refund amount is required"},
}


@pytest.mark.parametrize(
    ("info", "fields"),
    [
        ({}, REQUIRED),
        ({"transaction_id": None, "amount": " "}, REQUIRED),
        ({"transaction_id": "10", "amount": 1}, {"transaction_id": {"type": "transaction_id must be of type integer."}}),
        ({"transaction_id": 10, "amount": "100"}, {"amount": {"type": "amount must be of type number."}}),
        (
            {"transaction_id": 10, "amount": 1, "item_ids": ["x"], "reason": 5},
            {
                "reason": {"type": "reason must be of type string."},
                "item_ids.0": {"type": "item_ids.0 must be of type integer."},
            },
        ),
        (
            {"transaction_id": 10, "amount": 1, "cancelSubscription": "yes"},
            {"cancelSubscription": {"anyOf": "cancelSubscription must be of type boolean or must be one of 'true', 'false'."}},
        ),
        (None, {"refund_info": {"type": "refund_info must be of type object."}}),
        ("text", {"refund_info": {"type": "refund_info must be of type object."}}),
    ],
)
def test_strict_validation_lists_every_violation(info: Any, fields: Any, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid())
    before = sandbox.workspace.dump()

    reply = refund(client, 1, info)

    assert (reply.status_code, reply.json()) == (422, fields)
    assert sandbox.workspace.dump() == before


def test_at_most_100_violations_are_listed(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid())

    reply = refund(client, 1, {"transaction_id": 10, "amount": 1, "item_ids": ["x"] * 1000})

    assert (reply.status_code, len(reply.json())) == (422, 100)


def test_strict_validation_requires_refund_info_like_the_plugin(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid())

    reply = client.post(f"{BASE}/orders/1/refund", json={}, auth=AUTH)

    assert (reply.status_code, reply.json()) == (422, REQUIRED)


def test_strict_validation_comes_after_the_order_is_found(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(), paid(2, config={"upgraded_to": 1}))

    assert refund(client, 99, {}).status_code == 404
    assert refund(client, 2, {}).status_code == 400


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/problem+json"])
def test_strict_validation_requires_a_json_content_type(content_type: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid())
    content = json.dumps({"refund_info": {"transaction_id": 10, "amount": 100}})

    reply = client.post(f"{BASE}/orders/1/refund", content=content, headers={"Content-Type": content_type}, auth=AUTH)

    assert reply.status_code == 415
    assert reply.json() == {
        "code": "rest_unsupported_media_type",
        "message": f"Content-Type is {content_type}; send JSON with Content-Type: application/json.",
        "data": {"status": 415},
    }


def test_live_validation_accepts_the_request_and_warns(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(), settings=LIVE)

    reply = refund(client, 1, {"transaction_id": "10 OR 1=1", "amount": " 100"})

    assert (reply.status_code, reply.json()) == (200, successful_refund())
    warnings = [
        "/refund_info/transaction_id must be of type integer",
        "/refund_info/amount must be of type number",
    ]
    assert reply.headers["X-Sandbox-Warning"] == "; ".join(warnings)
    assert client.get("/_sandbox/requests?limit=1").json()["requests"][0]["warnings"] == warnings


def test_live_validation_warns_even_if_the_order_is_unknown(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(), settings=LIVE)

    reply = refund(client, 99, {"transaction_id": "10", "amount": 100})

    assert reply.status_code == 404
    assert reply.headers["X-Sandbox-Warning"] == "/refund_info/transaction_id must be of type integer"


@pytest.mark.parametrize("validation", ["strict", "live"])
def test_a_valid_request_has_no_warning(validation: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(), settings={"validation": validation})

    reply = refund(client, 1, {"transaction_id": 10, "amount": 100})

    assert reply.status_code == 200
    assert "X-Sandbox-Warning" not in reply.headers


@pytest.mark.parametrize(
    ("version", "amount", "booked"),
    [
        ("1.6.2", 2500, 2500),
        ("1.6.2", 25, 25),
        ("1.6.5", 2500.0, 2500),
        ("1.5.2", 25, 2500),
        ("1.3.25", 25, 2500),
        ("1.3.25", 19.99, 1999),
    ],
)
def test_an_amount_is_minor_units_since_1_6_2_and_major_units_before(
    version: str, amount: float, booked: int, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, paid(), settings={"fluentcart": {"version": version}})

    assert refund(client, 1, {"transaction_id": 10, "amount": amount}).status_code == 200

    assert order(client, 1)["total_refund"] == booked


@pytest.mark.parametrize(
    ("version", "amount", "message"),
    [
        ("1.6.2", 0, "Invalid refund amount."),
        ("1.6.2", 10001, "Refund amount exceeds the net paid amount for this order."),
        ("1.6.5", 9 * 10**15, "Refund amount exceeds the net paid amount for this order."),
        ("1.3.25", 2500, "Refund amount exceeds the net paid amount for this order."),
        ("1.3.25", 1e17, "Invalid refund amount."),
        ("1.3.25", 1e19, "Refund amount exceeds the net paid amount for this order."),
    ],
)
def test_an_impossible_amount_is_refused(
    version: str, amount: float, message: str, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, paid(), settings={"fluentcart": {"version": version}})

    reply = refund(client, 1, {"transaction_id": 10, "amount": amount})

    assert (reply.status_code, reply.json()) == (422, {"message": message})
    assert order(client, 1)["total_refund"] == 0


@pytest.mark.parametrize(
    ("version", "amount", "problem"),
    [
        ("1.6.5", 19.99, "amount must be a whole number of minor units. Send 1999 for 19.99."),
        ("1.6.2", 0.4, "amount must be a whole number of minor units. Send 40 for 0.40."),
        ("1.5.2", 25.005, "amount must be a whole number of minor units."),
        ("1.3.25", 0.004, "amount must be a whole number of minor units."),
    ],
)
def test_strict_validation_refuses_an_amount_that_is_no_whole_number_of_minor_units(
    version: str, amount: float, problem: str, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, paid(), settings={"fluentcart": {"version": version}})

    reply = refund(client, 1, {"transaction_id": 10, "amount": amount})

    assert (reply.status_code, reply.json()) == (422, {"amount": {"multipleOf": problem}})
    assert order(client, 1)["total_refund"] == 0


@pytest.mark.parametrize(
    ("version", "amount", "booked"),
    [
        ("1.6.5", 19.99, 20),
        ("1.6.2", 0.5, 1),
        ("1.6.5", "19.99", 20),
        ("1.6.2", 1998.9999999999998, 1999),
        ("1.3.25", 1.005, 101),
    ],
)
def test_live_validation_rounds_an_amount_and_warns(
    version: str, amount: Any, booked: int, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, paid(), settings={**LIVE, "fluentcart": {"version": version}})

    reply = refund(client, 1, {"transaction_id": 10, "amount": amount})

    assert reply.status_code == 200
    assert order(client, 1)["total_refund"] == booked
    assert "/refund_info/amount must be a whole number of minor units" in reply.headers["X-Sandbox-Warning"]


@pytest.mark.parametrize("amount", [9 * 10**15 + 1, 1e19, -9.1e15])
def test_an_amount_beyond_9e15_crashes_the_plugin_and_books_nothing(
    amount: float, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, paid(), settings=LIVE)

    live = refund(client, 1, {"transaction_id": 10, "amount": amount})
    sandbox.workspace.change_settings({"validation": "strict"})
    strict = refund(client, 1, {"transaction_id": 10, "amount": amount})

    assert (live.status_code, live.json()["code"]) == (500, "plugin_exception")
    assert (strict.status_code, strict.json()) == (422, {"amount": {"maximum": "amount must be at most 9000000000000000."}})
    assert order(client, 1)["total_refund"] == 0


@pytest.mark.parametrize("validation", ["strict", "live"])
def test_a_misspelt_field_gets_a_warning(validation: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(), settings={"validation": validation})

    reply = refund(client, 1, {"transaction_id": 10, "amount": 100, "cancel_subscription": "true"})

    warning = "/refund_info has an unknown field 'cancel_subscription'. Did you mean 'cancelSubscription'?"
    assert (reply.status_code, reply.headers["X-Sandbox-Warning"]) == (200, warning)
    assert client.get("/_sandbox/requests?limit=1").json()["requests"][0]["warnings"] == [warning]


def test_a_parameter_of_the_query_is_no_unknown_field(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid())
    info = {"transaction_id": 10, "amount": 100}

    reply = client.post(f"{BASE}/orders/1/refund?_envelope=1&query_timestamp=1", json={"refund_info": info}, auth=AUTH)

    assert (reply.status_code, reply.json()["status"]) == (200, 200)
    assert "X-Sandbox-Warning" not in reply.headers


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("1.6.2", "An internal error occurred."),
        ("1.3.25", 'Attempt to assign property "refund_total" on null'),
    ],
)
def test_a_crash_after_booking_does_not_undo_the_refund(
    version: str, message: str, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, paid(), settings={"fluentcart": {"version": version}})

    reply = refund(client, 1, {"transaction_id": 10, "amount": 1, "item_ids": [12345]})

    assert reply.status_code == 500
    assert reply.json() == {"code": "plugin_exception", "data": [], "message": message}
    after = order(client, 1)
    assert len(after["transactions"]) == 2
    assert after["payment_status"] == "partially_refunded"
    assert after["items"][0]["refund_total"] == 0


@pytest.mark.parametrize("body", ["[]", "5", "null", '"x"', "[1]"])
def test_strict_validation_requires_an_object_as_body(body: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid())
    headers = {"Content-Type": "application/json"}

    reply = client.post(f"{BASE}/orders/1/change-customer", content=body, headers=headers, auth=AUTH)

    assert (reply.status_code, reply.json()) == (422, {"body": {"type": "The body must be an object."}})
