"""Limits of a refund: the refundable amount of the charge, and before it what was paid for the order."""

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.fluentcart_calls import load, message_of, order, paid, refund


def test_a_charge_is_refunded_to_the_last_minor_unit_and_no_further(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid())
    assert refund(client, 1, {"transaction_id": 10, "amount": 9999}).status_code == 200

    refused = refund(client, 1, {"transaction_id": 10, "amount": 2})

    assert message_of(refused) == (422, "Refund amount exceeds the maximum refundable amount for this transaction.")
    assert refund(client, 1, {"transaction_id": 10, "amount": 1}).status_code == 200
    assert order(client, 1)["total_refund"] == 10000


@pytest.mark.parametrize(
    ("amount", "message"),
    [
        (0, "Invalid refund amount."),
        (3001, "Refund amount exceeds the maximum refundable amount for this transaction."),
        (5001, "Refund amount exceeds the net paid amount for this order."),
    ],
)
def test_an_amount_is_compared_with_the_order_before_the_charge(
    amount: int, message: str, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, paid(total_paid=5000, transactions=[{"id": 10, "total": 3000, "vendor_charge_id": "pi_10"}]))

    assert message_of(refund(client, 1, {"transaction_id": 10, "amount": amount}))[1] == message
