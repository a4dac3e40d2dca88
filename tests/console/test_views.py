"""Each view of the console shows what the world holds and does what its buttons say."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Visitor
from tests.support.browser import FUNNELFOX, control, refund

pytestmark = pytest.mark.memory_only


def test_orders_are_searched_and_filtered(visit: Visitor) -> None:
    page = visit()
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(15)

    page.get_by_label("Search").fill("yuki")
    expect(rows).to_have_count(1)
    page.get_by_label("Search").fill("")
    page.get_by_label("State").select_option("refunded")

    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("45.00 USD")
    page.get_by_label("Search").fill("nobody")
    expect(page.get_by_text("No order is like that.")).to_be_visible()


def test_both_apis_have_their_orders(visit: Visitor) -> None:
    page = visit()

    page.get_by_role("link", name="FunnelFox", exact=True).click()

    expect(page.locator("tbody tr")).to_have_count(12)
    expect(page.locator("[data-order='00000000-0000-4000-8000-000000000009']")).to_contain_text("12.500 KWD")


def test_an_order_is_refunded_and_everything_is_seen(visit: Visitor) -> None:
    page = visit("#/orders/fluentcart/1001")

    page.get_by_label("amount").fill("2500")
    expect(page.get_by_text("= 25.00 USD")).to_be_visible()
    expect(page.get_by_role("region", name="Request")).to_contain_text('"amount":2500')
    page.get_by_role("button", name="Send the refund").click()

    expect(page.get_by_role("region", name="Reply")).to_contain_text("Refund processed on Stripe")
    expect(page.locator("[data-figure=refunded]")).to_have_text("25.00 USD")
    expect(page.locator(".timeline")).to_contain_text("refundOrder → 200")


def test_funnelfox_has_its_own_refund_form(visit: Visitor) -> None:
    page = visit(f"#/orders/funnelfox/{FUNNELFOX}")

    page.get_by_role("button", name="Send the refund").click()

    expect(page.get_by_role("region", name="Reply")).to_have_text("{}")
    expect(page.locator("[data-figure=left]")).to_have_text("0.00 USD")
    expect(page.locator(".timeline")).to_contain_text("RECURRING → EXPIRED")


def test_a_refund_can_be_told_to_fail(visit: Visitor) -> None:
    page = visit("#/orders/fluentcart/1002")

    page.get_by_label("X-Sandbox-Scenario").select_option("server_error")
    page.get_by_role("button", name="Send the refund").click()

    expect(page.locator(".refund-form .badge.code")).to_have_text("500")
    expect(page.locator("[data-figure=refunded]")).to_have_text("0.00 USD")


def test_an_order_that_is_not_there_is_said(visit: Visitor) -> None:
    page = visit("#/orders/fluentcart/99", ready="[role=alert]")

    expect(page.get_by_role("alert")).to_contain_text("There is no order 99 in fluentcart.")


def test_a_request_shows_both_sides_and_is_replayed(visit: Visitor, url: str) -> None:
    refund(url)
    refund(url, order=1009, charge=5010)
    page = visit("#/requests")
    expect(page.locator(".option")).to_have_count(2)

    page.get_by_label("Status").select_option("2")
    page.locator(".option").click()

    expect(page.get_by_role("region", name="Request")).to_contain_text('"amount": 2500')
    expect(page.get_by_role("region", name="Reply")).to_contain_text("Refund processed on Stripe")
    expect(page.locator(".changes")).to_contain_text("refunded_total")
    page.get_by_role("button", name="Replay").click()
    expect(page.get_by_text("Replayed")).to_be_visible()
    expect(page.locator(".option")).to_have_count(2)
    assert control(url, "GET", "/fluentcart/orders?search=1001")["orders"][0]["refunded"] == 5000


def test_a_failure_is_switched_on_for_one_order_and_goes_off_when_it_has_hit(visit: Visitor, url: str) -> None:
    page = visit("#/failures")
    switch = page.get_by_role("switch", name="insufficient funds")

    page.get_by_label("Only for order").fill("1002")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "true")
    refund(url)
    reply = refund(url, order=1002, charge=5002, amount=100).json()

    assert reply["gateway_refund"]["status"] == "failed"
    expect(switch).to_have_attribute("aria-checked", "false")


def test_a_failure_is_switched_off(visit: Visitor, url: str) -> None:
    page = visit("#/failures")
    switch = page.get_by_role("switch", name="rate limited")
    page.get_by_label("How often: rate limited").select_option("always")
    switch.click()
    expect(page.locator(".armed")).to_contain_text("rate limited")

    switch.click()

    expect(page.get_by_text("Nothing is armed")).to_be_visible()
    assert control(url, "GET", "/faults") == {"faults": []}


def test_a_webhook_target_is_added_and_its_deliveries_are_seen(visit: Visitor, url: str) -> None:
    page = visit("#/webhooks")
    card = page.locator("section", has=page.get_by_role("heading", name="FunnelFox targets"))

    card.get_by_label("URL").fill("http://127.0.0.1:9/hook")
    card.get_by_label("Signing secret").fill("secret")
    card.get_by_role("button", name="Add").click()
    expect(card.locator("li")).to_contain_text("http://127.0.0.1:9/hook")
    page.goto(f"{url}/#/orders/funnelfox/{FUNNELFOX}")
    page.get_by_role("button", name="Send the refund").click()
    page.get_by_role("link", name="Webhook refund/settled").click()

    expect(page.get_by_role("region", name="Headers and signature")).to_contain_text("ff-webhook-signature")
    expect(page.get_by_role("region", name="Payload")).to_contain_text(FUNNELFOX)
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_text("Sent again.")).to_be_visible()


def test_the_clock_is_frozen_and_advanced(visit: Visitor, url: str) -> None:
    page = visit("#/world")

    page.get_by_role("button", name="Freeze").click()
    expect(page.get_by_text("frozen")).to_be_visible()
    before = control(url, "GET", "/clock")["now"]
    page.get_by_role("button", name="+ 30d").click()

    expect(page.get_by_label("Time in this workspace")).not_to_have_text(before[:19].replace("T", " "))
    assert control(url, "GET", "/clock")["now"] > before
    page.get_by_role("button", name="Let it run").click()
    page.get_by_role("button", name="Real time").click()


def test_settings_snapshots_and_reset(visit: Visitor, url: str) -> None:
    page = visit("#/world")

    page.get_by_label("fluentcart.version").select_option("1.3.25")
    page.get_by_role("button", name="Keep settings").click()
    expect(page.get_by_text("Kept.")).to_be_visible()
    assert control(url, "GET", "/settings")["fluentcart"] == {"version": "1.3.25"}
    page.get_by_label("Name", exact=True).fill("here")
    page.get_by_role("button", name="Keep this world").click()
    refund(url, amount=25)
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("Back at here.")).to_be_visible()
    assert control(url, "GET", "/fluentcart/orders?search=1001")["orders"][0]["refunded"] == 0
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Really delete?").click()
    expect(page.get_by_text("No world was kept yet.")).to_be_visible()
    page.get_by_role("button", name="Reset the world").click()
    page.get_by_role("button", name="Really reset?").click()

    expect(page.get_by_text("as it was in the beginning")).to_be_visible()
    expect(page.get_by_label("fluentcart.version")).to_have_value("1.6.2")


def test_a_world_is_exported_and_imported(visit: Visitor, url: str, tmp_path: Path) -> None:
    page = visit("#/world")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as JSON").click()
    world = json.loads(Path(download.value.path()).read_text())
    world["fluentcart"]["orders"] = world["fluentcart"]["orders"][:1]
    (tmp_path / "small.json").write_text(json.dumps(world))

    page.get_by_label("Import JSON").set_input_files(tmp_path / "small.json")

    expect(page.get_by_text("small.json is the world now.")).to_be_visible()
    assert control(url, "GET", "/fluentcart/orders")["total"] == 1


def test_a_fixture_is_imported_and_a_wrong_one_is_not(visit: Visitor, url: str, tmp_path: Path) -> None:
    page = visit("#/world")
    (tmp_path / "wrong.yaml").write_text("fluentcart: {orders: [{id: one}]}")
    (tmp_path / "mine.yaml").write_text("fluentcart: {orders: [{id: 1}, {id: 2}]}")

    page.get_by_label("Import JSON").set_input_files(tmp_path / "wrong.yaml")
    expect(page.get_by_text("/fluentcart/orders/0/id: must be of type integer")).to_be_visible()
    assert control(url, "GET", "/fluentcart/orders")["total"] == 15
    page.get_by_label("Import JSON").set_input_files(tmp_path / "mine.yaml")

    expect(page.get_by_text("mine.yaml is the world now.")).to_be_visible()
    assert control(url, "GET", "/fluentcart/orders")["total"] == 2


def test_what_is_not_remembered_is_said(visit: Visitor, url: str) -> None:
    page = visit("#/webhooks/77")
    expect(page.get_by_text("No delivery 77 is remembered.")).to_be_visible()

    page.goto(f"{url}/#/requests/99999")

    expect(page.get_by_text("No request 99999 is remembered.")).to_be_visible()


def test_a_workspace_has_a_console_of_its_own(visit: Visitor, url: str) -> None:
    page: Page = visit("#/world")

    page.get_by_label("Another workspace").fill("apart")
    page.get_by_role("button", name="Go there").click()

    expect(page.locator("#workspace")).to_have_text("apart")
    page.goto(f"{url}/w/apart/#/orders/fluentcart/1001")
    page.get_by_role("button", name="Send the refund").click()
    expect(page.locator("[data-figure=left]")).to_have_text("0.00 USD")
    assert control(url, "GET", "/fluentcart/orders?search=1001")["orders"][0]["refunded"] == 0
