"""Shell completion, as a shell requests it."""

import os
import shutil
import subprocess
import sys

import pytest

from refund_sandbox.testing import Sandbox
from tests.support.command_line import output_of


def complete(sandbox: Sandbox, *words: str) -> list[str]:
    """Return the values that bash would offer for the last word."""
    variables = {
        "_REFUND_SANDBOX_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(("refund-sandbox", *words)),
        "COMP_CWORD": str(len(words)),
        "REFUND_SANDBOX_URL": sandbox.url,
    }
    program = "import sys; from refund_sandbox.cli.main import main; main(prog_name='refund-sandbox')"
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **variables}, capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("fau",), ["fault"]),
        (("fault", "enable", "reply_lo"), ["reply_lost"]),
        (("orders", "100"), [f"100{digit}" for digit in range(1, 10)]),
        (("orders", "crea"), ["create"]),
        (("orders", "--sea"), ["--search"]),
        (("refund", "1001", "--am"), ["--amount"]),
        (("requests", "--order", "1015"), ["1015"]),
        (("orders", "--state", "partially_r"), ["partially_refunded"]),
        (("trigger", "refund/"), ["refund/settled"]),
        (("settings", "set", "webhooks.ret"), ["webhooks.retries"]),
        (("credentials", "--api", "flu"), ["fluentcart"]),
        (("webhooks", "--st"), ["--state"]),
        (("webhooks", "tar"), ["targets"]),
        (("completion", "f"), ["fish"]),
        (("orders", "--workspace", "defau"), ["default"]),
        (("fault", "release", "do"), ["door"]),
    ],
)
def test_a_word_is_completed(sandbox: Sandbox, words: tuple[str, ...], expected: list[str]) -> None:
    sandbox.client.post("/faults", {"at": "before", "hold": "door"})

    assert sorted(complete(sandbox, *words)) == expected


def test_without_a_sandbox_nothing_is_offered_and_nothing_fails(sandbox: Sandbox) -> None:
    assert complete(sandbox, "orders", "--url", "http://127.0.0.1:1", "10") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_valid(sandbox: Sandbox, shell: str) -> None:
    script = output_of(sandbox, "completion", shell)

    assert "_REFUND_SANDBOX_COMPLETE" in script
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, timeout=10, check=True)
