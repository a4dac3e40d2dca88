"""Time to list a long request log, as JSON and as an HTTP Archive, over each store.

Run it with `.venv/bin/python -m tests.bench.journal [--entries N] [--rounds N] [--pause S] [--stores NAMES] [--json FILE]`.
The first list of a log in memory renders the entries that nobody has read. After a pause they are rendered already.
The table shows the first list, and the median of the others.
"""

import argparse
import http.client
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench import orders, servers
from tests.bench.servers import Say, Serving

_ORDERS = 2000
_LISTS = {"request log": "requests", "HTTP Archive": "requests.har"}


def main(entries: int, rounds: int, pause: float, stores: list[str], file: Path | None, say: Say) -> None:
    """Measure and print."""
    results: dict[str, Any] = {"load": os.getloadavg(), "entries": entries, "lists": []}
    say(f"{entries:,} entries{'first, ms':>24}{'later, ms':>12}{'processor, ms':>15}{'MB':>8}")
    for store in stores:
        with _serve(store, entries) as serving:
            client = servers.Client(serving.port)
            _list(serving.port, "/_sandbox/requests")  # the first request to the control API imports its modules
            for number in range(entries):
                client.time(servers.refund_fluentcart(orders.FIRST + number % _ORDERS))
            time.sleep(pause)
            for name, path in _LISTS.items():
                row = {"store": store, "list": name, **_measure(serving, path, entries, rounds)}
                cells = f"{row['first_ms']:>10.0f}{row['later_ms']:>12.0f}{row['processor_ms']:>15.0f}{row['mb']:>8.1f}"
                say(f"{store:12}{name:14}{cells}")
                results["lists"].append(row)
    servers.write_results(results, file)


def _measure(serving: Serving, path: str, entries: int, rounds: int) -> dict[str, float]:
    times, size = [], 0
    used = 0.0
    for one in range(rounds + 1):
        if one == 1:
            used = servers.processor_time(serving.pid)
        seconds, size = _list(serving.port, f"/_sandbox/{path}?limit={entries}")
        times.append(seconds * 1000)
    used = servers.processor_time(serving.pid) - used
    return {
        "first_ms": times[0],
        "later_ms": statistics.median(times[1:]),
        "processor_ms": used / rounds * 1000,
        "mb": size / 1e6,
    }


def _list(port: int, path: str) -> tuple[float, int]:
    """Return seconds until the whole list was read, and its size. Store nothing of it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    started = time.perf_counter()
    connection.request("GET", path)
    reply, buffer, size = connection.getresponse(), bytearray(2**20), 0
    while read := reply.readinto(buffer):
        size += read
    seconds = time.perf_counter() - started
    connection.close()
    return seconds, size


@contextmanager
def _serve(store: str, entries: int) -> Iterator[Serving]:
    options = ("--orders", str(_ORDERS), "--journal-size", str(entries), "--journal-bytes", str(2**30), "--quiet")
    if store == "postgresql":
        with servers.postgresql() as database, servers.serve(database.get_uri(), *options) as serving:
            yield serving
        return
    with tempfile.TemporaryDirectory() as folder:
        url = "memory://" if store == "memory" else f"sqlite:///{folder}/sandbox.db"
        with servers.serve(url, *options) as serving:
            yield serving


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.journal")
    parser.add_argument("--entries", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--pause", type=float, default=0, metavar="S", help="seconds between the last request and the first list")
    parser.add_argument("--stores", default="memory,sqlite,postgresql")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    print_line: Say = lambda line: (sys.stdout.write(line + "\n"), sys.stdout.flush())  # noqa: E731
    main(options.entries, options.rounds, options.pause, options.stores.split(","), options.json, print_line)
