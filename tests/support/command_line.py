"""The command line in this process, with stdout and stderr apart."""

import json
import signal
from inspect import signature
from typing import Any

from click.testing import CliRunner, Result

from refund_sandbox.cli.main import main
from refund_sandbox.testing import Sandbox


def runner() -> CliRunner:
    """A runner of commands; click before 8.2 writes both streams into one unless it is set not to."""
    apart = {"mix_stderr": False} if "mix_stderr" in signature(CliRunner).parameters else {}
    return CliRunner(**apart)  # type: ignore[arg-type]  # the newest has no such parameter


def run(sandbox: Sandbox, *arguments: str, **environment: str) -> Result:
    """Run a command against a sandbox."""
    return runner().invoke(main, list(arguments), env={"REFUND_SANDBOX_URL": sandbox.url, **environment})


def handle_interrupts() -> None:
    """Let SIGINT end a process, also if the tests are a background job of a shell, whose children ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def output_of(sandbox: Sandbox, *arguments: str) -> str:
    """Run a command that succeeds, and return its stdout."""
    done = run(sandbox, *arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


def json_of(sandbox: Sandbox, *arguments: str) -> Any:
    return json.loads(output_of(sandbox, *arguments, "--json"))
