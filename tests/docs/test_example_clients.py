"""The Python examples: each client passes its own test and fails the other one's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.doc_blocks import file, write


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command, environment = [sys.executable, "-m", *arguments], {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "right", "wrong"), [("test_refund.py", "refund", "refund_once"), ("test_refund_once.py", "refund_once", "refund")]
)
def test_each_example_fails_with_the_other_client(tmp_path: Path, name: str, right: str, wrong: str) -> None:
    write(tmp_path, "my_shop.py")
    (tmp_path / name).write_text(file(name).replace(f"import {right}\n", f"import {wrong} as {right}\n"))

    done = run(tmp_path, "pytest", "-q", "-p", "refund_sandbox.pytest_plugin")

    assert "1 failed" in done.stdout, done.stdout + done.stderr
    assert "Requests for this order:" in done.stdout


@pytest.mark.parametrize("name", ["test_refund.py", "test_refund_once.py"])
def test_an_example_has_at_most_twelve_lines(name: str) -> None:
    lines = [line for line in file(name).splitlines() if line and not line.startswith("#")]

    assert len(lines) <= 12


def test_the_example_for_node_has_at_most_nine_lines() -> None:
    lines = [line for line in file("refund.test.mjs").splitlines() if line and not line.startswith("//")]

    assert len(lines) <= 9
