"""Views of the console: they show the data of the workspace, and their buttons work."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Visitor
from tests.support.browser import FUNNELFOX, control, refund

pytestmark = pytest.mark.memory_only


@pytest.mark.slow
def test_orders_are_searched_and_filtered(visit: Visitor) -> None:
    page = visit("#/orders")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(18)

    page.get_by_label("Search").fill("yuki")
    expect(rows).to_have_count(1)
    page.get_by_label("Search").fill("")
    page.get_by_label("State").select_option("refunded")

    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("45.00 USD")
    page.get_by_label("Search").fill("nobody")
    expect(page.get_by_text("No matching orders.")).to_be_visible()


def test_both_apis_have_their_orders(visit: Visitor) -> None:
    page = visit("#/orders")

    page.get_by_role("link", name="FunnelFox", exact=True).click()

    expect(page.locator("tbody tr")).to_have_count(14)
    expect(page.locator("[data-order='00000000-0000-4000-8000-000000000009']")).to_contain_text("12.500 KWD")


def test_a_refund_shows_the_reply_the_amounts_and_the_timeline(visit: Visitor) -> None:
    page = visit("#/orders/fluentcart/1001")

    page.get_by_label("amount").fill("25")
    expect(page.get_by_text("sent as 2500")).to_be_visible()
    expect(page.get_by_role("region", name="Request")).to_contain_text('"amount":2500')
    page.get_by_role("button", name="Refund 25.00 USD").click()

    expect(page.get_by_role("region", name="Reply")).to_contain_text("Refund processed on Stripe")
    expect(page.locator("[data-figure=refunded]")).to_have_text("25.00 USD")
    expect(page.locator(".timeline")).to_contain_text("refundOrder → 200")


@pytest.mark.slow
def test_funnelfox_has_its_own_refund_form(visit: Visitor) -> None:
    page = visit(f"#/orders/funnelfox/{FUNNELFOX}")

    page.get_by_role("button", name="Refund 9.99 USD").click()

    expect(page.get_by_role("region", name="Reply")).to_have_text("{}")
    expect(page.locator("[data-figure=left]")).to_have_text("0.00 USD")
    expect(page.locator(".timeline")).to_contain_text("RECURRING → EXPIRED")


def test_the_form_sends_what_is_chosen(visit: Visitor) -> None:
    page = visit(f"#/orders/funnelfox/{FUNNELFOX}")
    request = page.get_by_role("region", name="Request")

    page.get_by_label("soft_refund").check()
    expect(request).to_contain_text('"soft_refund":true')
    page.get_by_label("Credentials").select_option(index=1)

    expect(request).not_to_contain_text("ff-secret-key: sandbox-secret-key'")


def test_the_form_follows_refunds_of_other_clients(visit: Visitor, url: str) -> None:
    page = visit("#/orders/fluentcart/1001")
    page.get_by_label("reason").fill("duplicate")
    page.get_by_label("amount").fill("5")

    refund(url, amount=1000)

    expect(page.get_by_label("amount")).to_have_value("90.00")
    expect(page.get_by_label("reason")).to_have_value("duplicate")
    expect(page.get_by_role("region", name="Request")).to_contain_text('"amount":9000')


def test_a_refund_can_enable_a_scenario(visit: Visitor) -> None:
    page = visit("#/orders/fluentcart/1002")

    page.get_by_label("X-Sandbox-Scenario").select_option("server_error")
    page.get_by_role("button", name="Refund 49.00 USD").click()

    expect(page.locator(".refund-form .actions .badge")).to_have_text("500")
    expect(page.locator("[data-figure=refunded]")).to_have_text("0.00 USD")


@pytest.mark.parametrize(
    ("order", "own", "other"),
    [
        ("fluentcart/1002", "cancel_refused", "settlement_failed"),
        ("funnelfox/00000000-0000-4000-8000-000000000002", "settlement_failed", "cancel_refused"),
    ],
)
def test_a_refund_offers_the_scenarios_of_its_api(order: str, own: str, other: str, visit: Visitor) -> None:
    page = visit(f"#/orders/{order}", ready="form.refund-form")

    names = page.get_by_label("X-Sandbox-Scenario").locator("option").all_text_contents()

    assert {own, "reply_lost", "server_error", "webhook_dropped"} <= set(names)
    assert other not in names


def test_an_unknown_order_shows_the_error(visit: Visitor) -> None:
    page = visit("#/orders/fluentcart/99", ready="[role=alert]")

    expect(page.get_by_role("alert")).to_contain_text("Order 99 not found in fluentcart.")
    page.get_by_role("alert").get_by_role("link", name="Orders").click()
    expect(page.locator("tbody tr")).to_have_count(18)


def test_a_page_of_an_order_that_is_deleted_has_no_refund_form(visit: Visitor, url: str) -> None:
    page = visit("#/orders/fluentcart/1003")

    control(url, "POST", "/reset", {"fixture": "empty"})
    expect(page.get_by_role("alert")).to_contain_text("Order 1003 not found in fluentcart.")
    expect(page.get_by_role("button")).to_have_count(0)
    control(url, "POST", "/reset", {"fixture": "demo"})

    expect(page.get_by_role("button", name="Refund 30.00 USD")).to_be_visible()


def test_a_page_of_orders_that_are_deleted_becomes_the_first_one(visit: Visitor, url: str) -> None:
    control(url, "PUT", "/state", {"fluentcart": {"orders": [{"id": number} for number in range(1, 52)]}})
    page = visit("#/orders/fluentcart")
    page.get_by_role("button", name="Next").click()
    expect(page.locator("tbody tr")).to_have_count(1)

    control(url, "PUT", "/state", {"fluentcart": {"orders": [{"id": 1}, {"id": 2}]}})

    expect(page.locator("tbody tr")).to_have_count(2)


def test_a_request_shows_its_reply_and_is_replayed(visit: Visitor, url: str) -> None:
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
    expect(page.get_by_text("Replayed request")).to_be_visible()
    expect(page.locator(".option")).to_have_count(2)
    assert control(url, "GET", "/fluentcart/orders?search=1001")["orders"][0]["refunded"] == 5000


def test_a_fault_for_one_order_turns_off_after_its_hit(visit: Visitor, url: str) -> None:
    page = visit("#/faults")
    switch = page.get_by_role("switch", name="insufficient_funds")

    page.get_by_label("Order", exact=True).fill("1002")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "true")
    refund(url)
    reply = refund(url, order=1002, charge=5002, amount=100).json()

    assert reply["gateway_refund"]["status"] == "failed"
    expect(switch).to_have_attribute("aria-checked", "false")


@pytest.mark.slow
def test_a_fault_is_disabled(visit: Visitor, url: str) -> None:
    page = visit("#/faults")
    switch = page.get_by_role("switch", name="rate_limited")
    page.get_by_label("Hits: rate_limited").select_option("always")
    switch.click()
    expect(page.locator(".enabled-faults")).to_contain_text("rate_limited")

    switch.click()

    expect(page.get_by_text("No faults enabled.")).to_be_visible()
    assert control(url, "GET", "/faults") == {"faults": []}


def test_a_webhook_endpoint_is_added_and_its_deliveries_are_listed(visit: Visitor, url: str) -> None:
    page = visit("#/webhooks")
    card = page.locator("section", has=page.get_by_role("heading", name="FunnelFox endpoints"))

    card.get_by_label("URL").fill("http://127.0.0.1:9/hook")
    card.get_by_label("Signing secret").fill("secret")
    card.get_by_role("button", name="Add").click()
    expect(card.locator("li")).to_contain_text("http://127.0.0.1:9/hook")
    page.goto(f"{url}/#/orders/funnelfox/{FUNNELFOX}")
    page.get_by_role("button", name="Refund 9.99 USD").click()
    page.get_by_role("link", name="Webhook refund/settled").click()

    expect(page.get_by_role("region", name="Headers and signature")).to_contain_text("ff-webhook-signature")
    expect(page.get_by_role("region", name="Payload")).to_contain_text(FUNNELFOX)
    page.get_by_role("button", name="Resend").click()
    expect(page.get_by_text("resent.")).to_be_visible()


@pytest.mark.slow
def test_the_clock_is_frozen_and_advanced(visit: Visitor, url: str) -> None:
    page = visit("#/environment")

    page.get_by_role("button", name="Freeze").click()
    expect(page.get_by_text("frozen", exact=True)).to_be_visible()
    before = control(url, "GET", "/clock")["now"]
    page.get_by_role("button", name="+ 30d").click()

    expect(page.get_by_label("Time in this workspace")).not_to_have_text(before[:19].replace("T", " "))
    assert control(url, "GET", "/clock")["now"] > before
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("button", name="Reset to real time").click()


def test_settings_snapshots_and_reset(visit: Visitor, url: str) -> None:
    page = visit("#/environment")

    page.get_by_label("FluentCart: version").select_option("1.3.25")
    page.get_by_label("FunnelFox: error status").select_option("422")
    page.get_by_label("FunnelFox: envelope").select_option("always")
    page.get_by_role("button", name="Save settings").click()
    expect(page.get_by_text("Settings saved.")).to_be_visible()
    settings = control(url, "GET", "/settings")
    assert settings["fluentcart"] == {"version": "1.3.25"}
    assert settings["funnelfox"].items() >= {"envelope": "always", "error_status": 422, "settle_after": "0s"}.items()
    page.get_by_label("Snapshot name").fill("here")
    page.get_by_role("button", name="Save snapshot").click()
    expect(page.get_by_text("Snapshot 'here' saved.")).to_be_visible()
    refund(url, amount=25)
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("Snapshot 'here' restored.")).to_be_visible()
    assert control(url, "GET", "/fluentcart/orders?search=1001")["orders"][0]["refunded"] == 0
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Confirm deletion").click()
    expect(page.get_by_text("No snapshots yet.")).to_be_visible()
    page.get_by_role("button", name="Reset", exact=True).click()
    page.get_by_role("button", name="Confirm reset").click()

    expect(page.get_by_text("Reset complete.")).to_be_visible()
    expect(page.get_by_label("FluentCart: version")).to_have_value("1.6.5")


def test_state_is_exported_and_imported(visit: Visitor, url: str, tmp_path: Path) -> None:
    page = visit("#/environment")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as JSON").click()
    state = json.loads(Path(download.value.path()).read_text())
    state["fluentcart"]["orders"] = state["fluentcart"]["orders"][:1]
    (tmp_path / "small.json").write_text(json.dumps(state))

    page.get_by_label("Import JSON").set_input_files(tmp_path / "small.json")

    expect(page.get_by_text("small.json imported.")).to_be_visible()
    assert control(url, "GET", "/fluentcart/orders")["total"] == 1


@pytest.mark.slow
def test_a_fixture_is_imported_and_an_invalid_one_is_refused(visit: Visitor, url: str, tmp_path: Path) -> None:
    page = visit("#/environment")
    (tmp_path / "wrong.yaml").write_text("fluentcart: {orders: [{id: one}]}")
    (tmp_path / "mine.yaml").write_text("fluentcart: {orders: [{id: 1}, {id: 2}]}")

    page.get_by_label("Import JSON").set_input_files(tmp_path / "wrong.yaml")
    expect(page.get_by_text("/fluentcart/orders/0/id: must be of type integer")).to_be_visible()
    assert control(url, "GET", "/fluentcart/orders")["total"] == 18
    page.get_by_label("Import JSON").set_input_files(tmp_path / "mine.yaml")

    expect(page.get_by_text("mine.yaml imported.")).to_be_visible()
    assert control(url, "GET", "/fluentcart/orders")["total"] == 2


def test_a_search_in_the_longest_list_of_requests_ends(visit: Visitor, url: str) -> None:
    for _ in range(3):
        refund(url, amount=100)
    page = visit("#/environment")
    script = (Path(__file__).parents[2] / "sandbox/refund_sandbox/console/static/views/requests.js").read_text()
    short = script.replace("PAGE_SIZE = 200", "PAGE_SIZE = 1").replace("MAX_ENTRIES = 10000", "MAX_ENTRIES = 2")
    page.route("**/views/requests.js", lambda route: route.fulfill(body=short, content_type="text/javascript"))

    page.get_by_role("link", name="Requests").click()
    page.get_by_label("Search").fill("nothing like this")

    expect(page.get_by_text("No matching requests.")).to_be_visible()


def test_an_unknown_delivery_or_request_shows_an_error(visit: Visitor, url: str) -> None:
    page = visit("#/webhooks/77")
    expect(page.get_by_text("Delivery 77 not found.")).to_be_visible()

    page.goto(f"{url}/#/requests/99999")

    expect(page.get_by_text("Request 99999 not found.")).to_be_visible()


@pytest.mark.slow
def test_each_workspace_has_its_own_console(visit: Visitor, url: str) -> None:
    page: Page = visit("#/environment")

    page.get_by_label("Workspace name").fill("apart")
    page.get_by_role("button", name="Open").click()

    expect(page.locator("#workspace")).to_have_text("Workspace: apart")
    page.goto(f"{url}/w/apart/#/orders/fluentcart/1001")
    page.get_by_role("button", name="Refund 100.00 USD").click()
    expect(page.locator("[data-figure=left]")).to_have_text("0.00 USD")
    assert control(url, "GET", "/fluentcart/orders?search=1001")["orders"][0]["refunded"] == 0
