"""README's Python recipes, run as they are printed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.doc_blocks import FILES, write
from tests.support.pytest_plugin_args import PLUGIN


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_the_examples_for_pytest_pass(tmp_path: Path) -> None:
    write(tmp_path, "my_shop.py", "test_refund.py", "test_refund_once.py", "test_in_process.py")

    done = run(tmp_path, "pytest", "-q", *PLUGIN)

    assert "3 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("file", "right", "wrong"), [("test_refund.py", "refund", "refund_once"), ("test_refund_once.py", "refund_once", "refund")]
)
def test_each_example_fails_with_the_other_client(tmp_path: Path, file: str, right: str, wrong: str) -> None:
    write(tmp_path, "my_shop.py")
    (tmp_path / file).write_text(FILES[file].replace(f"import {right}\n", f"import {wrong} as {right}\n"))

    done = run(tmp_path, "pytest", "-q", *PLUGIN)

    assert "1 failed" in done.stdout, done.stdout + done.stderr
    assert "Calls about it:" in done.stdout


@pytest.mark.parametrize("file", ["test_refund.py", "test_refund_once.py"])
def test_an_example_has_at_most_twelve_lines(file: str) -> None:
    lines = [line for line in FILES[file].splitlines() if line and not line.startswith("#")]

    assert len(lines) <= 12


def test_the_example_for_unittest_passes(tmp_path: Path) -> None:
    write(tmp_path, "test_declined.py")

    done = run(tmp_path, "unittest", "-q")

    assert done.returncode == 0, done.stderr
    assert "Ran 1 test" in done.stderr


def test_the_example_for_testcontainers_is_python() -> None:
    compile(FILES["test_container.py"], "test_container.py", "exec")


def test_the_example_for_testcontainers_passes(tmp_path: Path) -> None:
    pytest.importorskip("testcontainers", reason="testcontainers is not installed")
    if not _docker_has_the_image():
        pytest.skip("there is no Docker with an image refund-sandbox")
    write(tmp_path, "test_container.py")

    done = run(tmp_path, "pytest", "-q", *PLUGIN)

    assert "1 passed" in done.stdout, done.stdout + done.stderr


def _docker_has_the_image() -> bool:
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "image", "inspect", "refund-sandbox"], capture_output=True, check=False).returncode == 0
