"""Console in a real Chromium: size, first paint, delay of updates, and longest tasks with much data.

Run it with `.venv/bin/python -m tests.bench.console [UPDATES]`.
"""

import shutil
import statistics
import sys
import time
from collections.abc import Callable, Sequence

from playwright.sync_api import Browser, Page, sync_playwright

from refund_sandbox.settings import Settings
from tests.bench import servers
from tests.support import browser as acts

_ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
_VISITS = 7
_SIZES = (
    "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
    ".filter((one) => !one.name.includes('_sandbox')).reduce((sum, one) => sum + one.transferSize, 0)"
)
_WATCH = (
    "window.changedAt = 0; new MutationObserver(() => { window.changedAt ||= Date.now(); })"
    ".observe(document.querySelector('[data-figure=refunded]'), { childList: true, characterData: true, subtree: true })"
)
_TASKS = (
    "window.longest = 0; new PerformanceObserver((list) => list.getEntries()"
    ".forEach((task) => { window.longest = Math.max(window.longest, task.duration); })).observe({ type: 'longtask' })"
)
_WHOLE = "document.querySelector('p[role=status]').textContent === '5,000 requests'"
_SCROLL = "(list) => { list.scrollTop = list.scrollHeight; }"


def first_paint(browser: Browser, url: str) -> tuple[float, float, int]:
    """Return milliseconds to the first paint and to the order list, and the bytes of all views, without a cache."""
    page = browser.new_context().new_page()
    began = time.perf_counter()
    page.goto(f"{url}/")
    page.wait_for_selector("tbody tr")
    listed = (time.perf_counter() - began) * 1000
    painted: float = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    for name in ("Requests", "Faults", "Webhooks", "Environment", "Demos"):
        page.get_by_role("link", name=name, exact=True).click()
        page.wait_for_selector(f"[data-view={name.lower()}]")
    size: int = page.evaluate(_SIZES)
    page.context.close()
    return painted, listed, size


def update(page: Page, url: str) -> float:
    """Return milliseconds from another client's reply to the new number on the page."""
    page.evaluate(_WATCH)
    acts.refund(url, amount=1)
    booked = time.time()
    while not page.evaluate("window.changedAt"):
        page.wait_for_timeout(30)
    return (float(page.evaluate("window.changedAt")) / 1000 - booked) * 1000


def smoothness(browser: Browser, url: str) -> dict[str, float]:
    """Return the longest task of the page in milliseconds, by user action. 0 means that none took more than 50 ms."""
    page = browser.new_context().new_page()
    page.add_init_script(_TASKS)
    longest: dict[str, float] = {}

    def note(act: str) -> None:
        page.wait_for_timeout(300)
        longest[act] = page.evaluate("window.longest")
        page.evaluate("window.longest = 0")

    page.goto(f"{url}/#/orders/fluentcart")
    page.wait_for_selector("tbody tr")
    note("open orders")
    page.get_by_role("button", name="Last").click()
    page.get_by_label("Search").press_sequentially("999", delay=60)
    note("page and search orders")
    page.goto(f"{url}/#/requests")
    page.wait_for_selector(".option")
    note("open requests")
    requests = page.get_by_role("listbox")
    while not page.evaluate(_WHOLE):
        requests.evaluate(_SCROLL)
        page.wait_for_timeout(20)
    note("scroll through requests")
    page.get_by_label("Search").press_sequentially("orders/77", delay=60)
    note("search requests")
    page.get_by_label("Search").fill("")
    for _ in range(50):
        acts.refund(url, order=6000, charge=6000, amount=1)
    note("50 more requests")
    page.context.close()
    return longest


def main(updates: int, say: Callable[[str], object]) -> None:
    """Print medians, and the slowest update."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_ARGUMENTS)
        with servers.serve("memory://") as serving:
            url = f"http://127.0.0.1:{serving.port}"
            shown = [first_paint(browser, url) for _ in range(_VISITS)]
            page = browser.new_page()
            page.goto(f"{url}/#/orders/fluentcart/1001")
            page.wait_for_selector("[data-figure=refunded]")
            page.wait_for_selector("#connection[data-state=connected]")
            took = [update(page, url) for _ in range(updates)]
        served = acts.serve(settings=Settings(journal_size=6000))
        acts.fill(served, 10_000, 5_000)
        longest = smoothness(browser, served.url)
        served.stop()
        browser.close()
    painted, listed, sizes = (statistics.median(column) for column in zip(*shown, strict=True))
    say(f"first paint {painted:.0f} ms, orders listed {listed:.0f} ms, all views {sizes / 1000:.1f} kB")
    say(f"a number changes after {_spread(took)}")
    say(f"longest task with 10,000 orders and 5,000 requests: {', '.join(f'{act} {ms:.0f} ms' for act, ms in longest.items())}")


def _spread(took: Sequence[float]) -> str:
    p95 = statistics.quantiles(took, n=20)[-1]
    return f"{statistics.median(took):.0f} ms (95 % within {p95:.0f} ms, slowest of {len(took)} {max(took):.0f} ms)"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50, print)
