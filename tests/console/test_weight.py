"""The console is there at once and stays smooth: what it weighs, when it is first painted, ten thousand orders, many requests."""

import httpx2
import pytest
from playwright.sync_api import expect

from sandbox.app import Sandbox
from sandbox.engine.fixtures import with_invented
from tests.console.conftest import Visitor

pytestmark = pytest.mark.memory_only
_LIGHT = 200_000
"""Bytes that all files of the console may have together, as they are sent."""
_SOON = 500
"""Milliseconds until something is painted, on a machine that has nothing else to do."""


def test_all_views_together_are_light_and_the_first_paint_is_soon(visit: Visitor) -> None:
    page = visit()
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    for name in ("Requests", "Failures", "Webhooks", "World", "Stories"):
        page.get_by_role("link", name=name, exact=True).click()
        page.wait_for_selector(f"[data-view={name.lower()}]")
    sizes = page.evaluate(
        "Object.fromEntries([...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
        ".filter((one) => !one.name.includes('_sandbox')).map((one) => [one.name, one.transferSize]))"
    )

    assert sum(sizes.values()) < _LIGHT
    assert painted < 4 * _SOON  # a busy machine is no reason to fail; tests/bench measures


def test_ten_thousand_orders_are_paged(visit: Visitor, sandbox: Sandbox) -> None:
    kinds = {name: type(api) for name, api in sandbox.workspace.apis.items()}
    sandbox.workspace.load(dict(with_invented({}, kinds, 10_000, 42)))
    page = visit()
    expect(page.get_by_text("10,000 orders")).to_be_visible()

    page.get_by_role("button", name="Last").click()
    expect(page.get_by_text("Page 200 of 200")).to_be_visible()
    page.get_by_label("Search").fill("a")

    expect(page.locator("tbody tr")).to_have_count(50)
    assert page.evaluate("document.querySelectorAll('*').length") < 2500


def test_only_what_is_seen_of_many_requests_is_in_the_page(visit: Visitor, url: str) -> None:
    with httpx2.Client(base_url=url) as client:
        for _ in range(300):
            assert client.get("/wp-json/fluent-cart/v2/orders").status_code == 401
    page = visit("#/requests")
    expect(page.locator(".option").first).to_be_visible()
    assert page.locator(".option").count() < 60

    page.get_by_role("listbox").evaluate("(list) => { list.scrollTop = list.scrollHeight; }")
    expect(page.get_by_text("300 requests")).to_be_visible()
    page.get_by_role("listbox").evaluate("(list) => { list.scrollTop = list.scrollHeight; }")

    expect(page.locator("[role=option][aria-posinset='300']")).to_be_visible()
    assert page.locator(".option").count() < 60
