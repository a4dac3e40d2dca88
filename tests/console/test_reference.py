"""The API reference shows every operation of both specs with its fidelity, and a form that sends it."""

import shutil
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from refund_sandbox.core.spec import loader
from tests.console.conftest import Visitor
from tests.support.browser import FUNNELFOX, control

pytestmark = pytest.mark.memory_only
_PROGRAMS = [("Python", [sys.executable, "-c"]), ("Node", ["node", "--input-type=module", "-e"]), ("PHP", ["php", "-r"])]
"""Languages of the API reference, and the programs that run a text."""


@pytest.mark.slow
@pytest.mark.parametrize("api", ["funnelfox", "fluentcart"])
def test_every_operation_has_a_page_with_its_fidelity(api: str, visit: Visitor, url: str) -> None:
    page = visit(f"docs#/{api}")
    expect(page.locator(".contents a")).to_have_count(len(loader.load(api).operations))

    for operation in loader.load(api).operations:
        page.goto(f"{url}/docs#/{api}/{operation.operation_id}")
        expect(page.locator("code.path")).to_have_text(f"{operation.method} {operation.path}")
        expect(page.locator(".view header .badge")).to_have_text(str(operation.extensions["x-certainty"]))


@pytest.mark.sampled(12)
@pytest.mark.parametrize(
    ("place", "reply"),
    [
        ("fluentcart/refundOrder", "Refund processed on Stripe"),
        ("fluentcart/listOrders", "current_page"),
        ("funnelfox/refundPayment", "{}"),
        ("funnelfox/listAssets", "premium_monthly_999"),
        (f"funnelfox/refundPayment/{FUNNELFOX}", "{}"),
    ],
)
def test_a_prefilled_operation_succeeds(place: str, reply: str, visit: Visitor) -> None:
    page = visit(f"docs#/{place}")

    page.get_by_role("button", name="Send").click()

    expect(page.get_by_role("region", name="Reply")).to_contain_text(reply)
    expect(page.locator(".refund-form .badge.code")).to_have_text("200")


@pytest.mark.slow
def test_an_order_opens_its_refund_in_the_api_reference(visit: Visitor) -> None:
    page = visit("#/orders/fluentcart/1004")

    page.get_by_role("link", name="Open in API reference").click()

    expect(page.get_by_label("order_id")).to_have_value("1004")
    expect(page.get_by_label("Body")).to_have_value(
        '{\n  "refund_info": {\n    "transaction_id": 5004,\n    "amount": 7500\n  }\n}'
    )


@pytest.mark.slow
def test_the_reference_begins_with_the_refund(visit: Visitor, url: str) -> None:
    page = visit("docs#/funnelfox")

    expect(page.locator(".contents h2").first).to_have_text("Refund")
    for text in (f"{url}/your-org-id/v1", "ff-secret-key: sandbox-secret-key", "Replies to a refund", "refund/settled"):
        expect(page.locator(".view")).to_contain_text(text)


def test_operations_are_searched(visit: Visitor) -> None:
    page = visit("docs#/fluentcart")

    page.get_by_label("Search").fill("refund")

    expect(page.locator(".contents a:visible").first).to_have_text("Refund an order")
    expect(page.locator(".contents a:visible", has_text="List orders")).to_have_count(0)


def test_the_control_api_is_sent_from_the_reference(visit: Visitor, url: str) -> None:
    page = visit("docs#/sandbox/advanceClock")

    page.get_by_label("Body").fill('{"by": "30d"}')
    page.get_by_role("button", name="Send").click()

    expect(page.locator(".refund-form .badge.code")).to_have_text("200")
    assert control(url, "GET", "/clock")["ahead_seconds"] > 29 * 86400


@pytest.mark.slow
@pytest.mark.parametrize("api", ["fluentcart/refundOrder", "funnelfox/refundPayment"])
@pytest.mark.parametrize(("language", "program"), _PROGRAMS)
def test_the_code_of_each_language_refunds(language: str, program: list[str], api: str, visit: Visitor, url: str) -> None:
    if shutil.which(program[0]) is None:
        pytest.skip(f"{program[0]} is not installed")
    page = visit(f"docs#/{api}")
    page.get_by_label("Language").select_option(language)
    code = page.get_by_role("region", name="Request").inner_text()
    code = code.replace("import requests", "import httpx2 as requests").removeprefix("<?php")

    sent = subprocess.run([*program, code], capture_output=True, text=True, timeout=60)

    assert sent.returncode == 0, sent.stderr
    (request,) = control(url, "GET", "/requests")["requests"]
    assert (request["operation"], request["status"]) == (api.partition("/")[2], 200)
