"""A reader of stdout that stops is no error: `refund-sandbox orders | head -1`."""

import os
import subprocess
import sys

import pytest

from refund_sandbox.testing import Sandbox

COMMANDS = (
    *("orders", "orders --json", "orders 1001", "fault scenarios", "state export -"),
    *("--help", "serve --help", "serve --port 0"),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_closed_pipe_is_quiet(sandbox: Sandbox, command: str) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    environment = {**os.environ, "REFUND_SANDBOX_URL": sandbox.url}
    with open(write_end, "wb") as stdout:  # noqa: PTH123 - a descriptor, not a path
        process = subprocess.Popen(
            [sys.executable, "-m", "refund_sandbox", *command.split()], stdout=stdout, stderr=subprocess.PIPE, env=environment
        )

    _, stderr = process.communicate(timeout=30)

    assert stderr == b""
    assert process.returncode in (0, 1)
