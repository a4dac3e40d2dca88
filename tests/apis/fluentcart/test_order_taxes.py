"""Taxes and prices that the read of an order shows. Expected values: reads of a running 1.5.2."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.fluentcart_calls import call, load, paid

V152 = {"fluentcart": {"version": "1.5.2"}}


def read_order(client: TestClient) -> Any:
    return call(client, "GET", "/orders/1").json()["order"]


@pytest.mark.parametrize(
    ("tax", "shipping", "behavior", "rows", "summary"),
    [
        (0, 0, 0, [], {"shouldRender": False, "includedInPrices": 0}),
        (0, 0, 0, [(0, 0)], {"shouldRender": False, "includedInPrices": 0}),
        (0, 0, 0, [(1000, 0)], {"exclusiveTax": 1000, "payableTax": 1000, "totalOrderTax": 1000}),
        (1000, 100, 0, [(600, 60), (400, 40)], {"exclusiveTax": 1000, "shippingTax": 100, "payableTax": 1100}),
        (500, 0, 0, [], {"shouldRender": True, "exclusiveTax": 500, "payableTax": 500}),
        (500, 0, 0, [(700, 0)], {"shouldRender": True, "exclusiveTax": 0, "payableTax": 0}),
        (500, 100, 2, [(500, 100)], {"inclusiveTax": 500, "exclusiveTax": 0, "payableTax": 0, "includedInPrices": 600}),
    ],
)
def test_an_order_adds_up_its_taxes(
    tax: int, shipping: int, behavior: int, rows: list[Any], summary: Any, sandbox: SandboxApp, client: TestClient
) -> None:
    rates = [
        {"id": index + 1, "order_id": 1, "tax_rate_id": index, "order_tax": own, "shipping_tax": more, "total_tax": own + more}
        for index, (own, more) in enumerate(rows)
    ]
    taxed = paid(tax_total=tax, shipping_tax=shipping, tax_behavior=behavior)
    load(sandbox, taxed, order_tax_rates=rates, settings=V152)

    order = read_order(client)

    found = order["tax_summary"]
    assert {name: found[name] for name in summary} == summary
    assert [line["order_tax"] for line in order["display_tax_lines"]] == [own for own, _ in rows if own]
    assert [line["shipping_tax"] for line in order["display_shipping_tax_lines"]] == [more for _, more in rows if more]
    assert [row["id"] for row in order["order_tax_rates"]] == [row["id"] for row in rates]


@pytest.mark.parametrize(("version", "shown"), [("1.3.25", "&#36;100.00"), ("1.5.2", "&#36;90.00"), ("1.6.5", "&#36;90.00")])
def test_an_item_shows_its_total_in_the_currency_of_the_shop(
    version: str, shown: str, sandbox: SandboxApp, client: TestClient
) -> None:
    items = [{"id": 100, "subtotal": 10000, "discount_total": 1000, "line_total": 9000}]
    load(sandbox, paid(currency="EUR", items=items), settings={"fluentcart": {"version": version}})

    assert read_order(client)["order_items"][0]["formatted_total"] == shown


@pytest.mark.parametrize(
    ("currency", "shown"),
    [
        ("JPY", "&yen;29.00 per month until cancel"),
        ("CHF", "CHF29.00 per month until cancel"),
        ("KWD", "&#x62f;.&#x643;29.00 per month until cancel"),
    ],
)
def test_a_subscription_shows_its_price_with_the_sign_and_cents(
    currency: str, shown: str, sandbox: SandboxApp, client: TestClient
) -> None:
    subscription = {"id": 30, "recurring_total": 2900, "config": {"currency": currency}}
    load(sandbox, paid(currency=currency, subscriptions=[subscription]), settings=V152)

    assert read_order(client)["subscriptions"][0]["payment_info"] == shown
