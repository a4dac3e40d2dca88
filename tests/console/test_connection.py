"""Events of other clients and a lost connection appear in the console immediately."""

import time

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Visitor
from tests.support.browser import control, refund, serve

pytestmark = pytest.mark.memory_only
_MAX_DELAY_S = 2
"""From the booking to the changed number in the page."""
_RECORD_CHANGE = """(selector) => {
  window.changedAt = new Promise((resolve) => {
    const observer = new MutationObserver(() => resolve(Date.now()));
    observer.observe(document.querySelector(selector), { childList: true, characterData: true, subtree: true });
  });
}"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "selector"),
    [
        ("#/orders/fluentcart", "[data-order='1001'] td:nth-child(5) span"),
        ("#/orders/fluentcart/1001", "[data-figure=refunded]"),
        ("#/requests", "p[role=status]"),
    ],
)
def test_a_number_changes_soon_after_the_refund_of_another_client(place: str, selector: str, visit: Visitor, url: str) -> None:
    refund(url, amount=100)
    page = visit(place)
    expect(page.locator("#connection")).to_have_text("Connected")
    delays = []
    for _ in range(5):
        page.evaluate(_RECORD_CHANGE, selector)
        refund(url, amount=100)
        booked = time.time()
        delays.append(page.evaluate("window.changedAt") / 1000 - booked)

    assert sorted(delays)[2] < _MAX_DELAY_S, delays


_SET_VISIBLE = """(visible) => {
  Object.defineProperty(document, 'hidden', { value: !visible, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}"""


@pytest.mark.slow
def test_a_hidden_page_disconnects_and_catches_up_when_visible(visit: Visitor, url: str) -> None:
    page = visit("#/orders/fluentcart/1001")
    expect(page.locator("#connection")).to_have_text("Connected")

    page.evaluate(_SET_VISIBLE, False)
    expect(page.locator("#connection")).to_have_text("Connecting…")
    refund(url, amount=100)
    page.wait_for_timeout(300)  # the time of observation
    expect(page.locator("[data-figure=refunded]")).to_have_text("0.00 USD")
    page.evaluate(_SET_VISIBLE, True)

    expect(page.locator("[data-figure=refunded]")).to_have_text("1.00 USD")
    expect(page.locator("#connection")).to_have_text("Connected")


def test_a_reset_is_shown_immediately(visit: Visitor, url: str) -> None:
    page = visit("#/orders/fluentcart")
    expect(page.locator("#connection")).to_have_text("Connected")

    control(url, "POST", "/reset", {"fixture": "empty"})

    expect(page.get_by_text("No FluentCart orders.")).to_be_visible()


@pytest.mark.slow
def test_a_lost_connection_is_shown_and_restored(visit: Visitor) -> None:
    """The server of this test stops and starts again on the same port."""
    first = serve()
    page = visit("#/orders/fluentcart", base=first.url)
    expect(page.locator("#connection")).to_have_text("Connected")

    first.stop()
    expect(page.locator("#connection")).to_have_text("Reconnecting…")
    expect(page.locator("tbody tr")).to_have_count(18)
    page.get_by_role("link", name="Faults").click()
    expect(page.get_by_role("alert")).to_contain_text("No connection to the sandbox.")
    second = serve(first.port)

    expect(page.locator("#connection")).to_have_text("Connected")
    expect(page.get_by_role("heading", name="Enabled faults")).to_be_visible()
    page.get_by_role("link", name="Orders", exact=True).click()
    refund(second.url)
    expect(page.locator("[data-order='1001']")).to_contain_text("25.00")
    second.stop()
