"""One click is one request: Chromium repeats a POST by itself if a connection that it has used before is reset."""

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Visitor
from tests.support.browser import FUNNELFOX, control

pytestmark = pytest.mark.memory_only


@pytest.mark.parametrize(
    ("place", "operation"), [("#/orders/fluentcart/1001", "refundOrder"), (f"#/orders/funnelfox/{FUNNELFOX}", "refundPayment")]
)
@pytest.mark.parametrize("scenario", ["reply_lost", "connection_refused"])
def test_a_reset_connection_does_not_repeat_a_refund(place: str, operation: str, scenario: str, visit: Visitor, url: str) -> None:
    page = visit(place)
    expect(page.locator("#connection")).to_have_text("Connected")

    page.locator(".refund-form button[type=submit]").click()  # refused or not, it leaves a connection
    expect(page.locator(".refund-form .actions .badge")).to_be_visible()
    control(url, "POST", "/reset", {})
    page.get_by_label("X-Sandbox-Scenario").select_option(scenario)
    page.locator(".refund-form button[type=submit]").click()

    expect(page.get_by_text("The connection was lost before the complete reply arrived.")).to_be_visible()
    assert len(control(url, "GET", f"/requests?operation={operation}")["requests"]) == 1


@pytest.mark.parametrize("place", ["docs#/fluentcart/refundOrder", "docs#/funnelfox/refundPayment"])
def test_the_api_reference_sends_a_lost_refund_once(place: str, visit: Visitor, url: str) -> None:
    page = visit(place, ready="form")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("region", name="Reply")).to_be_visible()
    control(url, "POST", "/reset", {})
    control(url, "POST", "/faults", {"scenario": "reply_lost"})

    page.get_by_role("button", name="Send", exact=True).click()

    expect(page.get_by_text("The connection was lost before the complete reply arrived.")).to_be_visible()
    assert len(control(url, "GET", "/requests")["requests"]) == 1
