"""How many refunds a second one worker books, and two, on one PostgreSQL server; and how busy the machine was meanwhile.

Run it with `.venv/bin/python -m tests.bench.throughput [ORDERS] [--rounds N] [--seconds N] [--json FILE]`. Needs wrk, which sends
refunds of orders at random over 16 connections. Rounds alternate; the table shows medians.
"""

import argparse
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine, create_engine

from tests.bench import orders, servers
from tests.bench.servers import Say, Serving

_CONNECTIONS = 16
_TICKS = os.sysconf("SC_CLK_TCK")
_SCRIPT = """
local orders, seed = %(orders)d, %(seed)d
math.randomseed(seed)
request = function()
  local number = %(first)d + math.random(1, orders - 1)
  local body = '{"refund_info":{"transaction_id":' .. number .. ',"amount":1}}'
  return wrk.format("POST", "/wp-json/fluent-cart/v2/orders/" .. number .. "/refund", headers, body)
end
headers = {%(headers)s}
"""


class Round(NamedTuple):
    """What one round brought. The shares are of one core: 2 is the whole of a machine with two."""

    refunds_per_second: float
    median_ms: float
    refused: int
    generator: float
    workers: list[float]
    database: float
    others: float


class Bench:
    """One database, and a sandbox with so many workers for each round."""

    def __init__(self, size: int, seconds: int, engine: Engine, postmaster: int) -> None:
        self._size = size
        self._seconds = seconds
        self._engine = engine
        self._postmaster = postmaster

    def measure(self, serving: Serving, number: int, seed: int) -> Round:
        """One round. Checks that the database has one row for each refund that was answered with success."""
        booked, started = self._booked(), time.perf_counter()
        machine, workers, database, generator = self._used(serving)
        said = self._generate(serving.port, seed)
        took = time.perf_counter() - started
        machine2, workers2, database2, generator2 = self._used(serving)
        requests, refused = int(_find(r"(\d+) requests in", said)), int(_find(r"Non-2xx or 3xx responses: (\d+)", said))
        time.sleep(1)  # what was under way when wrk stopped is booked too
        booked = self._booked() - booked
        assert 0 <= booked - (requests - refused) <= _CONNECTIONS, f"{booked} rows of {requests} requests, {refused} refused"
        shares = [(workers2[pid] - used) / took for pid, used in workers.items()]
        own, others = (generator2 - generator) / took, (machine2 - machine) / took
        rest = others - own - sum(shares) - (database2 - database) / took
        latency = float(_find(r"50%\s+([\d.]+)ms", said))
        rate = (requests - refused) / float(_find(r"requests in ([\d.]+)s", said))
        return Round(rate, latency, refused, own, sorted(shares)[-number:], (database2 - database) / took, max(rest, 0.0))

    def _generate(self, port: int, seed: int) -> str:
        """Runs wrk and gives back what it said."""
        headers = ", ".join(f'["{name}"]="{value}"' for name, value in servers.refund_fluentcart(0).headers.items())
        script = _SCRIPT % {"orders": self._size, "seed": seed, "first": orders.FIRST, "headers": headers}
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
            file.write(script)
            file.flush()
            options = ["-t1", f"-c{_CONNECTIONS}", f"-d{self._seconds}s", "--latency", "--timeout", "30s", "-s", file.name]
            command = [_wrk(), *options, f"http://127.0.0.1:{port}"]
            return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def _booked(self) -> int:
        with self._engine.connect() as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM fluentcart_transaction").scalar_one())

    def _used(self, serving: Serving) -> tuple[float, dict[int, float], float, float]:
        """Seconds of processor time that were used so far: in all, by each process that answers, by the database, by wrk."""
        whole = [int(part) for part in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
        busy = (sum(whole) - whole[3] - whole[4] - whole[7]) / _TICKS
        workers = {pid: _time_of(pid) for pid in (serving.pid, *_children(serving.pid))}
        database = _time_of(self._postmaster, dead=True) + sum(map(_time_of, _children(self._postmaster)))
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return busy, workers, database, children.ru_utime + children.ru_stime


def _time_of(pid: int, *, dead: bool = False) -> float:
    """Seconds that a process used; with `dead` also its children that are gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except (FileNotFoundError, ProcessLookupError):  # gone since it was listed
        return 0.0
    return sum(map(int, fields[11 : 15 if dead else 13])) / _TICKS


def _children(pid: int) -> Iterator[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    yield from (int(child) for task in tasks for child in task.read_text().split())


def _find(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    return found[1] if found else "0"


def _wrk() -> str:
    found = shutil.which("wrk")
    if not found:
        sys.exit("wrk is needed: https://github.com/wg/wrk (apt-get install wrk, brew install wrk)")
    return found


def main(size: int, rounds: int, seconds: int, file: Path | None, say: Say) -> None:
    """Loads, measures, and prints the medians."""
    _wrk()
    measured: dict[int, list[Round]] = {1: [], 2: []}
    with servers.postgresql() as database, ExitStack() as stack:
        url = database.get_uri()
        say(f"loading {size:,} orders …")
        orders.fill(url, size, lambda _: None)
        engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1), isolation_level="AUTOCOMMIT")
        bench = Bench(size, seconds, engine, database.get_pid() or 0)
        serving = {number: stack.enter_context(servers.serve(url, "--workers", str(number))) for number in measured}
        time.sleep(5)  # the workers start after the banner
        for one in range(rounds + 1):  # the first one warms up
            for number, rows in measured.items():
                row = bench.measure(serving[number], number, seed=10 * one + number)
                say(f"round {one} of {rounds}, workers {number}: {row.refunds_per_second:.0f} a second")
                rows += [row] if one else []
        engine.dispose()
    _report(measured, file, say)


def _report(measured: dict[int, list[Round]], file: Path | None, say: Say) -> None:
    rates = {number: statistics.median(row.refunds_per_second for row in rows) for number, rows in measured.items()}
    head = "".join(f"{name:>12}" for name in ("refunds/s", "median, ms", "refused", "wrk", "database", "others"))
    say(f"{'':10}{head}  workers, each   (of {os.cpu_count()} cores)")
    for number, rows in measured.items():
        middle = [statistics.median(column) for column in zip(*((r[1], r[2], r[3], r[5], r[6]) for r in rows), strict=True)]
        cells = f"{rates[number]:>12.0f}{middle[0]:>12.1f}{middle[1]:>12.0f}" + "".join(f"{part:>12.2f}" for part in middle[2:])
        each = [statistics.median(column) for column in zip(*(row.workers for row in rows), strict=True)]
        say(f"{f'{number} worker(s)':10}{cells}  " + " ".join(f"{part:.2f}" for part in each))
    say(f"ratio     {rates[2] / rates[1]:>12.2f}")
    rounds = {number: [row._asdict() for row in rows] for number, rows in measured.items()}
    servers.keep({"refunds_per_second": rates, "ratio": rates[2] / rates[1], "rounds": rounds}, file)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.throughput")
    parser.add_argument("orders", type=int, nargs="?", default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    main(given.orders, given.rounds, given.seconds, given.json, lambda line: (sys.stdout.write(line + "\n"), sys.stdout.flush()))
