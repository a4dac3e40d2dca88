"""A `serve` process, its output and its memory."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.waiting import wait_until


@dataclass(frozen=True)
class Process:
    """A running sandbox."""

    process: "subprocess.Popen[str]"
    address: tuple[str, int]
    errors: Path
    output: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def url(self) -> str:
        return f"http://{self.address[0]}:{self.address[1]}"

    def send_signal(self, number: int) -> None:
        self.process.send_signal(number)

    def wait(self, timeout_s: float) -> int:
        """Wait for its end, and return its exit code."""
        return self.process.wait(timeout_s)

    def logged(self) -> str:
        """Return its output on stderr so far."""
        return self.errors.read_text()

    def printed(self) -> str:
        """Return its output on stdout so far."""
        return self.output.read_text()

    def is_silent(self) -> bool:
        """Whether it logged no traceback and no bug of the sandbox."""
        return "Traceback" not in self.logged() and "ERROR" not in self.logged()

    def sockets(self) -> int:
        """Return the number of its open sockets."""
        found = 0
        for file in Path(f"/proc/{self.pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed just now
                found += file.readlink().name.startswith("socket:")
        return found

    def memory(self, *, peak: bool = False) -> float:
        """Return its memory in MiB: current or peak."""
        found = re.search(rf"{'VmHWM' if peak else 'VmRSS'}:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        assert found
        return int(found[1]) / 1024


@contextmanager
def serving(*flags: str) -> Iterator[Process]:
    """A sandbox on a free port."""
    command = [sys.executable, "-m", "refund_sandbox", "serve", "--port", "0", *flags]
    with tempfile.TemporaryDirectory() as folder:
        output, errors = Path(folder) / "stdout", Path(folder) / "stderr"
        with output.open("w") as stdout, errors.open("w") as stderr:
            process = subprocess.Popen(command, stdout=stdout, stderr=stderr, text=True)
        try:
            wait_until(lambda: "\n" in output.read_text() or process.poll() is not None)
            port = int(output.read_text().splitlines()[0].rsplit(":", 1)[1])
            yield Process(process, ("127.0.0.1", port), errors, output)
        finally:
            process.kill()
            process.wait(timeout=10)
