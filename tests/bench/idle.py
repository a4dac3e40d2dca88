"""Cost of 1,000 open connections: refunds per second and their latency, with and without them.

Run it with `.venv/bin/python -m tests.bench.idle [--rounds N] [--seconds N] [--open N] [--slow N] [--json FILE]`. Needs wrk,
which books refunds of 0.01 over 16 connections. Most open connections were used once and are idle. Some send a
request byte by byte. Rounds alternate. The table shows medians.
"""

import argparse
import asyncio
import json
import multiprocessing
import resource
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from tests.bench import servers, wrk
from tests.bench.servers import Client, Request, Say, Serving

_CONNECTIONS = 16
_MAX_RATIO = 1.2
"""Maximum ratio."""
_PAUSE = 0.2
"""Seconds between two bytes of a slow client."""
_REQUEST = b"GET /_sandbox/health HTTP/1.1\r\nHost: idle\r\nX-Padding: " + b"x" * 200 + b"\r\n\r\n"


async def _hold(port: int, number: int, slow: int, parent: Connection) -> None:
    """Open `number` connections, report that to the parent, and hold them until the parent sends a message."""
    streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(number)]
    for reader, writer in streams[slow:]:
        writer.write(_REQUEST)
        await reader.readuntil(b"\r\n\r\n")
    drips = [asyncio.create_task(_drip(reader, writer)) for reader, writer in streams[:slow]]
    parent.send(number)
    await asyncio.get_running_loop().run_in_executor(None, parent.recv)
    for drip in drips:
        drip.cancel()
    parent.send(sum(not writer.is_closing() and not reader.at_eof() for reader, writer in streams))


async def _drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a request byte by byte. The last bytes come together, to stay within the server's request time-out."""
    while True:
        for byte in _REQUEST[:100]:
            writer.write(bytes([byte]))
            await asyncio.sleep(_PAUSE)
        writer.write(_REQUEST[100:])
        await reader.readuntil(b"\r\n\r\n")


def _start(port: int, number: int, slow: int, parent: Connection) -> None:
    asyncio.run(_hold(port, number, slow, parent))


@contextmanager
def _open(port: int, number: int, slow: int) -> Iterator[None]:
    """Hold connections in another process. Fail if the server closes one of them."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_start, args=(port, number, slow, theirs))
    process.start()
    assert ours.recv() == number
    yield
    ours.send(None)
    still = ours.recv()
    process.join()
    assert still == number, f"{number - still} of {number} connections were closed"


def _load_orders(port: int) -> list[Request]:
    """Load orders with enough money for every refund, and return a refund of each."""
    charges = [{"id": n, "total": 10**9, "vendor_charge_id": f"pi_ok_{n}"} for n in range(1, 201)]
    orders = [{"id": charge["id"], "total_paid": 10**9, "transactions": [charge]} for charge in charges]
    _control(port, "PUT", "/state", json.dumps({"fluentcart": {"orders": orders}}))
    return [servers.refund_fluentcart(order) for order in range(1, 201)]


def _control(port: int, method: str, path: str, body: str) -> None:
    _, status = Client(port).time(Request(method, f"/_sandbox{path}", body, {"Content-Type": "application/json"}))
    assert status == 200


class Round(NamedTuple):
    """Result of one round. `processor_ms` is the server's CPU time per refund."""

    per_second: float
    median_ms: float
    p99_ms: float
    processor_ms: float


def _measure(serving: Serving, seconds: int) -> Round:
    """Run one round on orders without refunds."""
    requests, before = _load_orders(serving.port), servers.processor_time(serving.pid)
    load = wrk.load(serving.port, requests, connections=_CONNECTIONS, seconds=seconds)
    assert load.refused == load.failed == 0, load
    used = (servers.processor_time(serving.pid) - before) / load.requests
    return Round(load.per_second, load.median_ms, load.p99_ms, used * 1000)


def main(rounds: int, seconds: int, number: int, slow: int, file: Path | None, say: Say) -> bool:
    """Measure and print. Return whether the slowdown is within the limit."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    without: list[Round] = []
    with_idle: list[Round] = []
    with servers.serve("memory://") as serving:
        _measure(serving, seconds)  # warms up
        for one in range(rounds):
            without.append(_measure(serving, seconds))
            with _open(serving.port, number, slow):
                with_idle.append(_measure(serving, seconds))
            say(f"round {one + 1} of {rounds}: {without[-1].per_second:.0f} and {with_idle[-1].per_second:.0f} refunds a second")
    say(f"{'':24}{'refunds/s':>12}{'median, ms':>12}{'p99, ms':>12}{'CPU, ms':>12}")
    medians = [[statistics.median(column) for column in zip(*loads, strict=True)] for loads in (without, with_idle)]
    for name, figures in zip(("no other connection", f"{number:,} open, {slow} slow"), medians, strict=True):
        say(f"{name:24}" + "".join(f"{figure:>12.2f}" for figure in figures))
    ratios: list[float] = [medians[0][0] / medians[1][0], *(medians[1][column] / medians[0][column] for column in (1, 2, 3))]
    say(f"{'times slower':24}" + "".join(f"{ratio:>12.2f}" for ratio in ratios))
    results = {"without": [one._asdict() for one in without], "with_idle": [one._asdict() for one in with_idle], "ratios": ratios}
    servers.write_results(results, file)
    return ratios[0] <= _MAX_RATIO and ratios[1] <= _MAX_RATIO


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.idle")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--open", type=int, default=1000)
    parser.add_argument("--slow", type=int, default=50)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    is_well = main(
        options.rounds,
        options.seconds,
        options.open,
        options.slow,
        options.json,
        lambda line: (sys.stdout.write(line + "\n"), sys.stdout.flush()),
    )
    sys.exit(0 if is_well else 1)
