"""Errors of the command line, as the documentation lists them."""

import re
import shlex
from pathlib import Path

import pytest

from docs.generate.cli_errors import ERRORS, CliError
from refund_sandbox.testing import Sandbox
from tests.support.command_line import run


@pytest.mark.sampled(4)
@pytest.mark.parametrize("error", [one for one in ERRORS if one.exit_code == 2], ids=lambda error: error.command)
def test_an_error_is_one_line_on_stderr(
    sandbox: Sandbox, error: CliError, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    done = run(sandbox, *shlex.split(error.command))

    assert (done.exit_code, done.stdout) == (2, "")
    *usage, last = done.stderr.strip().splitlines()
    assert re.fullmatch(_pattern(error.text), re.sub("^(refund-sandbox|Error): ", "", last)), last
    assert not usage or usage[0].startswith("Usage: ")


@pytest.mark.parametrize("error", [one for one in ERRORS if one.exit_code == 1], ids=lambda error: error.command)
def test_a_rejected_refund_shows_the_reply(sandbox: Sandbox, error: CliError) -> None:
    done = run(sandbox, *shlex.split(error.command))

    assert done.exit_code == 1
    assert re.fullmatch(_pattern(error.text), done.stdout.splitlines()[0])


def _pattern(text: str) -> str:
    return ".*".join(map(re.escape, text.split("…")))
