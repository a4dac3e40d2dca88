"""A `serve` process ends within 5 s of a signal, without a traceback, whatever its requests, targets and database do."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support import raw_http
from tests.support.socket_calls import call
from tests.support.store_servers import at_once, command_of
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow  # each test starts a process

MAX_S = 5.0
REFUND = raw_http.REFUNDS["funnelfox"]
EVENTS = raw_http.request("GET", "/_sandbox/events", headers={"connection": "keep-alive"})


@dataclass(frozen=True)
class Served:
    """A `serve` process of this test."""

    process: subprocess.Popen[str]
    address: tuple[str, int]
    errors: Path

    def control(self, method: str, path: str, document: Any = None) -> Any:
        status, body = call(self.address, method, f"/_sandbox{path}", document)
        assert 200 <= status < 300, body
        return body

    def send(self, path: str, document: Any) -> None:
        """Send a request that gets no reply for a long time."""
        threading.Thread(target=call, args=(self.address, "POST", path, document), kwargs={"timeout_s": 60}, daemon=True).start()

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(pid) for pid in children if b"spawn_main" in command_of(pid)]

    def end(self, number: int = signal.SIGTERM) -> float:
        """Send a signal. Return the time in seconds until the process ends."""
        started = time.monotonic()
        self.process.send_signal(number)
        assert self.process.wait(30) == 0
        return time.monotonic() - started


@contextmanager
def serve(folder: Path, *flags: str) -> Iterator[Served]:
    errors = folder / "stderr"
    command = [sys.executable, "-m", "refund_sandbox", "serve", "--port", "0", *flags]
    with errors.open("w") as stderr, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().rsplit(":", 1)[1])
        served = Served(process, ("127.0.0.1", port), errors)
        wait_until(lambda: call(served.address, "GET", "/_sandbox/health")[0] == 200)
        served.control("PUT", "/state", raw_http.STATE)
        yield served
        process.kill()


@contextmanager
def hanging_target() -> Iterator[str]:
    """URL of a webhook target that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


def hold(served: Served) -> None:
    served.control("POST", "/faults", {"api": "funnelfox", "at": "gateway", "hold": "door", "times": 5})
    for _ in range(5):
        served.send(raw_http.FUNNELFOX, REFUND)
    wait_until(lambda: served.control("GET", "/faults")["faults"][0]["hits"] == 5)


def delay(served: Served) -> None:
    served.control("POST", "/faults", {"api": "funnelfox", "at": "after", "delay_ms": 60_000, "times": None})
    served.send(raw_http.FUNNELFOX, REFUND)
    wait_until(lambda: served.control("GET", "/faults")["faults"][0]["hits"] == 1)


def advance(served: Served) -> None:
    served.control("PUT", "/settings", {"funnelfox": {"settle_after": "1h"}})
    assert call(served.address, "POST", raw_http.FUNNELFOX, REFUND)[0] == 200
    served.control("PUT", "/clock", {"now": "2090-01-01T00:00:00Z", "frozen": True})
    served.send("/_sandbox/clock/advance", {"by": "30d"})


BUSY: dict[str, Callable[[Served], None]] = {
    "held requests": hold,
    "a delayed request": delay,
    "an advance of the clock": advance,
}


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("keep_busy", BUSY.values(), ids=BUSY)
def test_it_ends_soon_with_a_hanging_target_listeners_and(
    keep_busy: Callable[[Served], None], workers: int, tmp_path: Path
) -> None:
    file = tmp_path / "sandbox.db"
    flags = ("--store", f"sqlite:///{file}", "--workers", str(workers))
    with ExitStack() as stack, serve(tmp_path, *flags) as served:
        served.control("PUT", "/settings", {"webhooks": {"timeout": "60s"}})
        served.control("PUT", "/webhooks/targets", {"funnelfox": [{"url": stack.enter_context(hanging_target())}]})
        for _ in range(5):
            stack.enter_context(socket.create_connection(served.address)).sendall(EVENTS)
        keep_busy(served)

        assert served.end() < MAX_S
        assert served.errors.read_text() == ""
        assert not Path(f"{file}-wal").exists(), "the store was not closed"


@pytest.mark.parametrize("workers", [1, 2])
def test_it_ends_soon_with_requests_that_wait_for_a_row_of_the_database(
    workers: int, empty_postgresql: str, tmp_path: Path
) -> None:
    with (
        serve(tmp_path, "--store", empty_postgresql, "--workers", str(workers)) as served,
        psycopg.connect(empty_postgresql) as other,
    ):
        other.execute("SELECT * FROM funnelfox_order FOR UPDATE")
        for _ in range(12):
            served.send(raw_http.FUNNELFOX, REFUND)
        with psycopg.connect(empty_postgresql, autocommit=True) as watching:
            query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%funnelfox_order%'"
            wait_until(lambda: watching.execute(query).fetchone() != (0,))

        assert served.end() < MAX_S
        lines = served.errors.read_text().splitlines()
        assert all(re.search(r"Cancel \d+ running task", line) for line in lines), lines
        assert len(lines) <= workers


def test_it_ends_soon_with_a_request_that_waits_for_the_lock_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.db"
    with serve(tmp_path, "--store", f"sqlite:///{file}") as served:
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        served.send(raw_http.FUNNELFOX, REFUND)
        time.sleep(0.5)  # until the server has read it: nothing else shows that

        assert served.end() < MAX_S
        assert "Traceback" not in served.errors.read_text()
        other.close()


def test_event_streams_that_begin_while_it_stops_end_at_once(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.db"
    with ExitStack() as stack, serve(tmp_path, "--store", f"sqlite:///{file}") as served:
        other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        for number in range(5):
            events = EVENTS.replace(b"/_sandbox/", b"/w/new-%d/_sandbox/" % number)  # whose creation waits for the file
            stack.enter_context(socket.create_connection(served.address)).sendall(events)
        time.sleep(0.5)  # until the server has read them
        threading.Timer(0.3, other.rollback).start()

        assert served.end() < MAX_S
        assert served.errors.read_text() == ""
        other.close()


def test_the_store_is_closed_after_requests_that_found_the_file_locked(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.db"
    with serve(tmp_path, "--store", f"sqlite:///{file}", "--workers", "2") as served:
        other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        threading.Timer(0.3, other.rollback).start()
        at_once(lambda: call(served.address, "POST", raw_http.FUNNELFOX, REFUND), 8)
        other.close()

        assert served.end() < MAX_S
        assert not Path(f"{file}-wal").exists()


@pytest.mark.skipif(signal.getsignal(signal.SIGHUP) == signal.SIG_IGN, reason="nohup")
def test_the_end_of_a_terminal_ends_it_like_a_signal_to_stop(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.db"
    with serve(tmp_path, "--store", f"sqlite:///{file}") as served:
        hold(served)

        assert served.end(signal.SIGHUP) < MAX_S
        assert served.errors.read_text() == ""
        assert not Path(f"{file}-wal").exists()


def test_workers_end_when_the_process_that_has_started_them_is_killed(tmp_path: Path) -> None:
    with serve(tmp_path, "--store", f"sqlite:///{tmp_path / 'sandbox.db'}", "--workers", "2") as served:
        workers = served.workers()
        assert len(workers) == 2

        served.process.kill()
        served.process.wait(10)

        wait_until(lambda: not any(map(is_alive, workers)))


def test_a_killed_worker_is_replaced_although_another_one_does_not_answer(tmp_path: Path) -> None:
    with serve(tmp_path, "--store", f"sqlite:///{tmp_path / 'sandbox.db'}", "--workers", "2") as served:
        silent, killed = served.workers()
        os.kill(silent, signal.SIGSTOP)

        os.kill(killed, signal.SIGKILL)

        wait_until(lambda: len(served.workers()) == 2 and killed not in served.workers())
        assert f"worker {killed} ended" in served.errors.read_text()
        assert silent in served.workers()
        served.end()
        assert not is_alive(silent)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].startswith(" Z")
