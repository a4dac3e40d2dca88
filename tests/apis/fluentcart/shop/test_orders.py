"""Operations on orders that always crash, and checks of an edit."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.fluentcart_calls import call, load, order, paid


@pytest.mark.parametrize("path", ["/orders/calculate-shipping", "/orders/1001/generate-missing-licenses"])
def test_an_operation_that_needs_an_add_on_crashes(path: str, client: TestClient) -> None:
    reply = call(client, "POST", path, {})

    assert (reply.status_code, reply.json()["code"]) == (500, "plugin_exception")


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        ({"order_items": [{"id": 100, "quantity": ""}]}, {"order_items.0.quantity": ["numeric", "min"]}),
        ({"order_items": [{"id": 100, "line_meta": "x"}]}, {"order_items.0.line_meta": ["array"]}),
        ({"order_items": [{"id": 100, "cart_index": "x"}]}, {"order_items.0.cart_index": ["numeric"]}),
        ({"payment_method_title": "x" * 51}, {"payment_method_title": ["maxLength"]}),
        ({"note": "a <b>bold</b> note"}, {"note": ["sanitizeTextArea"]}),
        ({"note": "two\n\nlines"}, None),
        ({"discount": {"value": "x"}}, {"discount.value": ["numeric"]}),
        ({"applied_coupon": [{"coupon_id": 0, "code": "TEN"}]}, {"applied_coupon.0.coupon_id": ["min"]}),
        ({"trigger": 5}, {"trigger": ["string"]}),
    ],
)
def test_an_edit_of_an_order_names_its_errors(
    change: dict[str, Any], errors: dict[str, list[str]] | None, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, paid(status="processing"), settings={"validation": "live"})
    document = {"customer_id": 7, "order_items": [{"id": 100}], "total_amount": 10000, "status": "processing"}

    reply = call(client, "POST", "/orders/1", {**document, **change})

    found = None if reply.status_code == 200 else {name: list(texts) for name, texts in reply.json().items()}
    assert found == errors


@pytest.mark.parametrize("validation", ["strict", "live"])
def test_fields_that_the_plugin_reads_get_no_warning(validation: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(status="processing"), settings={"validation": validation})
    item = {"id": 100, "order_id": 1, "variation_id": 5, "price": 100, "tax_amount": 0, "other_info": [], "line_meta": {}}
    document = {"customer_id": 7, "order_items": [item], "currency": "USD", "tax_total": 0, "rate": "1.0000", "shipping": []}

    reply = call(client, "POST", "/orders/1", document)
    misspelt = call(client, "POST", "/orders/1", {**document, "tax_totl": 0})

    assert (reply.status_code, reply.headers.get("X-Sandbox-Warning")) == (200, None)
    assert "'tax_totl'. Did you mean 'tax_total'?" in misspelt.headers["X-Sandbox-Warning"]


_BULK = {"action": "change_payment_status", "order_ids": [1], "new_status": "pending"}


def test_a_bulk_change_of_a_payment_status_counts_every_order_of_the_customer(sandbox: SandboxApp, client: TestClient) -> None:
    """Recorded in 33-097, 33-109 and 33-215 of 1.5.2: lifetime value and average stay."""
    customer = {"id": 7, "ltv": 500, "aov": "500.00"}
    unpaid = paid(3, created_at="2026-11-03 10:00:00", payment_status="failed")
    orders = [paid(1, created_at="2026-11-01 10:00:00"), paid(2, created_at="2026-11-02 10:00:00"), unpaid]
    load(sandbox, *orders, customers=[customer], settings={"fluentcart": {"version": "1.5.2"}})

    assert call(client, "POST", "/orders/do-bulk-action", _BULK).status_code == 200

    counted = call(client, "GET", "/customers/7").json()["customer"]
    assert (counted["purchase_count"], counted["ltv"], counted["aov"]) == ("3", "500", "500.00")
    assert (counted["first_purchase_date"], counted["last_purchase_date"]) == ("2026-11-01 10:00:00", "2026-11-03 10:00:00")
    assert counted["purchase_value"] == {"USD": 20000}


def test_a_refunded_charge_has_no_payment_status_to_change(sandbox: SandboxApp, client: TestClient) -> None:
    """Read in 1.5.2: the newest transaction counts that is neither a refund nor refunded."""
    load(sandbox, paid(), settings={"fluentcart": {"version": "1.5.2"}})
    assert call(client, "POST", "/orders/do-bulk-action", {**_BULK, "new_status": "refunded"}).status_code == 200

    assert call(client, "POST", "/orders/do-bulk-action", _BULK).status_code == 423


def test_the_shop_adds_up_the_total_of_an_edited_order(sandbox: SandboxApp, client: TestClient) -> None:
    """Measured in 1.5.2: the sent total and taxes do not count."""
    load(sandbox, paid(status="processing", fee_total=200), settings={"fluentcart": {"version": "1.5.2"}})
    sent = {"subtotal": 10000, "total_amount": 99, "shipping_total": 500, "manual_discount_total": 1000, "tax_total": 7}
    document = {"customer_id": 7, "order_items": [{"id": 100}], "payment_status": "paid", "status": "processing", **sent}

    reply = call(client, "POST", "/orders/1", document)

    changed = order(client, 1)
    assert reply.status_code == 200
    assert (changed["total_amount"], changed["tax_total"], changed["payment_status"]) == (9700, 0, "paid")


def test_before_1_4_a_change_of_the_shipping_total_is_added_to_the_sent_total(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(status="processing"), settings={"fluentcart": {"version": "1.3.25"}})
    document = {"customer_id": 7, "order_items": [{"id": 100}], "status": "processing", "total_amount": 99, "shipping_total": 500}

    call(client, "POST", "/orders/1", document)

    assert order(client, 1)["total_amount"] == 599


def test_an_edit_leaves_one_tax_row_without_tax(sandbox: SandboxApp, client: TestClient) -> None:
    """Measured in 1.5.2: rows of tax rates go, and so do the taxes of the items."""
    rates = [{"id": number, "order_id": 1, "tax_rate_id": rate, "order_tax": 9} for number, rate in ((5, 0), (6, 3))]
    items = [{"id": 100, "line_total": 10000, "tax_amount": 9}]
    load(sandbox, paid(status="processing", items=items), order_tax_rates=rates, settings={"fluentcart": {"version": "1.5.2"}})
    document = {"customer_id": 7, "order_items": [{"id": 100}], "status": "processing", "total_amount": 10000}

    call(client, "POST", "/orders/1", document)

    rows = sandbox.workspace.dump()["fluentcart"]["order_tax_rates"]
    assert [(row["id"], row["tax_rate_id"], row["order_tax"]) for row in rows] == [(5, 0, 0)]
    assert order(client, 1)["items"][0]["tax_amount"] == 0


def test_a_line_with_an_unknown_id_changes_nothing(sandbox: SandboxApp, client: TestClient) -> None:
    """Measured in 1.5.2."""
    load(sandbox, paid(status="processing"), settings={"fluentcart": {"version": "1.5.2"}})
    document = {"customer_id": 7, "order_items": [{"id": 999, "quantity": 5}], "status": "processing", "total_amount": 10000}

    assert call(client, "POST", "/orders/1", document).status_code == 200

    assert [item["quantity"] for item in order(client, 1)["items"]] == [1]


def test_a_custom_item_has_numbers(sandbox: SandboxApp, client: TestClient) -> None:
    """Measured in 1.5.2."""
    load(sandbox, paid(), settings={"validation": "live", "fluentcart": {"version": "1.5.2"}})
    product = {"item_name": "Ribbon", "item_price": "10.5", "quantity": "2", "fulfillment_type": "physical"}

    item = call(client, "POST", "/orders/1/create-custom", {"product": product}).json()

    assert (item["item_price"], item["quantity"], item["item_total"]) == (10.5, 2, 21)


def test_an_address_for_an_unknown_order_names_the_environment(client: TestClient) -> None:
    reply = call(client, "POST", "/orders/99999/update-address-id", {"address_id": 1, "address_type": "billing"})

    assert (reply.status_code, reply.json()) == (404, {"message": "Order not found", "data": {"wpfluent": {"env": "production"}}})


@pytest.mark.parametrize(("version", "warned"), [("1.5.2", False), ("1.6.2", True), ("1.6.5", True)])
def test_a_bulk_change_of_statuses_is_warned_of_since_1_6_1(
    version: str, warned: bool, sandbox: SandboxApp, client: TestClient
) -> None:
    """Read in the source of 1.6.1: the bulk action deletes orders and nothing else."""
    load(sandbox, paid(), settings={"fluentcart": {"version": version}})

    reply = call(client, "POST", "/orders/do-bulk-action", _BULK)

    assert ("only deletes orders" in reply.headers.get("X-Sandbox-Warning", "")) is warned
