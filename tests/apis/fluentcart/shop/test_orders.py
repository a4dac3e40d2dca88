"""Operations on orders that always crash, and checks of an edit."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.fluentcart_calls import call, load, paid


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
