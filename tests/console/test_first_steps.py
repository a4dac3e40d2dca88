"""First steps of a visitor: look at the orders, create one, enable a fault, trigger a webhook."""

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Visitor
from tests.support.browser import FUNNELFOX, control, refund

pytestmark = pytest.mark.memory_only


def test_a_demo_order_is_refunded_with_three_clicks(visit: Visitor, url: str) -> None:
    page = visit()

    page.get_by_role("link", name="Paid by card through Stripe.").click()
    page.get_by_role("button", name="Refund 49.00 USD").click()

    expect(page.locator(".ledger .badge").first).to_have_text("refunded")
    assert control(url, "GET", "/fluentcart/orders?id=1002")["orders"][0]["refunded"] == 4900


def test_home_names_base_urls_credentials_and_the_state_of_the_workspace(visit: Visitor, url: str) -> None:
    page = visit()
    main = page.locator("main")

    for text in (
        f"{url}/wp-json/fluent-cart/v2",
        "admin:demo DEMO 1234 demo DEMO 5678",
        f"{url}/your-org-id/v1",
        "ff-secret-key: sandbox-secret-key",
        "The gateway declines every refund.",
    ):
        expect(main).to_contain_text(text)
    expect(page.locator("#versions")).to_contain_text("FluentCart")
    control(url, "POST", "/faults", {"scenario": "rate_limited"})
    refund(url)
    expect(page.locator(".facts")).to_contain_text("refundOrder → 429")


def test_the_header_follows_the_version(visit: Visitor, url: str) -> None:
    page = visit()
    expect(page.locator("#connection")).to_have_text("Connected")

    control(url, "PUT", "/settings", {"fluentcart": {"version": "1.3.25"}})

    expect(page.locator("#versions")).to_have_text("FluentCart 1.3.25")


@pytest.mark.parametrize("api", ["fluentcart", "funnelfox"])
def test_a_new_order_is_created_and_refunded(api: str, visit: Visitor, url: str) -> None:
    page = visit(f"#/orders/{api}")
    before = control(url, "GET", f"/{api}/orders")["total"]

    page.get_by_role("button", name="New order").click()
    page.get_by_role("button", name="Refund ").click()

    expect(page.locator(".ledger .badge").first).to_have_text("refunded")
    assert control(url, "GET", f"/{api}/orders")["total"] == before + 1


def test_a_webhook_is_triggered_without_a_request(visit: Visitor, url: str) -> None:
    control(url, "PUT", "/webhooks/targets", {"funnelfox": [{"url": "http://127.0.0.1:9/hook"}]})
    page = visit(f"#/orders/funnelfox/{FUNNELFOX}")

    page.get_by_text("Trigger webhook").first.click()
    page.get_by_label("Topic").select_option("order/settled")
    expect(page.get_by_text("An order is paid")).to_be_visible()
    page.get_by_role("button", name="Trigger webhook").click()

    expect(page.get_by_text("Webhook sent to 1 endpoint.")).to_be_visible()
    expect(page.locator(".timeline")).to_contain_text("Webhook order/settled")
    assert control(url, "GET", "/requests")["requests"] == []


def test_faults_are_grouped_and_searched_and_an_enabled_one_is_seen_to_hit(visit: Visitor, url: str) -> None:
    page = visit("#/faults")
    expect(page.locator("[data-phase=gateway] [data-scenario=gateway_declined]")).to_be_visible()
    expect(page.locator("[data-phase=after] [data-scenario=reply_lost]")).to_contain_text("Ledger: booked.")
    expect(page.locator("[data-scenario=gateway_declined]")).to_contain_text("The order counts the amount as refunded.")

    page.get_by_label("Search").fill("429")
    expect(page.locator(".scenario:visible")).to_have_count(1)
    page.get_by_label("Hits: rate_limited").select_option("2")
    page.get_by_role("switch", name="rate_limited").click()
    expect(page.locator(".enabled-faults")).to_contain_text("2 hits remaining · 0 hits so far")
    assert refund(url).status_code == 429

    expect(page.locator(".enabled-faults")).to_contain_text("1 hit remaining · 1 hit so far")


def test_the_newest_request_is_selected_with_its_order_amount_and_fault(visit: Visitor, url: str) -> None:
    control(url, "POST", "/faults", {"scenario": "gateway_declined"})
    refund(url, amount=700)
    page = visit("#/requests")

    row = page.locator(".option")

    expect(row).to_have_attribute("aria-selected", "true")
    for text in ("order 1001", "amount 700", "gateway_declined", " ms"):
        expect(row).to_contain_text(text)
    expect(page.get_by_role("region", name="Request")).to_contain_text('"amount": 700')


def test_a_delivery_shows_its_last_attempt(visit: Visitor, url: str) -> None:
    control(url, "PUT", "/webhooks/targets", {"funnelfox": [{"url": "http://127.0.0.1:9/hook"}]})
    control(url, "POST", "/funnelfox/webhooks/trigger", {"topic": "order/settled", "order": FUNNELFOX})

    page = visit("#/webhooks")

    expect(page.locator(".option")).to_contain_text("1 attempt")
    expect(page.locator(".option")).to_contain_text("Connect")


def test_a_demo_shows_its_steps_before_they_run_and_a_bad_outcome_as_bad(visit: Visitor) -> None:
    page = visit("#/demos/gateway-declines")
    expect(page.locator(".ahead li")).to_have_count(2)

    page.get_by_role("button", name="Next").click()

    expect(page.locator("li.step .notice.error")).to_contain_text("no money was returned")
    expect(page.locator(".ahead li")).to_have_count(1)


@pytest.mark.parametrize(("scenario", "shown"), [(None, "signature valid"), ("webhook_wrongly_signed", "signature invalid")])
def test_a_delivery_shows_whether_its_signature_is_right(scenario: str | None, shown: str, visit: Visitor, url: str) -> None:
    control(url, "PUT", "/webhooks/targets", {"funnelfox": [{"url": "http://127.0.0.1:9/hook", "signing_secret": "s3cret"}]})
    if scenario:
        control(url, "POST", "/faults", {"scenario": scenario})
    control(url, "POST", "/funnelfox/webhooks/trigger", {"topic": "order/settled", "order": FUNNELFOX})

    page = visit("#/webhooks")

    page.locator(".option").click()
    expect(page.get_by_text(shown)).to_be_visible()
