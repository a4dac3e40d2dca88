"""Take the pictures of the console that the documentation shows: `.venv/bin/python -m docs.pictures`.

It needs Chromium and a free port 8000, which the pictures show.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from docs.generate.calls import NOW, send
from docs.generate.fluentcart_page import ADMIN

_FOLDER = Path(__file__).parent / "pictures"
_URL = "http://127.0.0.1:8000"
_ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def main() -> None:
    """Take every picture."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    _FOLDER.mkdir(exist_ok=True)
    with _serving(), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        for take in (_order, _requests, _faults, _demo):
            _control("POST", "/reset", {})
            _control("PUT", "/clock", {"frozen": True, "now": NOW})
            take(browser)
        browser.close()


@contextmanager
def _serving() -> Iterator[None]:
    command = [sys.executable, "-m", "refund_sandbox", "serve", "--port", _URL.rpartition(":")[2]]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - this program itself
    assert process.stdout
    if "listening" not in process.stdout.readline():
        raise RuntimeError(f"{_URL} is not free")
    try:
        yield
    finally:
        process.terminate()
        process.communicate(timeout=10)


def _order(browser: Browser) -> None:
    """An order that is refunded in part, with its subscription cancelled."""
    _refund(1006, {"transaction_id": 5007, "amount": 1000, "reason": "Damaged in transit"})
    _control("POST", "/clock/advance", {"by": "1h"})
    _refund(1006, {"transaction_id": 5007, "amount": 900, "cancelSubscription": "true"})
    with _page(browser, "#/orders/fluentcart/1006") as page:
        _save(page, "order")


def _requests(browser: Browser) -> None:
    """The request log, with the request whose gateway refund failed."""
    _refund(1001, {"transaction_id": 129237, "amount": 2500})
    _refund(1009, {"transaction_id": 5010, "amount": 4500})
    _refund(1008, {"transaction_id": 5009, "amount": 2500})
    with _page(browser, "#/requests") as page:
        page.locator(".option").first.click()
        page.get_by_role("region", name="Reply").wait_for()
        _save(page, "requests")


def _faults(browser: Browser) -> None:
    """The faults, with one that is enabled."""
    _control("POST", "/faults", {"scenario": "gateway_declined", "match": {"order_id": 1001}})
    with _page(browser, "#/faults") as page:
        _save(page, "faults")


def _demo(browser: Browser) -> None:
    """The demo of a lost reply, after the retry that refunded twice."""
    with _page(browser, "#/demos/reply-lost") as page:
        for number in range(3):
            page.get_by_role("button", name="Next", exact=True).click()
            page.locator(".step").nth(number).get_by_text("✗" if number else "✓").wait_for()
        _save(page, "demo")


@contextmanager
def _page(browser: Browser, place: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light", reduced_motion="reduce")
    page.goto(f"{_URL}/{place}")
    page.locator(".view").wait_for()
    page.get_by_text("Connected", exact=True).wait_for()
    yield page
    page.close()


def _save(page: Page, name: str) -> None:
    page.wait_for_timeout(300)  # until the last requests of the page are shown
    page.screenshot(path=_FOLDER / f"{name}.png")
    print(f"wrote {(_FOLDER / name).relative_to(_FOLDER.parents[1])}.png")


def _refund(order: int, info: Mapping[str, Any]) -> None:
    send(_URL, "POST", f"/wp-json/fluent-cart/v2/orders/{order}/refund", {"refund_info": info}, ADMIN)


def _control(method: str, path: str, document: Any) -> None:
    reply = send(_URL, method, f"/_sandbox{path}", document)
    if reply.status not in (200, 201):
        raise RuntimeError(f"{method} {path}: {reply}")


if __name__ == "__main__":
    main()
