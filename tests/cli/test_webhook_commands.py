"""Webhooks in the terminal: endpoints, events on demand, and a receiver."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from refund_sandbox.testing import Sandbox
from tests.support.command_line import json_of, output_of, run
from tests.support.waiting import wait_until
from tests.support.webhook_receiver import listening

ORDER_ID = "3c90c3cc-0d44-4b50-8888-8dd25736052a"


@contextmanager
def running(sandbox: Sandbox, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Run a command that prints until it is stopped. Its first line has been read."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "REFUND_SANDBOX_URL": sandbox.url}
    command = [sys.executable, "-m", "refund_sandbox", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.communicate(timeout=10)


def next_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


def test_an_endpoint_is_added_to_the_others_and_removed(sandbox: Sandbox) -> None:
    output_of(sandbox, "webhooks", "targets", "add", "http://127.0.0.1:1/a")
    output_of(sandbox, "webhooks", "targets", "add", "http://127.0.0.1:1/b", "--api", "funnelfox", "--secret", "s3cret")

    listed = output_of(sandbox, "webhooks", "targets").splitlines()
    assert [line.split() for line in listed[1:]] == [
        ["funnelfox", "http://127.0.0.1:1/a", "yes"],
        ["funnelfox", "http://127.0.0.1:1/b", "yes"],
        ["fluentcart", "http://127.0.0.1:1/a", "yes"],
    ]
    assert json_of(sandbox, "webhooks", "targets")["funnelfox"][1]["signing_secret"] == "s3cret"
    output_of(sandbox, "webhooks", "targets", "remove", "http://127.0.0.1:1/a")
    assert [one["url"] for one in sandbox.webhooks.targets()["funnelfox"]] == ["http://127.0.0.1:1/b"]
    assert sandbox.webhooks.targets()["fluentcart"] == []


def test_an_event_is_sent_without_a_refund(sandbox: Sandbox) -> None:
    with listening() as receiver:
        output_of(sandbox, "webhooks", "targets", "add", receiver.url)

        sent = json_of(sandbox, "trigger", "refund/settled", "--order", ORDER_ID)

        (received,) = receiver.wait_for(1)
    assert json.loads(received.body)["order_id"] == ORDER_ID
    assert [one["topic"] for one in sent] == ["refund/settled"]
    assert sandbox.funnelfox.find(ORDER_ID).refunds() == []


def test_topics_are_listed(sandbox: Sandbox) -> None:
    assert "refund/settled" in output_of(sandbox, "trigger")
    assert list(json_of(sandbox, "trigger", "--api", "fluentcart")) == ["fluentcart"]


def test_an_event_without_an_endpoint_is_an_error_that_says_what_to_do(sandbox: Sandbox) -> None:
    done = run(sandbox, "trigger", "refund/settled")

    assert done.exit_code == 2
    assert "No endpoint receives refund/settled. Add one: refund-sandbox listen" in done.stderr


def test_a_receiver_shows_topic_and_signature_and_leaves_no_endpoint(sandbox: Sandbox) -> None:
    with running(sandbox, "listen") as process:
        output_of(sandbox, "refund", ORDER_ID, "--amount", "1.00")
        lines = [next_line(process), next_line(process)]
        output_of(sandbox, "trigger", "order_fully_refunded", "--order", "1001")
        lines.append(next_line(process))
        process.send_signal(signal.SIGTERM)
        code = process.wait(10)

    assert [line[9:] for line in lines] == [
        "refund/settled  200  signature valid",
        "subscription/unsubscription  200  signature valid",
        "order_fully_refunded  200  signature none",
    ]
    assert code == 0
    assert sandbox.webhooks.targets() == {"funnelfox": [], "fluentcart": []}


def test_a_receiver_survives_a_reset(sandbox: Sandbox) -> None:
    with running(sandbox, "listen") as process:
        wait_until(sandbox.webhooks.targets)
        sandbox.reset()
        assert sandbox.webhooks.targets()["funnelfox"] == []
        wait_until(lambda: sandbox.webhooks.targets()["funnelfox"])

        output_of(sandbox, "trigger", "refund/settled")

        assert "refund/settled  200  signature valid" in next_line(process)


def test_a_wrong_signature_is_shown(sandbox: Sandbox) -> None:
    sandbox.fault("webhook_wrongly_signed")
    with running(sandbox, "listen", "--api", "funnelfox", "--status", "500") as process:
        output_of(sandbox, "trigger", "order/settled")

        assert next_line(process)[9:] == "order/settled  500  signature invalid"


def test_a_receiver_forwards_and_answers_as_the_other_endpoint(sandbox: Sandbox) -> None:
    with (
        listening() as receiver,
        running(sandbox, "listen", "--forward-to", receiver.url, "--body", "--secret", "s3cret") as process,
    ):
        receiver.statuses = [503]
        output_of(sandbox, "trigger", "order/settled")
        line, body = next_line(process), next_line(process)

        (forwarded,) = receiver.wait_for(1)
    assert line[9:] == "order/settled  503  signature valid"
    assert forwarded.body == body.encode()
    assert "ff-webhook-signature" in forwarded.headers


def test_a_port_in_use_is_named(sandbox: Sandbox) -> None:
    port = sandbox.url.rsplit(":", 1)[1]

    done = run(sandbox, "listen", "--port", port)

    assert done.exit_code == 2
    hint = "Use another --port, or 0 for any free one."
    assert done.stderr == f"refund-sandbox: can't listen on 127.0.0.1:{port}: Address already in use. {hint}\n"


def test_an_endpoint_that_can_not_be_reached_is_named(sandbox: Sandbox) -> None:
    with running(sandbox, "listen", "--forward-to", "http://127.0.0.1:1/hook") as process:
        output_of(sandbox, "trigger", "order/settled")

        assert "502  signature valid  http://127.0.0.1:1/hook: " in next_line(process)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_does_not_leave_the_endpoint(sandbox: Sandbox, number: signal.Signals) -> None:
    with running(sandbox, "listen") as process:
        for _ in range(20):  # as wrappers such as `timeout` do, which signal the command and its process group
            process.send_signal(number)
        process.wait(timeout=20)

    assert sandbox.webhooks.targets() == {"funnelfox": [], "fluentcart": []}


@pytest.mark.parametrize("command", [("listen", "--forward-to"), ("webhooks", "targets", "add")])
def test_a_url_without_a_scheme_is_refused(sandbox: Sandbox, command: tuple[str, ...]) -> None:
    done = run(sandbox, *command, "localhost:3000")

    assert done.exit_code == 2
    assert done.stderr == "refund-sandbox: Invalid URL 'localhost:3000'. Use http://HOST:PORT/PATH.\n"


def test_an_endpoint_is_added_once(sandbox: Sandbox) -> None:
    url = "http://127.0.0.1:9/"
    output_of(sandbox, "webhooks", "targets", "add", url, "--api", "fluentcart")
    output_of(sandbox, "webhooks", "targets", "add", url)

    done = run(sandbox, "webhooks", "targets", "add", url)

    assert done.exit_code == 2
    assert "Endpoint http://127.0.0.1:9/ exists already." in done.stderr
    assert [len(listed) for listed in sandbox.webhooks.targets().values()] == [1, 1]


@pytest.mark.slow
def test_from_the_start_to_the_first_webhook_in_three_commands() -> None:
    command = [sys.executable, "-u", "-m", "refund_sandbox"]
    with subprocess.Popen([*command, "serve", "--port", "0"], stdout=subprocess.PIPE, text=True) as server:  # first command
        assert server.stdout is not None
        url = server.stdout.readline().split()[-1]
        environment = {**os.environ, "REFUND_SANDBOX_URL": url}
        with subprocess.Popen([*command, "listen"], stdout=subprocess.PIPE, text=True, env=environment) as listener:  # second
            assert listener.stdout is not None
            wait_until(lambda: "Listening" in listener.stdout.readline())  # type: ignore[union-attr]

            subprocess.run([*command, "trigger", "refund/settled"], env=environment, check=True, capture_output=True)  # third

            assert "refund/settled  200  signature valid" in listener.stdout.readline()
            listener.terminate()
        server.terminate()
