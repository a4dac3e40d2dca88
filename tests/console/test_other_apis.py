"""An API of another distribution has all pages of the console."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Visitor
from tests.support.browser import control
from tests.support.server_process import serving

pytestmark = pytest.mark.memory_only
_PACKAGE = Path(__file__).parents[1] / "example_api"
_FILES = {
    "METADATA": "Metadata-Version: 2.1\nName: acme-refunds\nVersion: 1.0\n",
    "entry_points.txt": "[refund_sandbox.apis]\nacme = acme_refunds.api:API\n",
}


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a sandbox that finds `tests/example_api` as if it were installed."""
    path = tmp_path_factory.mktemp("site")
    metadata = path / "acme_refunds-1.0.dist-info"
    metadata.mkdir()
    for name, text in _FILES.items():
        (metadata / name).write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        places = (os.environ.get("PYTHONPATH", ""), str(_PACKAGE), str(path))
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, places)))
        with serving() as process:
            yield process.url


@pytest.fixture(autouse=True)
def _reset(acme: str) -> None:
    control(acme, "POST", "/reset", {})


def test_its_orders_are_refunded(visit: Visitor, acme: str) -> None:
    page = visit("#/orders", base=acme)
    page.get_by_role("link", name="Acme Pay", exact=True).click()
    page.get_by_role("link", name="ch_demo").click()

    expect(page.get_by_label("amount")).to_have_value("50.00")
    page.get_by_label("amount").fill("3")
    expect(page.get_by_text("sent as 300")).to_be_visible()
    expect(page.get_by_role("region", name="Request")).to_contain_text("X-Acme-Key: acme-sandbox-key")
    page.get_by_role("button", name="Refund 3.00 USD").click()

    expect(page.get_by_role("region", name="Reply")).to_contain_text('"status": "succeeded"')
    expect(page.locator("[data-figure=refunded]")).to_have_text("3.00 USD")
    expect(page.locator(".timeline")).to_contain_text("Refund−3.00 USDsucceeded")
    expect(page.get_by_label("amount")).to_have_value("47.00")


def test_its_webhooks_requests_and_faults_are_shown(visit: Visitor, acme: str) -> None:
    page = visit("#/webhooks", base=acme)
    card = page.locator("section", has=page.get_by_role("heading", name="Acme Pay endpoints"))
    card.get_by_label("URL").fill("http://127.0.0.1:9/hook")
    card.get_by_role("button", name="Add").click()
    expect(card.locator("li")).to_contain_text("http://127.0.0.1:9/hook")
    page.goto(f"{acme}/#/faults")
    page.get_by_label("API", exact=True).select_option("acme")
    page.get_by_role("switch", name="insufficient_funds").click()
    expect(page.locator(".enabled-faults")).to_contain_text("acme")

    page.goto(f"{acme}/#/orders/acme/ch_demo")
    page.get_by_role("button", name="Refund 50.00 USD").click()
    expect(page.get_by_role("region", name="Reply")).to_contain_text('"status": "failed"')
    page.get_by_role("button", name="Refund 50.00 USD").click()
    page.get_by_role("link", name="Webhook refund.created").click()

    expect(page.get_by_role("region", name="Payload")).to_contain_text('"charge": "ch_demo"')
    page.goto(f"{acme}/#/requests")
    page.get_by_label("API", exact=True).select_option("acme")
    page.locator(".option").last.click()
    page.get_by_role("button", name="Replay").click()
    expect(page.get_by_text("At most 0 can be refunded.")).to_be_visible()


def test_its_operations_are_in_the_api_reference(visit: Visitor, acme: str) -> None:
    page = visit("docs#/acme", base=acme)
    page.get_by_role("link", name="Refund a charge in full or in part", exact=True).click()

    page.get_by_role("button", name="Send").click()

    expect(page.locator(".refund-form .badge.code")).to_have_text("201")
    expect(page.get_by_role("region", name="Reply")).to_contain_text('"amount": 1000')
