"""`verify --refund`: sent once whatever happens on the way, and only if a person or a script agrees."""

import json
import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from click.testing import Result

from refund_sandbox.cli.main import main
from refund_sandbox.testing import Sandbox
from tests.support.command_line import handle_interrupts, runner
from tests.support.live_service import NO_REPLY, RESET, Answer, LiveService, Received, forward, serving
from tests.verify.conftest import Verify
from tests.verify.test_fluentcart_shop import USER, differing, row_of

pytestmark = pytest.mark.memory_only
REFUND = "The order after the refund"


@pytest.fixture
def shop() -> Iterator[Sandbox]:
    with Sandbox(validation="live") as shop:
        yield shop


def arguments(url: str, *more: str) -> list[str]:
    return ["verify", "--api", "fluentcart", "--base-url", url, "--user", USER, *more]


def invoke(url: str, *more: str) -> Result:
    return runner().invoke(main, arguments(url, *more))


def refunded(shop: Sandbox, order: str = "1001") -> int:
    return int(shop.client.get("/fluentcart/orders", id=order)["orders"][0]["refunded"])


def refunds_sent(service: LiveService, order: str = "1001") -> list[Received]:
    """The requests that could have booked a refund of the order."""
    posts = [one for one in service.requests if one.method == "POST" and one.path.endswith(f"/orders/{order}/refund")]
    return [one for one in posts if json.loads(one.content)["refund_info"].get("amount")]


@pytest.mark.sampled(2)
@pytest.mark.parametrize(("version", "amount"), [("1.6.5", 550), ("1.5.2", 5.5), ("1.3.25", 5.5)])
def test_a_refund_is_sent_once_in_the_unit_of_the_version(version: str, amount: float, shop: Sandbox, verify: Verify) -> None:
    shop.settings(fluentcart={"version": version})
    with serving(lambda received: forward(shop.url, received)) as service:
        report = verify("fluentcart", service.url, user=USER, order="1001", refund=("1001", "5.50"))

    assert differing(report) == {}
    assert row_of(report, "Refund 5.50 USD of order 1001").outcome == "alike"
    assert [json.loads(one.content)["refund_info"]["amount"] for one in refunds_sent(service)] == [amount]
    assert refunded(shop) == 550


def test_a_refund_that_the_gateway_refuses_is_refused_in_the_sandbox_too(shop: Sandbox, verify: Verify) -> None:
    report = verify("fluentcart", shop.url, user=USER, order="1008", refund=("1008", "1"))

    assert row_of(report, "Refund 1.00 USD of order 1008").outcome == "alike"
    assert refunded(shop, "1008") == 100


@pytest.mark.sampled(5)
@pytest.mark.parametrize(
    "failure", [RESET, NO_REPLY, Answer(502, {"Content-Type": "text/html"}, b"Bad Gateway"), Answer(500, {}, b"{}")]
)
@pytest.mark.parametrize("is_booked", [True, False])
def test_a_refund_that_fails_on_the_way_is_not_sent_again(failure: Answer, is_booked: bool, shop: Sandbox) -> None:
    def answer(received: Received) -> Answer:
        if not (received.method == "POST" and received.path.endswith("/orders/1001/refund")):
            return forward(shop.url, received)
        if is_booked:
            forward(shop.url, received)
        return failure

    with serving(answer) as service:
        done = invoke(service.url, "--refund", "1001:5.50", "--yes")

    assert done.exit_code == 2
    assert done.stderr.endswith("look at order 1001 before you do anything else. It was not sent again.\n")
    assert "unknown" in done.stdout
    assert len(refunds_sent(service)) == 1
    assert refunded(shop) == (550 if is_booked else 0)


def test_a_refund_that_takes_too_long_is_not_sent_again(shop: Sandbox) -> None:
    with ExitStack() as stack:
        release = threading.Event()
        stack.callback(release.set)

        def answer(received: Received) -> Answer:
            is_refund = (received.method == "POST" and b"5.5" in received.content) or b"550" in received.content
            if is_refund:
                release.wait(30)
            return forward(shop.url, received)

        service = stack.enter_context(serving(answer))
        done = invoke(service.url, "--refund", "1001:5.50", "--yes", "--timeout", "3", "--json")
        sent = len(refunds_sent(service))

    assert done.exit_code == 2
    assert sent == 1
    assert json.loads(done.stdout)["counts"]["unknown"] == 1


def test_an_interrupted_refund_is_a_failure_that_names_the_order(shop: Sandbox) -> None:
    arrived, release = threading.Event(), threading.Event()

    def answer(received: Received) -> Answer:
        if received.method == "POST" and received.path.endswith("/orders/1001/refund") and b"550" in received.content:
            arrived.set()
            release.wait(30)
        return forward(shop.url, received)

    with serving(answer) as service:
        command = [sys.executable, "-m", "refund_sandbox", *arguments(service.url, "--refund", "1001:5.50", "--yes")]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=handle_interrupts
        ) as process:
            assert arrived.wait(30)
            process.send_signal(signal.SIGINT)
            printed, errors = process.communicate(timeout=30)
        release.set()

    assert (process.returncode, printed) == (2, "")
    assert errors == "refund-sandbox: Interrupted. If the refund was sent, it may be booked: look at order 1001.\n"
    assert len(refunds_sent(service)) == 1


def test_without_a_terminal_and_without_yes_nothing_is_refunded(shop: Sandbox) -> None:
    with serving(lambda received: forward(shop.url, received)) as service:
        done = invoke(service.url, "--refund", "1001:5.50")

    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == "refund-sandbox: --refund needs a terminal for its question, or --yes.\n"
    assert [one for one in service.requests if one.method != "GET"] == []


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("typed", "exit_code", "booked"), [(b"y\n", 0, 550), (b"n\n", 2, 0), (b"\n", 2, 0), (b"\x04", 1, 0)])
def test_a_person_is_asked_before_the_refund(typed: bytes, exit_code: int, booked: int, shop: Sandbox) -> None:
    control, terminal = pty.openpty()
    os.write(control, typed)
    command = [sys.executable, "-m", "refund_sandbox", *arguments(shop.url, "--refund", "1001:5.50")]
    done = subprocess.run(command, stdin=terminal, capture_output=True, text=True, timeout=60, check=False)
    os.close(terminal)
    os.close(control)

    assert done.returncode == exit_code
    assert "Refund 5.50 USD of order 1001 at http://127.0.0.1" in done.stderr
    assert refunded(shop) == booked


def test_a_refund_needs_a_certain_version_since_it_decides_the_unit(shop: Sandbox) -> None:
    def answer(received: Received) -> Answer:
        return Answer(404, {}, b"{}") if "/wp/v2/" in received.path else forward(shop.url, received)

    with serving(answer) as service:
        done = invoke(service.url, "--refund", "1001:5.50", "--yes")

    assert done.exit_code == 2
    assert "Add --version: it decides the unit" in done.stderr
    assert refunded(shop) == 0


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--refund", "1001"], "Invalid value for --refund: '1001' (expected ORDER:AMOUNT, such as 1001:25.00)."),
        (["--refund", "1001:abc", "--yes"], "Invalid amount 'abc'. Use the amount in the order's currency, such as 25.00."),
        (["--refund", "1001:-5", "--yes"], "Invalid amount '-5'. Use the amount in the order's currency, such as 25.00."),
        (["--refund", "1001:0.001", "--yes"], "Invalid amount '0.001'. Use the amount in the order's currency, such as 25.00."),
        (["--refund", "1001:5", "--order", "1002"], "--refund and --order name two orders."),
        (["--refund", "1002:inf", "--yes"], "Invalid amount 'inf'. Use the amount in the order's currency, such as 25.00."),
    ],
)
def test_an_impossible_refund_is_refused_before_anything_is_sent_that_writes(
    options: list[str], error: str, shop: Sandbox
) -> None:
    before: Any = shop.client.get("/state")

    done = invoke(shop.url, *options)

    assert (done.exit_code, done.stderr) == (2, f"refund-sandbox: {error}\n")
    assert shop.client.get("/state") == before
