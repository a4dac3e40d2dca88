"""Real servers on a real store, and clients that refund one order at the same time."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.socket_calls import call
from tests.support.waiting import wait_until

ORG = "/your-org-id/v1/payment/refund"


@dataclass
class Server:
    """A `serve` process with its workers."""

    process: subprocess.Popen[str]
    address: tuple[str, int]
    workers: list[int] = field(default_factory=list)

    def find_workers(self) -> list[int]:
        """The processes that answer: the children, or the process itself; none once it has ended."""
        if self.process.poll() is not None:
            return []
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        workers = [int(pid) for pid in children if b"spawn_main" in command_of(pid)]
        return workers or [self.process.pid]

    def kill_all(self) -> None:
        """kill -9 of the server and of every worker."""
        for pid in {self.process.pid, *self.find_workers()}:
            kill(pid)
        self.process.wait(10)


def command_of(pid: str) -> bytes:
    """Command line of a process; empty once it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it has just ended
        return b""


def kill(pid: int) -> None:
    """kill -9, if it is still there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@contextmanager
def serving(store: str, workers: int = 1) -> Iterator[Server]:
    """Run a server on a free port, and stop it at the end."""
    command = [sys.executable, "-m", "refund_sandbox", "serve", "--port", "0", "--store", store, "--workers", str(workers)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    server = Server(process, ("127.0.0.1", int(process.stdout.readline().rsplit(":", 1)[1])))
    try:
        wait_until(lambda: call(server.address, "GET", "/_sandbox/health")[0] == 200)
        yield server
    finally:
        server.kill_all()
        process.stdout.close()


def load_order(address: tuple[str, int], amount: str) -> str:
    """Load a state with one order, and return its id."""
    order_id = "00000000-0000-4000-8000-000000000001"
    order = {"order_id": order_id, "external_id": "user", "amount": amount}
    status, _ = call(address, "PUT", "/_sandbox/state", {"funnelfox": {"orders": [order]}})
    assert status == 200
    return order_id


def refund(address: tuple[str, int], order_id: str, amount: str, comment: str = "") -> int:
    """The status of one refund; 0 when its connection broke."""
    body = {"external_id": "user", "order_id": order_id, "amount": amount, "comment": comment}
    return call(address, "POST", ORG, body)[0]


def at_once(work: Callable[[], Any], count: int) -> list[Any]:
    """Return the results of the same work in `count` threads that start together."""
    results: list[Any] = [None] * count
    gate = threading.Barrier(count)

    def run(number: int) -> None:
        gate.wait(30)
        results[number] = work()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results
