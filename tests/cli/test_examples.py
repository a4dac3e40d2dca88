"""The examples in the help of each command, run as they are printed."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from refund_sandbox.cli.main import main
from refund_sandbox.testing import Sandbox
from tests.support.command_line import run, runner
from tests.support.paths import CONTRIBUTED
from tests.support.waiting import wait_until

UNTIL_STOPPED = re.compile(r"refund-sandbox (serve|listen|record|demo(?!.*--auto)|mcp)|--follow")
"""Commands that run until they are stopped."""
NEEDS_A_LIVE_SERVICE = "refund-sandbox verify"
"""Command that tests/verify runs: it needs another service than the sandbox."""


def commands(group: click.Group = main, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its name, except the default ones of groups, whose help is that of the group."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command
        if command.hidden:
            continue
        yield " ".join((*path, name)), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


def examples(command: click.Command) -> list[str]:
    """Return the command lines below `Examples:`."""
    _, _, text = (command.help or "").partition("Examples:\n")
    lines = text.split("\n\n")[0].splitlines()
    return [line.strip() for line in lines if line.strip()]


ALL = [(name, example) for name, command in (("", main), *commands()) for example in examples(command)]


def test_every_command_has_an_example_of_itself() -> None:
    without = [name for name, command in commands() if not any(f"refund-sandbox {name}" in one for one in examples(command))]

    assert without == []


def help_of(name: str) -> list[str]:
    """Lines of the help of a command, in a terminal of 80 columns."""
    return runner().invoke(main, [*name.split(), "--help"], terminal_width=80).stdout.splitlines()


def test_no_description_in_a_list_of_commands_is_cut_off() -> None:
    groups = [("", main), *((name, command) for name, command in commands() if isinstance(command, click.Group))]

    cut = [(name, line) for name, _ in groups for line in help_of(name) if re.match(r" .*\w\.\.\.$", line)]

    assert len(groups) > 8
    assert cut == []


@pytest.fixture
def prepared(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A sandbox with all that examples name: a snapshot, a workspace, a fault that holds, an endpoint, a delivery, files."""
    monkeypatch.chdir(tmp_path)
    endpoint = "http://127.0.0.1:3000/webhooks"
    sandbox.webhooks.targets(funnelfox=[{"url": endpoint}], fluentcart=[{"request_url": endpoint}])
    sandbox.client.post("/funnelfox/webhooks/trigger", {"topic": "refund/settled"})
    sandbox.client.post("/snapshots", {"name": "before"})
    sandbox.workspace("mine").reset()
    sandbox.workspace("agent").reset()
    sandbox.client.post("/faults", {"api": "fluentcart", "at": "before", "hold": "door", "match": {"order_id": 1015}})
    (tmp_path / "my-orders.yaml").write_text("fluentcart: {orders: [{id: 1}]}")
    (tmp_path / "state.yaml").write_text("fluentcart: {orders: [{id: 1}]}")
    shutil.copy(CONTRIBUTED / "40_refunds_of_fluentcart_1.5.2.json", tmp_path / "40_my_shop.json")
    return sandbox


@pytest.mark.sampled(6)
@pytest.mark.parametrize(
    ("name", "example"), [one for one in ALL if not UNTIL_STOPPED.search(one[1]) and NEEDS_A_LIVE_SERVICE not in one[1]]
)
def test_an_example_succeeds(prepared: Sandbox, name: str, example: str) -> None:
    command, _, file = example.partition(" > ")
    words = shlex.split(command)
    assert words[0] == "refund-sandbox"
    if "targets add" in command:  # an endpoint is added once only
        prepared.webhooks.targets(funnelfox=[], fluentcart=[])

    done = run(prepared, *words[1:])

    assert done.exit_code == 0, done.stderr
    assert done.stdout or not file
    assert done.stderr == "" or done.stderr.startswith(("funnelfox: page", "fluentcart: page"))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "example"), [one for one in ALL if UNTIL_STOPPED.search(one[1])])
def test_an_example_that_runs_until_it_is_stopped_starts(prepared: Sandbox, tmp_path: Path, name: str, example: str) -> None:
    before, _, arguments = example.partition("refund-sandbox ")
    variables = dict(word.split("=", 1) for word in before.split())
    output, errors = tmp_path / "stdout", tmp_path / "stderr"
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "REFUND_SANDBOX_URL": prepared.url, "BROWSER": "true", **variables}
    words = shlex.split(arguments)
    words += ["--port", "0"] if words[0] in ("serve", "demo", "record") else []
    with output.open("w") as stdout, errors.open("w") as stderr:
        command = [sys.executable, "-m", "refund_sandbox", *words]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=stdout, stderr=stderr, env=environment) as process:
            if words[0] == "mcp":
                process.communicate(timeout=30)
                assert process.returncode == 0
                return
            wait_until(lambda: _has_printed(prepared, output) or process.poll() is not None)
            assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            process.wait(30)

    assert errors.read_text() == ""


def _has_printed(sandbox: Sandbox, output: Path) -> bool:
    """Send a refund, which a stream shows, and return whether anything is printed."""
    run(sandbox, "refund", "1001", "--amount", "1")
    return output.stat().st_size > 0
