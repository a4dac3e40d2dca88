"""Progress on a terminal, and on nothing else."""

import io
import json
import os
import pty
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from refund_sandbox.cli import progress as module
from refund_sandbox.cli.progress import progress
from refund_sandbox.cli.waiting_client import connect
from refund_sandbox.testing import Sandbox


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


def read_terminal(leader: int) -> str:
    """Return all that processes write to a terminal. The last one that ends closes it, which is an error for the reader."""
    shown = b""
    with suppress(OSError):
        while part := os.read(leader, 65536):
            shown += part
    return shown.decode()


@pytest.mark.slow
def test_a_start_with_many_orders_shows_progress_on_a_terminal_only() -> None:
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "refund_sandbox", "serve", "--port", "0", "--orders", "30000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=follower, text=True) as process:
        os.close(follower)
        with ThreadPoolExecutor(1) as pool:
            shows = pool.submit(read_terminal, leader)
            assert process.stdout
            assert process.stdout.readline().startswith("refund-sandbox listening on ")
            process.terminate()
    shown = shows.result()

    assert re.search(r"Generating 60000 orders … \[[#.]+\] [\d,]+ of [\d,]+ orders, \d+ s", shown)
    assert shown.endswith("\r\x1b[K")


def test_a_slow_reply_shows_progress_in_every_workspace(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(is_terminal=True)
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr(module, "_DELAY_S", 0)
    client = connect(url=sandbox.url, token=None, workspace="mine")

    client.get("/health")
    terminal.has_line.wait(10)
    client.get("/state")

    assert "GET /_sandbox/" in terminal.getvalue()


@pytest.mark.slow
def test_an_import_into_a_running_sandbox_shows_how_many_orders_are_loaded(sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "large.json"
    file.write_text(json.dumps({"fluentcart": {"orders": [{"id": number} for number in range(1, 200_001)]}}))
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "refund_sandbox", "state", "import", str(file), "--url", sandbox.url]
    with subprocess.Popen([*command, "--workspace", "large"], stdout=subprocess.PIPE, stderr=follower, text=True) as process:
        os.close(follower)
        with ThreadPoolExecutor(1) as pool:
            shows = pool.submit(read_terminal, leader)
            assert process.stdout
            said = process.stdout.read()
    shown = shows.result()

    assert said == "Imported 200000 fluentcart orders into the running sandbox.\n"
    assert re.search(r"\[[#.]+\] [\d,]+ of 200,000 orders, \d+ s", shown)
    assert shown.endswith("\r\x1b[K")
    sandbox.workspace("large").delete()
