"""Progress on a terminal, and on nothing else."""

import io
import threading
import time

import pytest

from refund_sandbox.cli import progress as module
from refund_sandbox.cli.progress import progress


class Terminal(io.StringIO):
    """A stderr that may be a terminal."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self.is_terminal = is_terminal
        self.has_line = threading.Event()

    def isatty(self) -> bool:
        return self.is_terminal

    def write(self, text: str) -> int:
        self.has_line.set()
        return super().write(text)


def test_what_takes_longer_than_a_second_is_shown_and_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(is_terminal=True)
    monkeypatch.setattr("sys.stderr", terminal)

    with progress("Importing 7 orders", since=time.monotonic() - 5):
        assert terminal.has_line.wait(10)

    assert terminal.getvalue().startswith("\r\x1b[KImporting 7 orders … 5 s")
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_what_is_faster_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(is_terminal=True)
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr(module, "_DELAY_S", 60)

    with progress("Importing 7 orders"):
        pass

    assert terminal.getvalue() == ""


def test_a_file_gets_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    file = Terminal(is_terminal=False)
    monkeypatch.setattr("sys.stderr", file)
    monkeypatch.setattr(module, "_DELAY_S", 0)

    with progress("Importing 7 orders", since=0):
        time.sleep(0.05)

    assert file.getvalue() == ""
