"""The commands `orders` and `refund`: money, pages, filters and new orders."""

import json
import re
from typing import Any

import pytest

from refund_sandbox.testing import Sandbox
from tests.support.command_line import json_of, output_of, run

ORDER_ID = "3c90c3cc-0d44-4b50-8888-8dd25736052a"


def cells(line: str) -> list[str]:
    return re.split("  +", line.strip())


def test_orders_are_a_table_of_all_apis(sandbox: Sandbox) -> None:
    lines = output_of(sandbox, "orders").splitlines()

    rows = [re.split("  +", line) for line in lines]
    assert rows[0] == ["api", "order", "customer", "paid", "refunded", "refundable", "state"]
    assert ["funnelfox", ORDER_ID, "user_456", "9.99 USD", "0.00 USD", "9.99 USD", "paid"] in rows
    assert ["fluentcart", "1004", "Jane Doe", "100.00 USD", "25.00 USD", "75.00 USD", "partially_refunded"] in rows
    assert len(rows) == 1 + len(sandbox.state()["funnelfox"]["orders"]) + len(sandbox.state()["fluentcart"]["orders"])


def test_an_order_that_nobody_paid_is_not_shown_as_paid(sandbox: Sandbox) -> None:
    declined = sandbox.funnelfox.order(amount="9.99", status="declined")

    row = cells(output_of(sandbox, "orders", declined.id).splitlines()[1])

    assert row[-4:] == ["0.00 USD", "0.00 USD", "0.00 USD", "declined"]


def test_an_amount_has_the_decimals_of_its_currency(sandbox: Sandbox) -> None:
    yen = sandbox.funnelfox.order(amount="5000", currency_code="JPY")

    row = cells(output_of(sandbox, "orders", yen.id).splitlines()[1])

    assert row[-4:-1] == ["5000 JPY", "0 JPY", "5000 JPY"]


def test_more_orders_than_a_page_are_listed(sandbox: Sandbox) -> None:
    sandbox.load({"fluentcart": {"orders": [{"id": number, "total_paid": 100} for number in range(1, 202)]}})

    assert len(json_of(sandbox, "orders", "--api", "fluentcart")["fluentcart"]) == 201


def test_orders_of_one_api_and_one_order(sandbox: Sandbox) -> None:
    assert list(json_of(sandbox, "orders", "--api", "fluentcart")) == ["fluentcart"]
    assert json_of(sandbox, "orders", ORDER_ID)["external_id"] == "user_456"
    assert "129237  Charge  100.00 USD  succeeded" in output_of(sandbox, "orders", "1001")
    assert "Charge  9.99 USD  settled" in output_of(sandbox, "orders", ORDER_ID)


def test_a_page_of_orders_names_the_next_one_on_stderr(sandbox: Sandbox) -> None:
    done = run(sandbox, "orders", "--api", "fluentcart", "--limit", "4", "--page", "2")

    assert [cells(line)[1] for line in done.stdout.splitlines()[1:]] == ["1014", "1013", "1012", "1011"]
    assert done.stderr == "fluentcart: page 2 of 5 (18 orders). Next: --page 3\n"
    assert len(json_of(sandbox, "orders", "--page", "5", "--limit", "4")["fluentcart"]) == 2


def test_orders_are_searched_and_filtered_by_state(sandbox: Sandbox) -> None:
    assert {cells(line)[2] for line in output_of(sandbox, "orders", "--search", "mori").splitlines()[1:]} == {"Yuki Mori"}
    refunded = json_of(sandbox, "orders", "--state", "refunded")
    assert [one["id"] for one in refunded["fluentcart"]] == ["1009"]
    assert output_of(sandbox, "orders", "--search", "nobody") == "No matching orders.\n"


def test_a_new_order_has_the_given_fields(sandbox: Sandbox) -> None:
    shown = output_of(sandbox, "orders", "create", "--api", "fluentcart", "total_paid=2500", "currency=EUR")
    created = json_of(sandbox, "orders", "create", "--api", "funnelfox", "amount=12.50")

    assert "25.00 EUR" in shown.splitlines()[1]
    assert created["amount"] == "12.50"
    assert sandbox.funnelfox.find(created["order_id"]).read()["amount"] == "12.50"


@pytest.mark.parametrize(
    ("order", "options", "refunded"),
    [
        ("1001", ["--amount", "2500"], 2500),
        ("1006", ["--cancel", "--reason", "duplicate"], 2900),
        (ORDER_ID, ["--amount", "4.99", "--soft"], "4.99"),
        (ORDER_ID, [], "9.99"),
    ],
)
def test_a_refund_goes_through_the_api(sandbox: Sandbox, order: str, options: list[str], refunded: Any) -> None:
    found = sandbox.fluentcart.find(int(order)) if order.isdigit() else sandbox.funnelfox.find(order)

    output_of(sandbox, "refund", order, *options)

    sandbox.assert_refunded(found, refunded)


@pytest.mark.parametrize(("amount", "refunded"), [(None, 10000), ("25.5", 2550)])
def test_a_refund_uses_the_units_of_the_version(sandbox: Sandbox, amount: str | None, refunded: int) -> None:
    sandbox.settings(fluentcart={"version": "1.3.25"})
    order = sandbox.fluentcart.find(1001)

    output_of(sandbox, "refund", "1001", *(["--amount", amount] if amount else []))

    sandbox.assert_refunded(order, refunded)


def test_a_rejected_refund_ends_with_exit_code_1(sandbox: Sandbox) -> None:
    done = run(sandbox, "refund", "1009", "--amount", "1", "--json")

    assert done.exit_code == 1
    assert json.loads(done.output)["status"] == 422


def test_a_refund_with_a_lost_reply_says_that_it_may_be_booked(sandbox: Sandbox) -> None:
    output_of(sandbox, "fault", "enable", "reply_lost", "--order", "1001")

    done = run(sandbox, "refund", "1001", "--amount", "100")

    assert done.exit_code == 2
    assert done.stderr.startswith("refund-sandbox: No reply; the request may have been booked: ")
    sandbox.assert_refunded(sandbox.fluentcart.find(1001), 100, times=0)  # found after it was booked
    assert [refund.amount for refund in sandbox.fluentcart.find(1001).refunds()] == [100]


def test_an_invalid_amount_is_refused_by_the_api(sandbox: Sandbox) -> None:
    done = run(sandbox, "refund", "1001", "--amount", "much", "--json")

    assert (done.exit_code, json.loads(done.output)["status"]) == (1, 422)
    sandbox.assert_no_refunds()


@pytest.mark.parametrize(
    ("amount", "hint"),
    [
        ("25.00", "use 2500 for 25.00 USD"),
        ("25,00", "use 2500 for 25.00 USD"),
        ("2.5e1", "use 2500 for 25.00 USD"),
        ("-0.5", "use -50 for -0.50 USD"),
        ("25.001", "use a whole number"),
    ],
)
def test_an_amount_in_major_units_is_refused_where_the_api_counts_minor_units(sandbox: Sandbox, amount: str, hint: str) -> None:
    done = run(sandbox, "refund", "1001", f"--amount={amount}")

    assert done.exit_code == 2
    assert done.stderr == f"refund-sandbox: Invalid value for --amount: {amount!r}. The API counts minor units: {hint}.\n"
    assert sandbox.requests() == []
