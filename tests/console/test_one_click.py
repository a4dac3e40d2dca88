"""One click is one request: Chromium repeats a POST by itself if a connection that it has used before is reset."""

import httpx2
import pytest
from playwright.sync_api import expect

from tests.console.conftest import Visitor
from tests.support.browser import FUNNELFOX, control
from tests.support.raw_http import CREDENTIALS

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


_ABANDON = """async (milliseconds) => {
  const abandoned = new AbortController(), { signal } = abandoned;
  const options = { signal, cache: 'no-store', credentials: 'omit' };
  for (let one = 0; one < 5; one += 1) fetch(`/icon.svg?${Math.random()}`, options).catch(() => {});
  await new Promise((done) => setTimeout(done, milliseconds));
  abandoned.abort();
  await new Promise((done) => setTimeout(done, milliseconds * 3));
}"""
"""Requests that end before they are sent. Their connections stay open, and the browser uses them for the next requests."""


@pytest.mark.parametrize("milliseconds", [0, 1, 2, 3])
def test_a_connection_that_was_opened_ahead_does_not_repeat_a_refund(milliseconds: int, visit: Visitor, url: str) -> None:
    page = visit("#/orders/fluentcart/1001")
    expect(page.locator("#connection")).to_have_text("Connected")
    page.get_by_label("X-Sandbox-Scenario").select_option("reply_lost")

    page.evaluate(_ABANDON, milliseconds)
    page.locator(".refund-form button[type=submit]").click()

    expect(page.get_by_text("The connection was lost before the complete reply arrived.")).to_be_visible()
    assert len(control(url, "GET", "/requests?operation=refundOrder")["requests"]) == 1


def test_the_same_click_is_answered_once(url: str) -> None:
    def click(name: str, **headers: str) -> httpx2.Response:
        body = {"refund_info": {"transaction_id": 129237, "amount": 1000}}
        sent = {**CREDENTIALS, "Sec-Fetch-Site": "same-origin", "X-Sandbox-Click": name, **headers}
        return httpx2.post(f"{url}/wp-json/fluent-cart/v2/orders/1001/refund", json=body, headers=sent)

    assert click("first").status_code == 200
    with pytest.raises(httpx2.TransportError):
        click("first")
    assert click("second").status_code == 200
    assert len(control(url, "GET", "/requests?operation=refundOrder")["requests"]) == 2
