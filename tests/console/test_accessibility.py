"""The console works with a keyboard alone, with a screen reader and on any screen size, without layout shifts."""

from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Visitor
from tests.support.browser import control, refund, settle

pytestmark = pytest.mark.memory_only
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
VIEWS = (
    *(
        "#/home",
        "#/orders/fluentcart",
        "#/orders/funnelfox",
        "#/orders/fluentcart/1001",
        "#/reports",
        "#/requests",
        "#/faults",
        "#/webhooks",
        "#/environment",
    ),
    *("#/demos", "#/demos/over-refund", "docs", "docs#/fluentcart/refundOrder", "docs#/sandbox/addFault"),
)


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the element with the given text has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == name:
            return
    raise AssertionError(f"{name} is not reachable by Tab")


@pytest.mark.slow
def test_an_order_is_refunded_with_the_keyboard_alone(visit: Visitor) -> None:
    page = visit("#/orders")
    tab_to(page, "1002")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-view=order]")

    tab_to(page, "Refund 49.00 USD")
    page.keyboard.press("Enter")

    expect(page.locator("[data-figure=refunded]")).to_have_text("49.00 USD")


@pytest.mark.slow
def test_requests_are_selected_with_the_arrow_keys(visit: Visitor, url: str) -> None:
    for amount in (100, 200):
        refund(url, amount=amount)
    page = visit("#/requests")
    page.get_by_role("listbox").focus()
    expect(page.get_by_role("region", name="Request")).to_contain_text('"amount": 200')

    page.keyboard.press("ArrowDown")

    expect(page.get_by_role("region", name="Request")).to_contain_text('"amount": 100')
    expect(page.locator(".option[aria-selected=true]")).to_have_count(1)


@pytest.mark.slow
def test_a_demo_runs_with_the_keyboard_alone(visit: Visitor) -> None:
    page = visit("#/demos/over-refund")
    tab_to(page, "Next")

    for place in range(3):
        page.keyboard.press("Enter")
        expect(page.locator("li.step[data-differences='0']")).to_have_count(place + 1)


@pytest.mark.sampled(16)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", VIEWS)
def test_axe_finds_nothing_serious(place: str, scheme: str, visit: Visitor, url: str) -> None:
    control(url, "PUT", "/webhooks/targets", {"funnelfox": [{"url": "http://127.0.0.1:9/hook", "signing_secret": "s"}]})
    refund(url)
    refund(url, order=1009, charge=5010)
    page = visit(place, color_scheme=scheme, reduced_motion="reduce")
    for first in page.locator(".option").all()[:1]:
        first.click()
    settle(page)

    page.evaluate(AXE)
    found = page.evaluate("axe.run({ resultTypes: ['violations'] }).then((found) => found.violations)")

    serious = [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]
    assert serious == []


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 390, 768, 1024, 1280, 3840])
def test_nothing_is_wider_than_the_screen(width: int, visit: Visitor, url: str) -> None:
    refund(url)
    control(url, "PUT", "/webhooks/targets", {"fluentcart": [{"request_url": f"http://127.0.0.1:9/{'long/' * 20}"}]})
    page = visit(viewport={"width": width, "height": 900})
    for place in VIEWS:
        page.goto(f"{url}/{place}")
        settle(page)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, place
        assert page.evaluate("(list => list.scrollWidth - list.clientWidth)(document.querySelector('.top nav ul'))") <= 0, place


@pytest.mark.slow
@pytest.mark.parametrize("place", VIEWS[:9])
def test_the_layout_does_not_shift_while_other_clients_work(place: str, visit: Visitor, url: str) -> None:
    refund(url, amount=100)
    page = visit(place)
    expect(page.locator("#connection")).to_have_text("Connected")
    page.evaluate(
        "window.moved = 0;"
        "const add = (list) => list.getEntries().forEach((entry) => { window.moved += entry.value; });"
        "new PerformanceObserver(add).observe({ type: 'layout-shift' })"
    )

    for _ in range(3):
        refund(url, amount=100)
    control(url, "POST", "/faults", {"scenario": "flaky"})
    control(f"{url}/w/another", "GET", "/settings")
    control(url, "PUT", "/settings", {"validation": "live"})
    refund(url, amount=100)
    page.wait_for_timeout(300)  # the time of observation
    control(url, "DELETE", "/workspaces/another")

    assert page.evaluate("window.moved") < 0.005
