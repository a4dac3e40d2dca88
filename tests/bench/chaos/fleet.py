"""Processes of one sandbox, which can be killed: four on PostgreSQL, or one with two workers on SQLite."""

import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.bench.chaos import CHANCE
from tests.support.postgresql import PostgresqlServer, postgresql_server
from tests.support.socket_calls import call
from tests.support.store_servers import Server, kill
from tests.support.waiting import wait_until

Address = tuple[str, int]
_PROCESSES = 4
_WORKERS = 2
_START_TIMEOUT_S = 120
_MAX_LOCKED_S = 2.0


@dataclass
class Fleet:
    """Running processes, and what can be done to them, by name."""

    servers: list[Server]
    disturb: Mapping[str, Callable[[], None]]
    log: Path
    """Output of all processes on stderr."""

    def address(self) -> Address:
        """Return the address of any process. It may be dead."""
        return CHANCE.choice(self.servers).address


@contextmanager
def on_postgresql(fixture: Path) -> Iterator[Fleet]:
    """Four processes on a server that writes durably."""
    with postgresql_server() as database, ExitStack() as stack:
        flags = ("--store", database.url, "--fixture", str(fixture))
        log = fixture.with_suffix(".log")
        fleet = Fleet([_start(_free_port(), flags, log) for _ in range(_PROCESSES)], {}, log)
        stack.callback(lambda: list(map(Server.kill_all, fleet.servers)))

        def restart() -> None:
            number = CHANCE.randrange(_PROCESSES)
            fleet.servers[number].kill_all()
            fleet.servers[number] = _start(fleet.servers[number].address[1], flags, log)

        fleet.disturb = {
            "processes killed": restart,
            "databases killed": lambda: _restart_database(database),
            "connections terminated": lambda: _terminate(database.url, 1.0),
            "half of the connections terminated": lambda: _terminate(database.url, 0.5),
        }
        yield fleet


@contextmanager
def on_sqlite(fixture: Path) -> Iterator[Fleet]:
    """One supervisor with two workers."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        file = Path(folder) / "sandbox.db"
        flags = ("--store", f"sqlite:///{file}", "--fixture", str(fixture), "--workers", str(_WORKERS))
        log = fixture.with_suffix(".log")
        fleet = Fleet([_start(_free_port(), flags, log)], {}, log)
        stack.callback(lambda: fleet.servers[0].kill_all())

        def kill_worker() -> None:
            kill(CHANCE.choice(fleet.servers[0].find_workers()))
            wait_until(lambda: len(fleet.servers[0].find_workers()) == _WORKERS, _START_TIMEOUT_S)

        def restart() -> None:
            fleet.servers[0].kill_all()
            fleet.servers[0] = _start(fleet.servers[0].address[1], flags, log)

        fleet.disturb = {"processes killed": kill_worker, "sandboxes killed": restart, "files locked": lambda: _lock(file)}
        yield fleet


def _start(port: int, flags: tuple[str, ...], log: Path) -> Server:
    """Start a process, again and again while the database is away."""
    deadline = time.monotonic() + _START_TIMEOUT_S
    command = [sys.executable, "-m", "refund_sandbox", "serve", "--port", str(port), "--quiet", *flags]
    while True:
        with log.open("a") as errors:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        assert process.stdout is not None
        if process.stdout.readline():
            threading.Thread(target=process.stdout.read, daemon=True).start()
            wait_until(lambda: call(("127.0.0.1", port), "GET", "/_sandbox/health")[0] == 200, _START_TIMEOUT_S)
            return Server(process, ("127.0.0.1", port))
        process.wait(10)
        assert time.monotonic() < deadline, "a process does not start"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _restart_database(database: PostgresqlServer) -> None:
    database.kill()
    database.start_again()


def _terminate(url: str, share: float) -> None:
    """End a share of the connections of the sandboxes."""
    with suppress(psycopg.OperationalError), psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < %s",
            [share],
        )


def _lock(file: Path) -> None:
    """Keep every writer waiting for a moment."""
    connection = sqlite3.connect(file, timeout=30, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    time.sleep(CHANCE.uniform(0.1, _MAX_LOCKED_S))
    connection.rollback()
    connection.close()
