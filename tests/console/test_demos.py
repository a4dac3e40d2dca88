"""Every demo has the results that its script expects: in the browser step by step and on its own, and in the terminal."""

import json
import subprocess
import sys

import httpx2
import pytest
from playwright.sync_api import expect

from refund_sandbox.app import SandboxApp
from refund_sandbox.cli.demo import SCRIPT
from refund_sandbox.cli.main import main
from tests.console.conftest import Visitor, off_loop
from tests.support.command_line import runner

pytestmark = pytest.mark.memory_only
DEMOS = json.loads(SCRIPT.read_text())["demos"]


@pytest.mark.sampled(6)
@pytest.mark.parametrize("script", DEMOS, ids=[script["id"] for script in DEMOS])
def test_a_demo_runs_to_its_end(script: dict[str, list[object]], visit: Visitor, demo: SandboxApp) -> None:
    page = visit(f"#/demos/{script['id']}", reduced_motion="reduce")  # a button that scrolls away can't be clicked

    for place in range(len(script["steps"])):
        page.get_by_role("button", name="Next", exact=True).click()
        expect(page.locator("li.step[data-differences]")).to_have_count(place + 1)

    assert page.locator("li.step").evaluate_all("steps => steps.map((step) => step.dataset.differences)") == ["0"] * (place + 1)
    expect(page.locator(".steps")).to_have_attribute("data-done", "true")
    expect(page.get_by_text("Demo complete.")).to_be_visible()


@pytest.mark.slow
def test_a_demo_runs_on_its_own_and_does_not_change_other_workspaces(visit: Visitor, demo: SandboxApp) -> None:
    page = visit("#/demos")
    page.get_by_role("link", name="Partial refunds and the limit").click()

    page.get_by_role("button", name="Run all").click()

    expect(page.get_by_text("Demo complete.")).to_be_visible(timeout=20_000)
    expect(page.locator("li.step[data-differences='0']")).to_have_count(3)
    order = off_loop(lambda: demo.workspace.find_order("funnelfox", "00000000-0000-4000-8000-000000000002"))
    assert order is not None
    assert len(order["transactions"]) == 1


def test_every_demo_runs_in_the_terminal() -> None:
    result = runner().invoke(main, ["demo", "--terminal"])

    assert result.exit_code == 0, result.output
    assert result.output.startswith("refund-sandbox listening on http://127.0.0.1:")
    assert all(script["title"] in result.output for script in DEMOS)
    assert result.output.count("  →  ") == sum(len(script["steps"]) for script in DEMOS)


def test_an_unknown_demo_is_refused() -> None:
    result = runner().invoke(main, ["demo", "--terminal", "--demo", "nothing"])

    assert result.exit_code == 2
    assert "Unknown demo 'nothing'. Known: full-refund" in result.output


def test_demos_are_served_for_a_browser() -> None:
    command = [sys.executable, "-m", "refund_sandbox", "demo", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("refund-sandbox listening on ").strip()
        assert process.stdout.readline().startswith(f"Demos: {url}/#/demos")

        assert "<title>refund-sandbox</title>" in httpx2.get(f"{url}/", timeout=20).text

        process.terminate()
        process.wait(10)
