"""Files of the command line are written whole or not at all, whatever happens to the disk."""

import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from refund_sandbox.testing import Sandbox
from refund_sandbox.whole_files import replacing
from tests.support.command_line import run

COMMANDS: dict[str, tuple[str, Callable[[Path], list[str]]]] = {
    "state export, YAML": ("state.yaml", lambda folder: ["state", "export", str(folder / "state.yaml")]),
    "state export, JSON": ("state.json", lambda folder: ["state", "export", str(folder / "state.json")]),
    "init": ("conftest.py", lambda folder: ["init", str(folder), "--force"]),
}


@pytest.mark.parametrize(("name", "arguments"), COMMANDS.values(), ids=COMMANDS)
def test_a_full_disk_leaves_an_existing_file_as_it_was(
    name: str, arguments: Callable[[Path], list[str]], sandbox: Sandbox, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_text("mine")

    done = subprocess.run(
        [sys.executable, "-B", "-m", "refund_sandbox", *arguments(tmp_path)],
        env={**os.environ, "REFUND_SANDBOX_URL": sandbox.url},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr == f"refund-sandbox: {file} can't be used: File too large\n"
    assert file.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_can_not_be_created_is_named(sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "none" / "state.yaml"

    done = run(sandbox, "state", "export", str(file))

    assert (done.exit_code, done.stderr) == (2, f"refund-sandbox: {file} can't be used: No such file or directory\n")


@pytest.mark.parametrize(
    "command", ["--help", "orders", "client js", "completion bash", "check", "state export -", "serve --port 0"]
)
def test_output_to_a_full_disk_is_an_error_of_one_line(command: str, sandbox: Sandbox) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "refund_sandbox", *command.split()],
            env={**os.environ, "REFUND_SANDBOX_URL": sandbox.url},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )

    assert done.returncode == 2
    assert done.stderr == "refund-sandbox: No space left on device\n"


def test_a_link_stays_a_link_and_a_file_keeps_its_mode(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_text("before")
    file.chmod(0o640)
    link.symlink_to(file)

    with replacing(link) as output:
        output.write("after")

    assert link.is_symlink()
    assert file.read_text() == "after"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_two_writers_of_one_file_do_not_mix(tmp_path: Path) -> None:
    file = tmp_path / "file"

    with replacing(file) as first, replacing(file) as second:
        first.write("1" * 10_000)
        second.write("2" * 10_000)

    assert file.read_text() == "1" * 10_000
    assert list(tmp_path.iterdir()) == [file]
