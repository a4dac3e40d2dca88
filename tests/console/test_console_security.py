"""Data of requests is never executed, and the console needs the admin token where one is set."""

from collections.abc import Iterator
from urllib.parse import quote

import httpx2
import pytest
from playwright.sync_api import expect

from refund_sandbox.settings import Settings
from tests.console.conftest import Visitor
from tests.support.browser import control, refund, serve, settle

pytestmark = pytest.mark.memory_only
EVIL = "<img src=x onerror=\"document.title='evil'\">"
TOKEN = "geheim-ü"


def load_html_texts(url: str) -> None:
    """Load state in which every free text is HTML."""
    customer = {"id": 1, "first_name": EVIL, "last_name": EVIL, "email": EVIL}
    charge = {"id": 10, "total": 1000, "vendor_charge_id": EVIL, "payment_method": EVIL, "meta": {"reason": EVIL}}
    item = {"id": 100, "title": EVIL, "post_title": EVIL, "line_total": 1000}
    subscription = {"id": 5, "item_name": EVIL, "status": EVIL, "vendor_subscription_id": EVIL}
    names = ("invoice_no", "note", "currency", "status", "payment_status", "payment_method", "payment_method_title")
    parts = {"transactions": [charge], "items": [item], "subscriptions": [subscription]}
    order = {"id": 1, "customer_id": 1, "total_paid": 1000, "total_amount": 1000, **dict.fromkeys(names, EVIL), **parts}
    users = [{"login": EVIL, "email": EVIL, "application_password": EVIL, "permissions": ["super_admin"]}]
    sale = {"psp_transaction_type": "SALE", "psp_status": "SETTLED", "amount": "9.00", "reason": EVIL, "comment": EVIL}
    texts = {"psp_reason_message": EVIL, "psp": EVIL, "psp_transaction_id": EVIL}
    paid = {"order_id": "00000000-0000-4000-8000-0000000000ff", "external_id": EVIL, "amount": "9.00", "pp_ident": EVIL}
    funnelfox = {
        "orgs": [{"id": "org", "keys": [{"key": EVIL}], "webhooks": [{"url": f"http://127.0.0.1:9/{quote(EVIL)}"}]}],
        "orders": [{**paid, "transactions": [{**sale, **texts}]}],
    }
    fluentcart = {"users": users, "customers": [customer], "orders": [order], "site": {"name": EVIL}}
    control(url, "PUT", "/state", {"funnelfox": funnelfox, "fluentcart": fluentcart})
    control(url, "POST", "/faults", {"api": "fluentcart", "at": "gateway", "error": EVIL, "match": {"order_id": 1}})
    body = {"refund_info": {"transaction_id": 10, "amount": 1, "reason": EVIL}}
    httpx2.post(f"{url}/wp-json/fluent-cart/v2/orders/1/refund?x={EVIL}", json=body, headers={"x-evil": EVIL}, auth=(EVIL, EVIL))
    httpx2.post(f"{url}/{EVIL}/v1/payment/refund", content=EVIL)
    refund = {"external_id": EVIL, "order_id": paid["order_id"], "comment": EVIL, "reason": EVIL}
    httpx2.post(f"{url}/org/v1/payment/refund", json=refund, headers={"ff-secret-key": EVIL})


@pytest.mark.slow
@pytest.mark.parametrize(
    "place",
    [
        "#/orders/fluentcart",
        "#/orders/funnelfox",
        "#/orders/fluentcart/1",
        "#/orders/funnelfox/00000000-0000-4000-8000-0000000000ff",
        "#/requests",
        "#/requests/%3Cimg%20src%3Dx%3E",
        "#/%E0%A4%A/x",
        "#/faults",
        "#/webhooks",
        "#/environment",
        "#/demos",
        "docs#/fluentcart/refundOrder/1",
    ],
)
def test_html_is_shown_as_text(place: str, visit: Visitor, url: str) -> None:
    load_html_texts(url)
    page = visit(place)
    for option in page.locator(".option").all():
        option.click()
        settle(page)

    assert page.locator("main img").count() == 0
    assert "evil" not in page.title()
    if "orders" in place:
        expect(page.locator("main")).to_contain_text("<img src=x")


def test_a_reply_that_is_a_page_is_shown_as_text(visit: Visitor, url: str) -> None:
    page_of_html = {
        "status": 502,
        "headers": {"Content-Type": "text/html"},
        "body": f"<script>document.title='evil'</script>{EVIL}",
    }
    control(url, "POST", "/faults", {"api": "fluentcart", "at": "before", "reply": page_of_html})
    page = visit("#/orders/fluentcart/1001")

    page.get_by_role("button", name="Refund 100.00 USD").click()

    expect(page.get_by_role("region", name="Reply")).to_contain_text("<script>")
    assert "evil" not in page.title()


def test_no_script_but_the_consoles_own_may_run(visit: Visitor, page_errors: list[str]) -> None:
    page = visit()
    refused = page.evaluate(
        """() => new Promise((resolve) => {
             document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective));
             const script = document.createElement('script');
             script.textContent = 'document.title = "evil"';
             document.body.append(script);
           })"""
    )

    assert refused == "script-src-elem"
    assert "evil" not in page.title()
    page_errors.clear()


@pytest.fixture(scope="module")
def locked() -> Iterator[str]:
    """URL of a sandbox with an admin token."""
    served = serve(settings=Settings(admin_token=TOKEN))
    yield served.url
    served.stop()


def test_the_console_asks_for_the_admin_token_once(visit: Visitor, locked: str) -> None:
    page = visit("#/orders/fluentcart", base=locked, ready=".login")

    page.get_by_label("Admin token").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("Wrong admin token.")
    page.get_by_label("Admin token").fill(TOKEN)
    page.keyboard.press("Enter")

    expect(page.locator("tbody tr")).to_have_count(18)
    expect(page.locator("#connection")).to_have_text("Connected")
    refund(locked)
    expect(page.locator("[data-order='1001']")).to_contain_text("25.00")
    page.reload()
    expect(page.locator("tbody tr")).to_have_count(18)
    assert page.evaluate("localStorage.length") == 0


def test_the_api_reference_asks_for_the_admin_token(visit: Visitor, locked: str) -> None:
    page = visit("docs#/fluentcart/getOrder", base=locked, ready=".login")

    page.get_by_label("Admin token").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("Wrong admin token.")
    page.get_by_label("Admin token").fill(TOKEN)
    page.keyboard.press("Enter")

    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("region", name="Reply")).to_contain_text("Jane")


@pytest.mark.slow
def test_a_page_of_another_origin_reads_and_changes_nothing(
    visit: Visitor, url: str, locked: str, page_errors: list[str]
) -> None:
    page = visit(base=locked, ready=".login")

    tried = page.evaluate(
        """async (url) => {
             const json = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"fixture":"empty"}' };
             const plain = { method: 'POST', mode: 'no-cors', body: '{"fixture":"empty"}' };
             const attempt = (path, how) => fetch(`${url}/_sandbox${path}`, how).then(() => 'sent', () => 'refused');
             return Promise.all([attempt('/state'), attempt('/reset', json), attempt('/reset', plain)]);
           }""",
        url,
    )

    assert tried == ["refused", "refused", "refused"]  # the console's own policy; the server refuses by itself too
    assert control(url, "GET", "/fluentcart/orders")["total"] == 18
    page_errors.clear()
