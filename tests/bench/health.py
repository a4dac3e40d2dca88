"""Latency of /_sandbox/health beside whatever else a server does, and the throughput beside listeners of /_sandbox/events.

Run it with `.venv/bin/python -m tests.bench.health [--orders N] [--json FILE]`. A request each 10 ms measures the latency
while one load runs. The event loop must be free: the 99th percentile is at most 100 ms.
"""

import argparse
import http.client
import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from tests.bench import servers
from tests.bench.servers import Request, Say

_LIMIT_MS = 100
_PAUSE_S = 0.01
_SHORTEST_S = 5.0
"""Time for which a load is repeated at least."""
_ORDER = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
_REFUND = servers.refund_funnelfox(_ORDER, "user_456")
_JSON = {"Content-Type": "application/json"}
_LISTENERS = """
import selectors, socket, sys
port, count, selector = int(sys.argv[1]), int(sys.argv[2]), selectors.DefaultSelector()
for _ in range(count):
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(b"GET /_sandbox/events HTTP/1.1\\r\\nHost: bench\\r\\n\\r\\n")
    connection.recv(65536)
    selector.register(connection, selectors.EVENT_READ)
print("ready", flush=True)
while True:
    for key, _ in selector.select():
        if not key.fileobj.recv(1 << 20):
            sys.exit()
"""
"""Program that listens to events and reads them."""


class Latency(NamedTuple):
    """Latency of health in milliseconds while a load ran, and the duration of the load in seconds."""

    load: str
    median: float
    p99: float
    longest: float
    replies: int
    seconds: float


class Probe(threading.Thread):
    """Thread that asks for the health of a server until it is stopped."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.times_ms: list[float] = []
        self._port = port
        self._stopped = threading.Event()

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        while not self._stopped.wait(_PAUSE_S):
            started = time.perf_counter()
            connection.request("GET", "/_sandbox/health")
            connection.getresponse().read()
            self.times_ms.append((time.perf_counter() - started) * 1000)

    def stop(self) -> None:
        self._stopped.set()
        self.join()


def _call(port: int, request: Request) -> int:
    """Send one request on a connection of its own, and read the whole reply in pieces."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    connection.request(request.method, request.path, request.body, request.headers)
    reply = connection.getresponse()
    while reply.read(2**20):
        pass
    connection.close()
    return reply.status


def _measure(load: str, port: int, work: Callable[[], object], *, repeated: bool = False) -> Latency:
    """Measure the latency while `work` runs. `repeated`: again and again for some seconds."""
    probe = Probe(port)
    probe.start()
    started = time.perf_counter()
    work()
    while repeated and time.perf_counter() < started + _SHORTEST_S:
        work()
    seconds = time.perf_counter() - started
    probe.stop()
    times = sorted(probe.times_ms)
    p99 = times[min(len(times) - 1, int(len(times) * 0.99))]
    return Latency(load, statistics.median(times), p99, times[-1], len(times), seconds)


def state_of(orders: int) -> str:
    """Return a state document of some orders."""
    cart = [
        {"id": n, "total_paid": 10_000, "transactions": [{"id": n, "total": 10_000, "vendor_charge_id": f"pi_ok_{n}"}]}
        for n in range(1, orders + 1)
    ]
    return json.dumps({"fluentcart": {"orders": cart}})


def _states(orders: int) -> Iterator[Latency]:
    document = state_of(orders)
    with servers.serve("memory://") as serving:
        port = serving.port
        yield _measure("nothing", port, lambda: time.sleep(_SHORTEST_S))
        put = Request("PUT", "/w/large/_sandbox/state", document, _JSON)
        yield _measure(f"state of {orders:,} orders, in", port, lambda: _expect(_call(port, put)))
        get = Request("GET", "/w/large/_sandbox/state", None, {})
        yield _measure(f"state of {orders:,} orders, out", port, lambda: _expect(_call(port, get)))
        yield _measure(f"state of {orders:,} orders, in again", port, lambda: _expect(_call(port, put)))


def _request_logs() -> Iterator[Latency]:
    body = json.dumps({"external_id": "nobody", "order_id": _ORDER, "comment": "x" * 12_000})
    with servers.serve("memory://") as serving:
        client = servers.Client(serving.port)
        for _ in range(2200):
            client.time(_REFUND._replace(body=body))
        for name, path in (("request log", "requests"), ("HTTP archive", "requests.har")):
            get = Request("GET", f"/_sandbox/{path}?limit=100000", None, {})
            yield _measure(f"{name} of full size", serving.port, lambda: _expect(_call(serving.port, get)), repeated=True)  # noqa: B023


def _locked_row() -> Iterator[Latency]:
    with servers.postgresql() as database, servers.serve(database.get_uri()) as serving:
        _expect(_call(serving.port, _REFUND))
        with psycopg.connect(database.get_uri()) as other, ThreadPoolExecutor(20) as threads:
            other.execute("SELECT * FROM funnelfox_order WHERE key = %s FOR UPDATE", (_ORDER,))
            waiting = [threads.submit(_call, serving.port, _REFUND) for _ in range(20)]
            yield _measure("20 refunds wait for a row of PostgreSQL", serving.port, lambda: time.sleep(_SHORTEST_S))
            other.rollback()
            _expect(*(one.result() for one in waiting))


def _busy_file() -> Iterator[Latency]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sandbox.db"
        with servers.serve(f"sqlite:///{file}") as serving, ThreadPoolExecutor(20) as threads:
            _expect(_call(serving.port, _REFUND))
            with closing(sqlite3.connect(file, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                waiting = [threads.submit(_call, serving.port, _REFUND) for _ in range(20)]
                yield _measure("20 refunds wait for a writer of SQLite", serving.port, lambda: time.sleep(_SHORTEST_S))
                other.execute("ROLLBACK")
                _expect(*(one.result() for one in waiting))


def _many_listeners() -> Iterator[Latency]:
    with servers.serve("memory://") as serving, _listeners(serving.port, 100):
        yield _measure("100 listeners, one client", serving.port, lambda: _requests(serving.port))


def _expect(*statuses: int) -> None:
    """Stop the bench if a reply is not 200."""
    if set(statuses) != {200}:
        sys.exit(f"unexpected replies: {statuses}")


@contextmanager
def _listeners(port: int, count: int) -> Iterator[None]:
    """Clients that listen to events, in a process of their own."""
    command = [sys.executable, "-c", _LISTENERS, str(port), str(count)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield
    finally:
        process.kill()
        process.communicate()


def _requests(port: int) -> int:
    """Send requests over one connection for some seconds. Return their number."""
    client, count, started = servers.Client(port), 0, time.perf_counter()
    request = Request("POST", "/your-org-id/v1/payments_history", json.dumps({"external_id": "user_456"}), _REFUND.headers)
    while time.perf_counter() < started + _SHORTEST_S:
        client.time(request)
        count += 1
    return count


def _throughput(rounds: int, say: Say) -> float:
    """Return the requests per CPU second beside 20 listeners as a part of those without any. Rounds alternate.

    CPU time of the server counts right on a busy machine too.
    """
    rates: dict[int, list[float]] = {0: [], 20: []}
    with servers.serve("memory://") as serving:
        _requests(serving.port)  # warms up
        for _ in range(rounds):
            for count, measured in rates.items():
                with ExitStack() as stack:
                    if count:
                        stack.enter_context(_listeners(serving.port, count))
                    used = servers.processor_time(serving.pid)
                    sent = _requests(serving.port)
                    measured.append(sent / (servers.processor_time(serving.pid) - used))
    for count, measured in rates.items():
        say(f"{count:>3} listeners: {statistics.median(measured):,.0f} requests per CPU second")
    return statistics.median(rates[20]) / statistics.median(rates[0])


def main(orders: int, rounds: int, file: Path | None, say: Say) -> bool:
    """Measure and print. Return whether every limit is met."""
    say(f"{'health beside':42}{'median, ms':>12}{'p99, ms':>12}{'longest, ms':>12}{'replies':>10}{'load, s':>10}")
    latencies = []
    for loads in (_states(orders), _request_logs(), _locked_row(), _busy_file(), _many_listeners()):
        for one in loads:
            say(f"{one.load:42}{one.median:>12.1f}{one.p99:>12.1f}{one.longest:>12.1f}{one.replies:>10,}{one.seconds:>10.1f}")
            latencies.append(one)
    ratio = _throughput(rounds, say)
    say(f"throughput beside 20 listeners: {ratio:.2f} of that without any")
    results: dict[str, Any] = {"latencies": [one._asdict() for one in latencies], "throughput_beside_20_listeners": ratio}
    servers.write_results(results, file)
    return all(one.p99 <= _LIMIT_MS for one in latencies) and ratio >= 0.8


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.health")
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    print_line: Say = lambda line: (sys.stdout.write(line + "\n"), sys.stdout.flush())  # noqa: E731
    sys.exit(0 if main(options.orders, options.rounds, options.json, print_line) else 1)
