"""Every demo has the results that its script expects: in the browser step by step and on its own, and in the terminal."""

import json
import subprocess
import sys

import httpx2
import pytest
from playwright.sync_api import expect

from refund_sandbox.app import SandboxApp
from refund_sandbox.cli.demo import BOOK
from refund_sandbox.cli.main import main
from tests.console.conftest import Visitor
from tests.support.command_line import runner

pytestmark = pytest.mark.memory_only
STORIES = json.loads(BOOK.read_text())["demos"]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("story", STORIES, ids=[story["id"] for story in STORIES])
def test_a_story_plays_to_its_end(story: dict[str, list[object]], visit: Visitor, demo: SandboxApp) -> None:
    page = visit(f"#/demos/{story['id']}", reduced_motion="reduce")  # a button that scrolls away can't be clicked

    for place in range(len(story["steps"])):
        page.get_by_role("button", name="Next", exact=True).click()
        expect(page.locator("li.step[data-differences]")).to_have_count(place + 1)

    assert page.locator("li.step").evaluate_all("steps => steps.map((step) => step.dataset.differences)") == ["0"] * (place + 1)
    expect(page.locator(".steps")).to_have_attribute("data-done", "true")
    expect(page.get_by_text("Demo complete.")).to_be_visible()


def test_a_story_plays_by_itself_and_leaves_the_world_alone(visit: Visitor, demo: SandboxApp) -> None:
    page = visit("#/demos")
    page.get_by_role("link", name="Partial refunds and the limit").click()

    page.get_by_role("button", name="Run all").click()

    expect(page.get_by_text("Demo complete.")).to_be_visible(timeout=20_000)
    expect(page.locator("li.step[data-differences='0']")).to_have_count(3)
    order = demo.workspace.apis["funnelfox"].find_order("00000000-0000-4000-8000-000000000002")
    assert order is not None
    assert len(order["transactions"]) == 1


def test_the_terminal_plays_every_story() -> None:
    result = runner().invoke(main, ["demo", "--terminal"])

    assert result.exit_code == 0, result.output
    assert result.output.startswith("refund-sandbox listening on http://127.0.0.1:")
    assert all(story["title"] in result.output for story in STORIES)
    assert result.output.count("  →  ") == sum(len(story["steps"]) for story in STORIES)


def test_an_unknown_story_is_refused() -> None:
    result = runner().invoke(main, ["demo", "--terminal", "--story", "nothing"])

    assert result.exit_code == 2
    assert "There is no story nothing; there are full-refund" in result.output


def test_demo_serves_the_stories() -> None:
    command = [sys.executable, "-m", "refund_sandbox", "demo", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("refund-sandbox listening on ").strip()
        assert process.stdout.readline().startswith(f"The stories are at {url}/#/demos")

        assert "<title>refund-sandbox</title>" in httpx2.get(f"{url}/", timeout=20).text

        process.terminate()
        process.wait(10)
