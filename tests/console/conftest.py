"""Chromium for the console's tests. An error in the browser's console fails the test."""

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from refund_sandbox.app import SandboxApp
from tests.support.browser import COUNT_REQUESTS

T = TypeVar("T")
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    "--host-resolver-rules=MAP elsewhere.example 127.0.0.1",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for one module: while it runs, no other event loop can run in this thread."""
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
def page_errors() -> list[str]:
    """Errors that the page logged. A test that expects errors clears the list."""
    return []


@pytest.fixture
def visit(browser: Browser, url: str, page_errors: list[str]) -> Iterator[Visitor]:
    """Function that opens a page of the console in its own window and waits until it is shown."""
    contexts: list[BrowserContext] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:  # the console shows refused requests itself
            page_errors.append(message.text)

    def open_at(place: str = "", *, base: str = url, ready: str = ".view", **options: object) -> Page:
        context = browser.new_context(**options)  # type: ignore[arg-type]  # whatever Playwright takes
        context.set_default_timeout(10_000)
        contexts.append(context)
        context.add_init_script(COUNT_REQUESTS)
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: page_errors.append(str(error)))
        page.goto(f"{base}/{place}")
        page.wait_for_selector(ready)
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert page_errors == []


def off_loop(function: Callable[[], T]) -> T:
    """Call a function in another thread: Playwright runs an event loop in this one, which waits for no lock of a store."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()


@pytest.fixture
def sandbox(shared_sandbox: SandboxApp) -> SandboxApp:
    """The demo state with strict validation; every reply is checked against its spec."""
    off_loop(shared_sandbox.workspace.reset)
    return shared_sandbox


@pytest.fixture
def demo(sandbox: SandboxApp) -> SandboxApp:
    """The sandbox without the workspaces of earlier demos."""
    for name in sandbox.workspaces.names():
        if name != "default":
            off_loop(partial(sandbox.workspaces.delete, name))
    return sandbox
