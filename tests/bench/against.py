"""The checkout compared with an earlier commit: CPU time, throughput, start and memory.

Run it with `.venv/bin/python -m tests.bench.against COMMIT`; `--help` lists the options. Needs git, wrk, two cores, and access to
a package index for the first run. Each version is installed in an environment of its own. The table shows medians, and the
median of the ratios of all rounds. The order of the versions alternates.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tests.bench import cpu_refunds, ledger, servers, versions, wrk
from tests.bench.servers import Request, Say, Serving
from tests.bench.speed import pins
from tests.bench.versions import Version
from tests.bench.wrk import Load

_ORDERS = ledger.numbers(500)
_REFUNDS: Mapping[str, Sequence[Request]] = {
    "FunnelFox": [ledger.refund_funnelfox(number) for number in _ORDERS],
    "FluentCart": [servers.refund_fluentcart(number) for number in _ORDERS],
}
_LEAST_RATES = {1: 0.95, 16: 0.75, 64: 0.75}
"""Wanted ratio of replies per second, by number of connections."""
_DATABASE_CONNECTIONS = 16
_HEALTH = Request("GET", "/_sandbox/health", None, {})
_MORE_STARTS = 2
"""Rounds of starts in addition to the chosen ones: a start is short and varies."""


class Figure(NamedTuple):
    """A measured figure, and the wanted ratio to the earlier one: a maximum, or a minimum if `at_least`."""

    what: str
    unit: str
    wanted: float | None
    """None for a figure that only helps to judge the others."""
    at_least: bool = False


class Row(NamedTuple):
    """Values of a figure in each round."""

    figure: Figure
    earlier: Sequence[float]
    now: Sequence[float]

    @property
    def ratios(self) -> list[float]:
        return [now / earlier for earlier, now in zip(self.earlier, self.now, strict=True)]

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)

    @property
    def reached(self) -> bool:
        wanted = self.figure.wanted
        return wanted is None or (self.ratio >= wanted if self.figure.at_least else self.ratio <= wanted)

    def as_json(self) -> dict[str, object]:
        rounds = {"earlier": self.earlier, "now": self.now}
        return {**self.figure._asdict(), "ratio": self.ratio, "reached": self.reached, "rounds": rounds}


Measure = Callable[[Version], Mapping[Figure, float]]
Group = Callable[[Sequence[Version], int], AbstractContextManager[Sequence[Measure]]]


class Servers(NamedTuple):
    """Running servers by version, and the load for them. `prefix` is a command prefix of wrk."""

    running: Mapping[str, Serving]
    seconds: int
    prefix: Sequence[str] = ()

    def load(self, version: Version, api: str, connections: int) -> tuple[Load, float]:
        """Load one server with refunds of different orders, in a new state. Return its CPU seconds per reply too."""
        pid, port, _ = self.running[version.name]
        ledger.load(port, _ORDERS)
        used = servers.processor_time(pid)
        load = wrk.load(port, _REFUNDS[api], connections=connections, seconds=self.seconds, prefix=self.prefix)
        used = servers.processor_time(pid) - used
        wrong = load.refused + load.failed
        assert load.requests and not wrong, f"{version.name}, {api}: {wrong} of {load.requests} replies are wrong"
        return load, used / load.requests


@contextmanager
def _cpu(compared: Sequence[Version], seconds: int) -> Iterator[Sequence[Measure]]:
    yield [_measure_cpu]


def _measure_cpu(version: Version) -> dict[Figure, float]:
    command = [str(version.python), "-P", cpu_refunds.__file__]
    requests = json.dumps({"load": ledger.load_request(_ORDERS), "refunds": _REFUNDS}).encode()
    done = subprocess.run(command, input=requests, stdout=subprocess.PIPE, check=True, env=servers.as_installed())
    return {
        Figure(f"{api} refund in process, {way}", "CPU µs", 0.8): seconds * 1e6
        for api, ways in json.loads(done.stdout).items()
        for way, seconds in ways.items()
    }


@contextmanager
def _http(compared: Sequence[Version], seconds: int) -> Iterator[Sequence[Measure]]:
    pinned = pins()
    with ExitStack() as stack:
        running = {
            version.name: stack.enter_context(servers.serve("memory://", program=[*pinned.server, version.program]))
            for version in compared
        }
        loaded = Servers(running, seconds, pinned.client)
        yield [partial(_measure_http, loaded, api, connections) for connections in _LEAST_RATES for api in _REFUNDS]


def _measure_http(loaded: Servers, api: str, connections: int, version: Version) -> dict[Figure, float]:
    load, used = loaded.load(version, api, connections)
    what = f"{api} refund, connections: {connections}"
    return {
        Figure(what, "a second", _LEAST_RATES[connections], at_least=True): load.per_second,
        Figure(f"{what}, p99", "ms", 1.0): load.p99_ms,
        Figure(f"{what}, server", "CPU µs", None): used * 1e6,
    }


@contextmanager
def _postgresql(compared: Sequence[Version], seconds: int) -> Iterator[Sequence[Measure]]:
    with servers.postgresql() as database, ExitStack() as stack:
        running = {}
        for version in compared:
            database.psql(f"CREATE DATABASE {version.name};")
            store = database.get_uri(version.name)
            running[version.name] = stack.enter_context(servers.serve(store, program=[version.program]))
        loaded = Servers(running, seconds)
        yield [partial(_measure_postgresql, loaded, api) for api in _REFUNDS]


def _measure_postgresql(loaded: Servers, api: str, version: Version) -> dict[Figure, float]:
    load, used = loaded.load(version, api, _DATABASE_CONNECTIONS)
    what = f"{api} refund on PostgreSQL, connections: {_DATABASE_CONNECTIONS}"
    return {
        Figure(what, "a second", 3.0, at_least=True): load.per_second,
        Figure(f"{what}, server", "CPU µs", None): used * 1e6,
    }


@contextmanager
def _start(compared: Sequence[Version], seconds: int) -> Iterator[Sequence[Measure]]:
    yield [_measure_start]


def _measure_start(version: Version) -> dict[Figure, float]:
    started = time.perf_counter()
    with servers.serve("memory://", program=[version.program]) as serving:
        ledger.ask(serving.port, _HEALTH)
        return {Figure("start until the first reply", "s", 1.05): time.perf_counter() - started}


@contextmanager
def _memory(compared: Sequence[Version], seconds: int) -> Iterator[Sequence[Measure]]:
    yield [_measure_memory]


def _measure_memory(version: Version) -> dict[Figure, float]:
    with servers.serve("memory://", program=[version.program]) as serving:
        ledger.ask(serving.port, servers.refund_funnelfox("3c90c3cc-0d44-4b50-8888-8dd25736052a", "user_456"))
        ledger.ask(serving.port, servers.list_fluentcart())
        time.sleep(0.5)
        return {Figure("idle memory after a request to each API", "MiB", 1.1): servers.memory(serving.pid)}


GROUPS: Mapping[str, Group] = {"cpu": _cpu, "http": _http, "postgresql": _postgresql, "start": _start, "memory": _memory}


def compare(measures: Sequence[Measure], compared: Sequence[Version], rounds: int) -> list[Row]:
    """Measure both versions alternately. The first round warms up. A figure of one version only is left out."""
    values: dict[Figure, list[tuple[float, float]]] = {}
    for one in range(rounds + 1):
        for measure in measures:
            order = compared if one % 2 else compared[::-1]
            found = {version.name: measure(version) for version in order}
            earlier, now = (found[version.name] for version in compared)
            for figure in now if one else ():
                if figure in earlier:
                    values.setdefault(figure, []).append((earlier[figure], now[figure]))
    return [Row(figure, *zip(*pairs, strict=True)) for figure, pairs in values.items()]


def report(rows: Sequence[Row], say: Say) -> None:
    """Print a line for each figure. The last column is the range of the rounds' ratios."""
    say(f"{'':58}{'':10}{'earlier':>10}{'now':>10}{'ratio':>8}  {'wanted':10}{'':10}rounds")
    for row in rows:
        what, unit, wanted, at_least = row.figure
        cells = "".join(f"{_shorten(statistics.median(values)):>10}" for values in (row.earlier, row.now))
        target = f"{'≥' if at_least else '≤'} {wanted:g}" if wanted else ""
        verdict = ("reached" if row.reached else "MISSED") if wanted else ""
        spread = f"{min(row.ratios):.2f} to {max(row.ratios):.2f}"
        say(f"{what:58}{unit:10}{cells}{row.ratio:>8.2f}  {target:10}{verdict:10}{spread}")


def _shorten(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def main(commit: str, names: Sequence[str], rounds: int, seconds: int, file: Path | None, say: Say) -> None:
    """Install, measure, and print the table."""
    if not names or {"http", "postgresql"} & set(names):
        wrk.find()
    os.environ.pop("PYTHONPATH", None)  # each version finds its own package
    commit = versions.find_commit(commit)
    compared = versions.install(commit, say)
    rows: list[Row] = []
    for name in names or GROUPS:
        say(f"measuring {name} …")
        with GROUPS[name](compared, seconds) as measures:
            rows += compare(measures, compared, rounds + (_MORE_STARTS if name == "start" else 0))
    report(rows, say)
    servers.write_results({"commit": commit, "figures": [row.as_json() for row in rows]}, file)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.against")
    parser.add_argument("commit", help="earlier commit")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="how long each server is loaded in a round")
    parser.add_argument("--only", nargs="+", choices=list(GROUPS), default=[], help="measure only these")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    main(
        options.commit,
        options.only,
        options.rounds,
        options.seconds,
        options.json,
        lambda line: (sys.stdout.write(line + "\n"), sys.stdout.flush()),
    )
