"""The console works where the sandbox is mounted under a path of another application."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from starlette.applications import Starlette
from starlette.routing import Mount

from refund_sandbox.app import build
from tests.console.conftest import Visitor
from tests.support.browser import control
from tests.support.server_thread import listen

pytestmark = pytest.mark.memory_only


@pytest.fixture(scope="module")
def mounted() -> Iterator[str]:
    """URL of a sandbox at `/pay` of another application."""
    sandbox = build()
    listening = listen(Starlette(routes=[Mount("/pay", sandbox.app)]))
    yield f"{listening.url}/pay"
    listening.stop()
    sandbox.close()


@pytest.mark.parametrize("prefix", ["", "/w/other"])
def test_an_order_is_refunded_under_a_mount(prefix: str, visit: Visitor, mounted: str) -> None:
    page = visit("#/orders/fluentcart/1001", base=mounted + prefix)

    page.locator(".refund-form button[type=submit]").click()

    expect(page.locator("[data-figure=refunded]")).to_have_text("100.00 USD")
    expect(page.locator("#connection")).to_have_text("Connected")
    assert control(mounted + prefix, "GET", "/fluentcart/orders?id=1001")["orders"][0]["refunded"] == 10000


def test_every_link_stays_under_the_mount(visit: Visitor, mounted: str) -> None:
    page = visit("#/environment", base=mounted)
    page.get_by_label("Workspace name").fill("apart")
    page.get_by_role("button", name="Open").click()
    expect(page.locator("#workspace")).to_have_text("Workspace: apart")

    page.get_by_role("link", name="API reference").click()
    expect(page.locator(".contents a").first).to_be_visible()
    assert page.url.startswith(f"{mounted}/w/apart/docs")
    page.get_by_role("link", name="Console", exact=True).click()
    expect(page.locator("#workspace")).to_have_text("Workspace: apart")

    page.goto(f"{mounted}/#/demos/over-refund")
    page.get_by_role("button", name="Next").click()
    expect(page.locator("li.step[data-differences='0']")).to_have_count(1)


def test_the_console_opens_without_the_last_slash(visit: Visitor, url: str) -> None:
    page = visit("w/apart")

    expect(page.locator("#workspace")).to_have_text("Workspace: apart")
