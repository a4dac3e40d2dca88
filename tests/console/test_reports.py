"""Reports beside the ledger, and links from an order to what it names."""

import httpx2
import pytest
from playwright.sync_api import expect

from tests.console.conftest import Visitor
from tests.support.browser import control, refund
from tests.support.fluentcart_calls import AUTH, BASE

pytestmark = pytest.mark.memory_only


def call(url: str, path: str, document: object) -> None:
    reply = httpx2.post(f"{url}{BASE}{path}", json=document, auth=AUTH)
    assert reply.status_code == 200, reply.text


@pytest.mark.slow
def test_a_report_says_why_it_differs_from_the_ledger(visit: Visitor, url: str) -> None:
    control(url, "PUT", "/clock", {"now": "2026-11-29T12:00:00Z"})
    page = visit("#/reports")
    revenue = page.get_by_role("region", name="Net revenue")
    expect(revenue).to_contain_text("The report and the ledger agree.")

    call(url, "/orders/do-bulk-action", {"action": "change_payment_status", "order_ids": [1002], "new_status": "refunded"})

    expect(revenue).to_contain_text("The report differs by −98.00.")
    expect(revenue.get_by_role("link", name="1002")).to_have_attribute("href", "#/orders/fluentcart/1002")
    expect(page.get_by_role("region", name="Refunded amount")).to_contain_text("without a refund")


@pytest.mark.slow
def test_a_partial_refund_changes_the_paid_orders_at_once(visit: Visitor, url: str) -> None:
    control(url, "PUT", "/clock", {"now": "2026-11-29T12:00:00Z"})
    page = visit("#/reports")
    paid = page.get_by_role("region", name="Paid orders")
    expect(paid.locator("[data-figure=report]")).to_have_text("11")

    refund(url)

    expect(paid.locator("[data-figure=report]")).to_have_text("10")
    expect(paid.get_by_role("link", name="1001")).to_be_visible()


@pytest.mark.slow
def test_an_order_links_to_its_customer_product_and_label(visit: Visitor, url: str) -> None:
    call(url, "/labels", {"value": "big spender", "bind_to_type": "Order", "bind_to_id": 1001})
    page = visit("#/orders/fluentcart/1001")
    expect(page.get_by_role("link", name="Handbook")).to_be_visible()
    expect(page.get_by_role("link", name="big spender")).to_be_visible()

    page.get_by_role("link", name="Jane Doe").click()

    expect(page.get_by_label("customer_id")).to_have_value("11")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("region", name="Reply")).to_contain_text("jane.doe@example.test")
