"""A person's way through each outcome of a refund: the amount that is sent, the reply, and what the order shows."""

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Visitor
from tests.support.browser import FUNNELFOX, control

pytestmark = pytest.mark.memory_only
SMALL_SCREEN = {"width": 1280, "height": 900}


def figure(page: Page, name: str) -> str:
    """Return an amount of the order, as the page shows it."""
    return page.locator(f"[data-figure={name}]").inner_text()


def left_of(url: str, order: int | str, api: str = "fluentcart") -> dict[str, object]:
    (summary,) = control(url, "GET", f"/{api}/orders?id={order}")["orders"]
    return dict(summary)


@pytest.mark.parametrize(("version", "sent"), [("1.6.2", "3000"), ("1.3.25", "30")])
def test_an_amount_is_typed_in_the_orders_currency_whatever_the_version_counts(
    version: str, sent: str, visit: Visitor, url: str
) -> None:
    control(url, "PUT", "/settings", {"fluentcart": {"version": version}})
    page = visit("#/orders/fluentcart/1001")

    page.get_by_label("amount in USD").fill("30.00")
    expect(page.get_by_text("sent as 30")).to_be_visible()
    expect(page.get_by_role("region", name="Request")).to_contain_text(f'"amount":{sent}}}')
    page.get_by_role("button", name="Refund 30.00 USD").click()

    expect(page.locator("[data-figure=refunded]")).to_have_text("30.00 USD")
    assert left_of(url, 1001)["refunded"] == 3000


@pytest.mark.parametrize("text", ["12.345", "1,50", "ten"])
def test_text_that_is_no_amount_is_not_sent(text: str, visit: Visitor, url: str) -> None:
    page = visit("#/orders/fluentcart/1001")

    page.get_by_label("amount in USD").fill(text)
    expect(page.get_by_text("Not an amount")).to_be_visible()
    page.get_by_role("button", name="Send refund").click()

    assert page.get_by_label("amount in USD").evaluate("(one) => one.validationMessage").startswith("Enter an amount in USD")
    assert control(url, "GET", "/requests")["requests"] == []


def test_a_full_refund_is_visible_at_once_and_cannot_be_repeated_unknowingly(visit: Visitor, url: str) -> None:
    page = visit("#/orders/fluentcart/1001", viewport=SMALL_SCREEN)

    page.get_by_role("button", name="Refund 100.00 USD").click()

    expect(page.get_by_role("region", name="Reply")).to_be_in_viewport()
    expect(page.locator(".refund-form .actions .badge")).to_have_text("200")
    expect(page.get_by_text("Nothing is left to refund.")).to_be_visible()
    page.get_by_role("button", name="Send anyway").click()
    expect(page.locator(".refund-form .actions .badge")).to_have_text("422")
    assert left_of(url, 1001)["refunded"] == 10000


def test_a_partial_refund_leaves_the_rest_in_the_form(visit: Visitor) -> None:
    page = visit(f"#/orders/funnelfox/{FUNNELFOX}")

    page.get_by_label("amount in USD").fill("4.99")
    page.get_by_role("button", name="Refund 4.99 USD").click()

    expect(page.locator("[data-figure=refunded]")).to_have_text("4.99 USD")
    expect(page.locator("[data-figure=left]")).to_have_text("5.00 USD")
    expect(page.locator(".ledger .badge").first).to_have_text("partially refunded")


def test_a_refund_that_the_gateway_declines_has_a_banner(visit: Visitor) -> None:
    page = visit("#/orders/fluentcart/1008")

    page.get_by_role("button", name="Refund 60.00 USD").click()

    banner = page.locator(".warnings .error")
    expect(banner).to_contain_text("Refund of 60.00 USD failed at the gateway.")
    expect(banner).to_contain_text("returned no money")
    expect(banner).to_be_in_viewport()
    expect(page.locator(".timeline-entry.refund.bad .amount")).to_have_text("−60.00 USD")


def test_a_pending_refund_is_shown_until_it_is_settled(visit: Visitor, url: str) -> None:
    control(url, "PUT", "/settings", {"funnelfox": {"settle_after": "2h"}})
    page = visit(f"#/orders/funnelfox/{FUNNELFOX}")

    page.get_by_label("amount in USD").fill("4.99")
    page.get_by_role("button", name="Refund 4.99 USD").click()

    expect(page.locator("[data-figure=pending]")).to_have_text("4.99 USD")
    expect(page.locator(".ledger .badge").first).to_have_text("refund pending")
    assert (figure(page, "paid"), figure(page, "refunded"), figure(page, "left")) == ("9.99 USD", "0.00 USD", "5.00 USD")
    control(url, "POST", "/clock/advance", {"by": "3h"})
    expect(page.locator("[data-figure=refunded]")).to_have_text("4.99 USD")
    expect(page.locator("[data-figure=pending]")).to_be_hidden()


def test_a_refund_that_fails_to_settle_has_a_banner_and_is_refundable_again(visit: Visitor) -> None:
    page = visit("#/orders/funnelfox/00000000-0000-4000-8000-000000000012")

    page.get_by_role("button", name="Refund 25.00 USD").click()

    expect(page.locator(".warnings .error")).to_contain_text("The payment gateway failed to settle this refund.")
    expect(page.locator("[data-figure=left]")).to_have_text("25.00 USD")
    expect(page.locator(".timeline-entry.refund.bad")).to_have_count(1)


@pytest.mark.parametrize(
    ("order", "amounts", "banner"),
    [
        ("fluentcart/1016", ("100.00 USD", "50.00 USD", "50.00 USD"), "Refund of 30.00 USD failed at the gateway."),
        ("fluentcart/1018", ("55.00 USD", "0.00 USD", "55.00 USD"), "Dispute of 55.00 USD."),
        (
            "funnelfox/00000000-0000-4000-8000-000000000013",
            ("40.00 USD", "10.00 USD", "30.00 USD"),
            "Refund of 15.00 USD failed at the gateway.",
        ),
    ],
)
def test_a_demo_order_shows_what_went_wrong_with_it(order: str, amounts: tuple[str, ...], banner: str, visit: Visitor) -> None:
    page = visit(f"#/orders/{order}")

    assert tuple(figure(page, name) for name in ("paid", "refunded", "left")) == amounts
    expect(page.locator(".warnings .error")).to_contain_text(banner)
