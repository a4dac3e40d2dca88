"""The reference shows every operation of both specs, how sure it is, and a form that works."""

import pytest
from playwright.sync_api import expect

from refund_sandbox.core.spec import loader
from tests.console.conftest import Visitor
from tests.support.browser import FUNNELFOX

pytestmark = pytest.mark.memory_only


@pytest.mark.parametrize("api", ["funnelfox", "fluentcart"])
def test_every_operation_has_a_page_with_its_certainty(api: str, visit: Visitor, url: str) -> None:
    page = visit(f"docs#/{api}")
    expect(page.locator(".contents a")).to_have_count(len(loader.load(api).operations))

    for operation in loader.load(api).operations:
        page.goto(f"{url}/docs#/{api}/{operation.operation_id}")
        expect(page.locator("code.path")).to_have_text(f"{operation.method} {operation.path}")
        expect(page.locator(".view header .badge")).to_have_text(str(operation.extensions["x-certainty"]))


@pytest.mark.parametrize(
    ("place", "reply"),
    [
        ("fluentcart/refundOrder", "Refund processed on Stripe"),
        ("fluentcart/listOrders", "current_page"),
        ("funnelfox/refundPayment", "{}"),
        ("funnelfox/listAssets", "premium_monthly_999"),
        (f"funnelfox/refundPayment/{FUNNELFOX}", "{}"),
    ],
)
def test_an_operation_can_be_tried_as_it_is_prefilled(place: str, reply: str, visit: Visitor) -> None:
    page = visit(f"docs#/{place}")

    page.get_by_role("button", name="Send").click()

    expect(page.get_by_role("region", name="Reply")).to_contain_text(reply)
    expect(page.locator(".refund-form .badge.code")).to_have_text("200")


def test_an_order_leads_to_its_refund_in_the_reference(visit: Visitor) -> None:
    page = visit("#/orders/fluentcart/1004")

    page.get_by_role("link", name="Try it in the reference").click()

    expect(page.get_by_label("order_id")).to_have_value("1004")
    expect(page.get_by_label("Body")).to_have_value(
        '{\n  "refund_info": {\n    "transaction_id": 5004,\n    "amount": 10000\n  }\n}'
    )
