"""Signals to stop that come early, again, or to all processes of a terminal: exit code 0, and nothing on stderr."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.store_servers import command_of
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.memory_only, pytest.mark.slow]  # each test starts a process

MODES: dict[str, Sequence[str]] = {
    "one process": ("serve",),
    "workers": ("serve", "--workers", "2", "--store", "sqlite:///sandbox.db"),
    "a watch of files": ("serve", "--watch"),
    "demos": ("demo", "--no-browser"),
    "a recording": ("record", "--target", "http://127.0.0.1:1", "--out", "cases.json"),
}
SIGNALS = [signal.SIGTERM, signal.SIGINT]
if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as under nohup, which child processes inherit
    SIGNALS.append(signal.SIGHUP)
PARENTS = {name: MODES[name] for name in ("workers", "a watch of files")}


@contextmanager
def running(mode: Sequence[str], folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process in a group of its own, as from a terminal, that has just printed its first line."""
    command = [sys.executable, "-m", "refund_sandbox", *mode, "--port", "0"]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=folder, start_new_session=True)
    try:
        assert process.stdout is not None
        assert "http://127.0.0.1:" in process.stdout.readline()
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)


def end_of(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code, and what is on stderr, which is complete when every process of the group has ended."""
    assert process.stderr is not None
    return process.wait(60), process.stderr.read()


def has_importing_child(pid: int) -> bool:
    """Whether a child process has begun to import modules: a library of one of them is in its memory."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return any(b"spawn_main" in command_of(child) and "msgspec" in Path(f"/proc/{child}/maps").read_text() for child in children)


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
def test_a_signal_right_after_the_first_line_ends_it_like_a_later_one(mode: Sequence[str], number: int, tmp_path: Path) -> None:
    with running(mode, tmp_path) as process:
        process.send_signal(number)

        assert end_of(process) == (0, "")


@pytest.mark.parametrize("mode", PARENTS.values(), ids=PARENTS)
def test_ctrl_c_ends_a_child_process_that_still_starts_without_a_traceback(mode: Sequence[str], tmp_path: Path) -> None:
    with running(mode, tmp_path) as process:
        wait_until(lambda: has_importing_child(process.pid))

        os.killpg(process.pid, signal.SIGINT)

        assert end_of(process) == (0, "")


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
def test_repeated_signals_change_nothing(mode: Sequence[str], tmp_path: Path) -> None:
    with running(mode, tmp_path) as process:
        while process.poll() is None:
            process.send_signal(signal.SIGTERM)
            time.sleep(0.005)

        assert end_of(process) == (0, "")
