"""A real Chromium for the console's tests; what the console complains of fails the test that it happened in."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from refund_sandbox.app import SandboxApp

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium. It ends with the module: while it runs, no other event loop can in this thread."""
    program = next((found for name in _PROGRAMS if (found := shutil.which(name))), None)
    if program is None and os.environ.get("CI"):
        pytest.fail("CI must have Chromium: apt-get install chromium")
    if program is None:
        pytest.skip(f"no browser: none of {', '.join(_PROGRAMS)} is installed; `apt-get install chromium` brings one")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def url(address: tuple[str, int]) -> str:
    return "http://{}:{}".format(*address)


Visitor = Callable[..., Page]


@pytest.fixture
def complaints() -> list[str]:
    """What the page has complained of; a test that wants it to complain empties it."""
    return []


@pytest.fixture
def visit(browser: Browser, url: str, complaints: list[str]) -> Iterator[Visitor]:
    """Opens the console at a place, in a window of its own, and waits until it is there."""
    contexts: list[BrowserContext] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:  # refusals are shown, not hidden
            complaints.append(message.text)

    def open_at(place: str = "", *, base: str = url, ready: str = ".view", **options: object) -> Page:
        context = browser.new_context(**options)  # type: ignore[arg-type]  # whatever Playwright takes
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{base}/{place}")
        page.wait_for_selector(ready)
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def demo(sandbox: SandboxApp) -> SandboxApp:
    """The demo world without the workspaces that stories have left."""
    for name in sandbox.workspaces.names():
        if name != "default":
            sandbox.workspaces.delete(name)
    return sandbox
