"""What the console weighs, when it is first painted, and how soon a number changes, in a real Chromium.

Run it with `.venv/bin/python -m tests.bench.console [ROUNDS]`.
"""

import shutil
import statistics
import sys
import time
from collections.abc import Callable

from playwright.sync_api import Browser, Page, sync_playwright

from tests.console.acts import refund, serve

_ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
_SIZES = (
    "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
    ".filter((one) => !one.name.includes('_sandbox')).reduce((sum, one) => sum + one.transferSize, 0)"
)
_WATCH = (
    "window.changedAt = 0; new MutationObserver(() => { window.changedAt ||= Date.now(); })"
    ".observe(document.querySelector('[data-figure=refunded]'), { childList: true, characterData: true, subtree: true })"
)


def first_paint(browser: Browser, url: str) -> tuple[float, float, int]:
    """Milliseconds to the first paint and to the list of orders, and the bytes of all views, without a cache."""
    page = browser.new_context().new_page()
    began = time.perf_counter()
    page.goto(f"{url}/")
    page.wait_for_selector("tbody tr")
    listed = (time.perf_counter() - began) * 1000
    painted: float = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    for name in ("Requests", "Failures", "Webhooks", "World", "Stories"):
        page.get_by_role("link", name=name, exact=True).click()
        page.wait_for_selector(f"[data-view={name.lower()}]")
    size: int = page.evaluate(_SIZES)
    page.context.close()
    return painted, listed, size


def update(page: Page, url: str) -> float:
    """Milliseconds from another client's reply to the new number."""
    page.evaluate(_WATCH)
    refund(url, amount=1)
    booked = time.time()
    while not page.evaluate("window.changedAt"):
        page.wait_for_timeout(2)
    return (float(page.evaluate("window.changedAt")) / 1000 - booked) * 1000


def main(rounds: int, say: Callable[[str], object]) -> None:
    """Prints medians."""
    served = serve()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_ARGUMENTS)
        shown = [first_paint(browser, served.url) for _ in range(rounds)]
        page = browser.new_page()
        page.goto(f"{served.url}/#/orders/fluentcart/1001")
        page.wait_for_selector("#live[data-state=live]")
        updates = [update(page, served.url) for _ in range(rounds * 3)]
        browser.close()
    served.stop()
    painted, listed, sizes = (statistics.median(column) for column in zip(*shown, strict=True))
    say(f"first paint {painted:.0f} ms, orders listed {listed:.0f} ms, all views {sizes / 1000:.1f} kB")
    say(f"a number changes after {statistics.median(updates):.0f} ms (slowest {max(updates):.0f} ms)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7, print)
