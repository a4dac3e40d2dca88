"""Every rule that refuses a refund: status, body, and an unchanged state."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.funnelfox_state import (
    KEY,
    ORDER,
    ORG,
    SUBSCRIPTION,
    URL,
    USER,
    Document,
    item,
    load_state,
    order,
    post_bytes,
    refund,
    refusal,
)

EMPTY, FREE = "e0000000-0000-4000-8000-000000000000", "f0000000-0000-4000-8000-000000000000"
YEN, DINAR = "10000000-0000-4000-8000-000000000001", "10000000-0000-4000-8000-000000000002"
OTHERS, RIVALS = "20000000-0000-4000-8000-000000000001", "20000000-0000-4000-8000-000000000002"
UNFINISHED = {
    "authorized": "30000000-0000-4000-8000-000000000001",
    "cancelled": "30000000-0000-4000-8000-000000000002",
    "declined": "30000000-0000-4000-8000-000000000003",
    "processing": "30000000-0000-4000-8000-000000000004",
}


def earlier(amount: str) -> list[Document]:
    return [{"psp_transaction_type": "REFUND", "psp_status": "SETTLED", "amount": amount}]


@pytest.fixture(autouse=True)
def unchanging(sandbox: SandboxApp) -> Iterator[None]:
    """Load orders of every kind and check that no test of this module changes them."""
    load_state(
        sandbox,
        order(subs_id=SUBSCRIPTION, transactions=earlier("4.00")),
        order(order_id=EMPTY, transactions=earlier("9.99")),
        order(order_id=FREE, amount="0.00"),
        order(order_id=YEN, amount="500", currency_code="JPY"),
        order(order_id=DINAR, amount="9.999", currency_code="KWD"),
        order(order_id=OTHERS, external_id="somebody"),
        order(order_id=RIVALS, org_id="rival"),
        *(order(order_id=order_id, status=status) for status, order_id in UNFINISHED.items()),
        orgs=[{"id": ORG, "keys": [{"key": KEY}]}, {"id": "rival", "keys": [{"key": "rival-key"}]}],
    )
    before = sandbox.workspace.dump()
    yield
    assert sandbox.workspace.dump() == before


NOT_FOUND = item("No order with this order_id belongs to this external_id.", "order_not_found")


@pytest.mark.parametrize(
    "fields",
    [
        {"order_id": "00000000-0000-4000-8000-000000000000"},
        {"order_id": OTHERS},
        {"order_id": RIVALS},
        {"external_id": "somebody"},
        {"external_id": USER.upper()},
        {"external_id": f"{USER} "},
        {"external_id": ""},
    ],
)
def test_unknown_orders_and_orders_of_others_get_the_same_reply(fields: Document, client: TestClient) -> None:
    response = refund(client, **fields)

    assert refusal(response) == (400, [NOT_FOUND])


def test_an_organisation_sees_its_own_orders_only(client: TestClient) -> None:
    body = {"external_id": USER, "order_id": ORDER}

    response = client.post("/rival/v1/payment/refund", json=body, headers={"ff-secret-key": "rival-key"})

    assert refusal(response) == (400, [NOT_FOUND])


@pytest.mark.parametrize(
    ("order_id", "message"),
    [
        (UNFINISHED["authorized"], "An order that is authorized cannot be refunded; cancel it instead."),
        (UNFINISHED["cancelled"], "An order that is cancelled cannot be refunded; only settled orders can be."),
        (UNFINISHED["declined"], "An order that is declined cannot be refunded; only settled orders can be."),
        (UNFINISHED["processing"], "An order that is processing cannot be refunded; only settled orders can be."),
        (FREE, "Nothing was paid for this order, so nothing can be refunded."),
    ],
)
@pytest.mark.parametrize("fields", [{}, {"amount": "1"}, {"soft_refund": True}])
def test_an_order_that_brought_no_money_is_not_refundable(
    order_id: str, message: str, fields: Document, client: TestClient
) -> None:
    response = refund(client, order_id=order_id, **fields)

    assert refusal(response) == (400, [item(message, "order_not_refundable")])


@pytest.mark.parametrize("fields", [{}, {"amount": None}, {"amount": "1"}, {"soft_refund": True}])
def test_a_refunded_order_is_not_refunded_again(fields: Document, client: TestClient) -> None:
    response = refund(client, order_id=EMPTY, **fields)

    assert refusal(response) == (400, [item("The order is already refunded in full.", "already_refunded")])


@pytest.mark.parametrize(
    ("order_id", "amount", "left"),
    [
        (ORDER, "6.00", "5.99 USD"),
        (ORDER, 6, "5.99 USD"),
        (ORDER, "9.99", "5.99 USD"),
        (ORDER, "1e30", "5.99 USD"),
        (ORDER, 1e300, "5.99 USD"),
        (ORDER, int("9" * 300), "5.99 USD"),
        (YEN, 501, "500 JPY"),
        (DINAR, "10", "9.999 KWD"),
    ],
)
def test_more_than_the_refundable_amount_is_refused(order_id: str, amount: Any, left: str, client: TestClient) -> None:
    response = refund(client, order_id=order_id, amount=amount)

    refused = item(f"At most {left} can still be refunded.", "amount_exceeds_order", loc=["amount"])
    assert refusal(response) == (400, [refused])


NOTHING = "The amount must be greater than 0; leave it out to refund all that is left."
TOO_FINE = {
    ORDER: "An amount in USD has at most 2 decimals.",
    YEN: "An amount in JPY has no decimals.",
    DINAR: "An amount in KWD has at most 3 decimals.",
}


@pytest.mark.parametrize(
    ("order_id", "amount", "message"),
    [
        (ORDER, 0, NOTHING),
        (ORDER, "0", NOTHING),
        (ORDER, "0.00", NOTHING),
        (ORDER, -0.0, NOTHING),
        (ORDER, -1, NOTHING),
        (ORDER, "-4.99", NOTHING),
        (ORDER, "-1e30", NOTHING),
        (ORDER, "4.999", TOO_FINE[ORDER]),
        (ORDER, 0.1 + 0.2, TOO_FINE[ORDER]),
        (ORDER, "1e-9999", TOO_FINE[ORDER]),
        (YEN, "1.5", TOO_FINE[YEN]),
        (YEN, 0.5, TOO_FINE[YEN]),
        (DINAR, "1.0001", TOO_FINE[DINAR]),
    ],
)
def test_an_invalid_amount_is_refused(order_id: str, amount: Any, message: str, client: TestClient) -> None:
    response = refund(client, order_id=order_id, amount=amount)

    assert refusal(response) == (400, [item(message, "invalid_amount", loc=["amount"])])


def test_the_order_is_checked_before_the_amount(client: TestClient) -> None:
    response = refund(client, order_id=EMPTY, amount=0)

    assert [entry["code"] for entry in refusal(response)[1]] == ["already_refunded"]


@pytest.mark.parametrize("status", [200, 400, 422])
@pytest.mark.parametrize("fields", [{"amount": 0}, {"amount": []}, {"order_id": EMPTY}])
def test_refused_refunds_have_the_status_of_the_setting(
    status: int, fields: Document, sandbox: SandboxApp, client: TestClient
) -> None:
    sandbox.workspace.change_settings({"funnelfox": {"error_status": status}})

    responses = [refund(client, **fields), post_bytes(client, b"{"), client.post(URL), client.get(URL)]
    sandbox.workspace.change_settings({"funnelfox": {"error_status": 400}})

    assert [refusal(response)[0] for response in responses] == [status, status, 401, 405]
