"""The API reference shows every operation of both specs with its fidelity, and a form that sends it."""

import pytest
from playwright.sync_api import expect

from refund_sandbox.core.spec import loader
from tests.console.conftest import Visitor
from tests.support.browser import FUNNELFOX

pytestmark = pytest.mark.memory_only


@pytest.mark.slow
@pytest.mark.parametrize("api", ["funnelfox", "fluentcart"])
def test_every_operation_has_a_page_with_its_fidelity(api: str, visit: Visitor, url: str) -> None:
    page = visit(f"docs#/{api}")
    expect(page.locator(".contents a")).to_have_count(len(loader.load(api).operations))

    for operation in loader.load(api).operations:
        page.goto(f"{url}/docs#/{api}/{operation.operation_id}")
        expect(page.locator("code.path")).to_have_text(f"{operation.method} {operation.path}")
        expect(page.locator(".view header .badge")).to_have_text(str(operation.extensions["x-certainty"]))


@pytest.mark.sampled(12)
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
def test_a_prefilled_operation_succeeds(place: str, reply: str, visit: Visitor) -> None:
    page = visit(f"docs#/{place}")

    page.get_by_role("button", name="Send").click()

    expect(page.get_by_role("region", name="Reply")).to_contain_text(reply)
    expect(page.locator(".refund-form .badge.code")).to_have_text("200")


@pytest.mark.slow
def test_an_order_opens_its_refund_in_the_api_reference(visit: Visitor) -> None:
    page = visit("#/orders/fluentcart/1004")

    page.get_by_role("link", name="Open in API reference").click()

    expect(page.get_by_label("order_id")).to_have_value("1004")
    expect(page.get_by_label("Body")).to_have_value(
        '{\n  "refund_info": {\n    "transaction_id": 5004,\n    "amount": 7500\n  }\n}'
    )
