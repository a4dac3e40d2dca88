"""Amounts and transactions of refunds, and that they add up."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support import budget
from tests.support.funnelfox_state import ORDER, load_state, order, refund, refund_rows, refunded_amounts

pytestmark = pytest.mark.every_store


def test_a_refund_without_an_amount_refunds_the_whole_order(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(amount="9.99"))

    response = refund(client)

    assert (response.status_code, response.json()) == (200, {})
    assert refunded_amounts(client) == ["9.99"]


def test_an_amount_of_null_is_a_missing_amount(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(amount="9.99"))

    response = refund(client, amount=None)

    assert response.status_code == 200
    assert refunded_amounts(client) == ["9.99"]


def test_a_partial_refund_refunds_its_amount(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(amount="9.99"))

    response = refund(client, amount="4.99")

    assert (response.status_code, response.json()) == (200, {})
    assert refunded_amounts(client) == ["4.99"]


def test_partial_refunds_are_accepted_until_nothing_is_refundable(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(amount="9.99"))

    statuses = [refund(client, amount=amount).status_code for amount in ("4.00", "5.98", "0.01", "0.01")]

    assert statuses == [200, 200, 200, 400]
    assert refunded_amounts(client) == ["4.00", "5.98", "0.01"]


def test_a_full_refund_after_a_partial_one_refunds_the_rest(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(amount="9.99"))
    refund(client, amount="4.00")

    response = refund(client)

    assert response.status_code == 200
    assert refunded_amounts(client) == ["4.00", "5.99"]


def test_refunds_of_the_loaded_state_count(sandbox: SandboxApp, client: TestClient) -> None:
    earlier = {"psp_transaction_type": "REFUND", "psp_status": "SETTLED", "amount": "7.00"}
    load_state(sandbox, order(amount="9.99", transactions=[earlier]))

    too_much = refund(client, amount="3.00")
    rest = refund(client)

    assert (too_much.status_code, rest.status_code) == (400, 200)
    assert refunded_amounts(client) == ["7.00", "2.99"]


def test_a_soft_refund_moves_the_money_all_the_same(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(amount="9.99"))

    refund(client, amount="4.00", soft_refund=True)
    refund(client, soft_refund=True)

    assert [(row["amount"], row["psp_status"], row["soft_refund"]) for row in refund_rows(client)] == [
        ("4.00", "SETTLED", True),
        ("5.99", "SETTLED", True),
    ]


@pytest.mark.every_store(15)
@pytest.mark.parametrize(
    ("amount", "booked"),
    [
        (4.99, "4.99"),
        ("4.99", "4.99"),
        (4, "4.00"),
        ("4", "4.00"),
        (4.9, "4.90"),
        ("4.90000", "4.90"),
        (0.29, "0.29"),
        (1.1, "1.10"),
        (" 4.99 ", "4.99"),
        ("+4.99", "4.99"),
        (".5", "0.50"),
        ("5.", "5.00"),
        ("1e1", "10.00"),
        (1e1, "10.00"),
        (19.99, "19.99"),
    ],
)
def test_a_number_and_a_text_are_the_same_amount(amount: Any, booked: str, sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(amount="19.99"))

    response = refund(client, amount=amount)

    assert response.status_code == 200
    assert refunded_amounts(client) == [booked]


@pytest.mark.parametrize(
    ("currency", "paid", "amount", "booked", "left"),
    [
        ("JPY", "500", 200, "200", "300"),
        ("JPY", "500", "200.0", "200", "300"),
        ("KWD", "9.999", 4.125, "4.125", "5.874"),
        ("KWD", "9.999", "0.001", "0.001", "9.998"),
        ("USD", "9.99", "0.01", "0.01", "9.98"),
    ],
)
def test_an_amount_has_the_decimals_of_its_currency(
    currency: str, paid: str, amount: Any, booked: str, left: str, sandbox: SandboxApp, client: TestClient
) -> None:
    load_state(sandbox, order(amount=paid, currency_code=currency))

    refund(client, amount=amount)
    refund(client)

    assert refunded_amounts(client) == [booked, left]


def test_a_price_point_may_override_the_decimals_of_its_currency(sandbox: SandboxApp, client: TestClient) -> None:
    point = {"ident": "gems", "currency": {"code": "GEM", "minor_units": 0}}
    load_state(sandbox, order(amount="500", currency_code="GEM", pp_ident="gems"), price_points=[point])

    too_fine = refund(client, amount="1.5")
    refund(client, amount="1")

    assert too_fine.status_code == 400
    assert refunded_amounts(client) == ["1"]


def test_a_price_point_in_another_currency_does_not_affect_the_order(sandbox: SandboxApp, client: TestClient) -> None:
    point = {"ident": "gems", "currency": {"code": "GEM", "minor_units": 0}}
    load_state(sandbox, order(amount="9.99", currency_code="USD", pp_ident="gems"), price_points=[point])

    refund(client, amount="1.5")

    assert refunded_amounts(client) == ["1.50"]


def test_the_refund_goes_to_the_provider_that_settled_the_sale(sandbox: SandboxApp, client: TestClient) -> None:
    sale = {"psp_transaction_type": "SALE", "amount": "9.99"}
    declined = {**sale, "psp_status": "DECLINED", "psp": "STRIPE", "psp_merchant_id": "acct_1", "pm_type": "PAYMENT_CARD"}
    settled = {**sale, "psp_status": "SETTLED", "psp": "PAYPAL", "psp_merchant_id": "acct_2", "pm_type": "PAYPAL"}
    late = {**declined, "psp": "ADYEN"}
    load_state(sandbox, order(transactions=[declined, {**settled, "is_fallback": True}, late]))

    refund(client)

    (row,) = refund_rows(client)
    assert (row["psp"], row["psp_merchant_id"], row["pm_type"], row["is_fallback"]) == ("PAYPAL", "acct_2", "PAYPAL", False)


def test_a_refund_row_has_the_fields_of_the_request_and_its_time(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(), clock="2026-01-02T03:04:05Z")

    refund(client, reason="duplicate_payment", comment="ticket 123 – ж")

    (row,) = refund_rows(client)
    assert (row["reason"], row["comment"], row["soft_refund"]) == ("duplicate_payment", "ticket 123 – ж", False)
    assert row["trx_created_at"] == row["psp_date"] == "2026-01-02T03:04:05.000000"
    assert row["psp_transaction_id"].startswith("re_")


def test_a_refunded_order_stays_settled(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order())

    refund(client)

    after = client.get(f"/_sandbox/funnelfox/orders/{ORDER}").json()
    assert after["status"] == "settled"
    assert [(row["psp_transaction_type"], row["psp_status"]) for row in after["transactions"]] == [
        ("SALE", "SETTLED"),
        ("REFUND", "SETTLED"),
    ]


def test_a_refund_of_one_order_does_not_change_the_others(sandbox: SandboxApp, client: TestClient) -> None:
    other = "11111111-2222-4333-8444-555555555555"
    load_state(sandbox, order(), order(order_id=other))

    refund(client)

    assert refunded_amounts(client, ORDER) == ["9.99"]
    assert refunded_amounts(client, other) == []


def test_unknown_fields_are_ignored(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order())

    response = refund(client, amount="1.00", currency="EUR", force=True)

    assert response.status_code == 200
    assert "x-sandbox-warning" not in response.headers


_AMOUNTS = st.one_of(
    st.none(), st.decimals(min_value=-2, max_value=12, places=2).map(str), st.floats(0, 12).map(lambda x: round(x, 2))
)


@settings(derandomize=True, deadline=None, max_examples=budget.examples(60))
@given(series=st.lists(st.tuples(_AMOUNTS, st.booleans()), max_size=8))
def test_any_series_of_refunds_adds_up_and_never_exceeds_the_order(
    series: list[tuple[Any, bool]], shared_sandbox: SandboxApp
) -> None:
    client = TestClient(shared_sandbox.app)
    load_state(shared_sandbox, order(amount="9.99"))
    left, expected = Decimal("9.99"), []

    for amount, soft in series:
        accepted = refund(client, amount=amount, soft_refund=soft).status_code == 200
        requested = left if amount is None else Decimal(str(amount))
        assert accepted == (0 < requested <= left)
        expected += [requested] if accepted else []
        left -= requested if accepted else 0

    assert [Decimal(amount) for amount in refunded_amounts(client)] == expected
    assert sum(expected) + left == Decimal("9.99")
