"""Cost of a refund as data grows: orders, refunds of an order, entries of the request log, workspaces.

Run it with `.venv/bin/python -m tests.bench.growth [NAME …] [--rounds N] [--json FILE]`. The memory store is
used. The sizes are measured in alternating rounds. The server's CPU time is compared, since other work on the machine hardly
changes it.
"""

import argparse
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from tests.bench import ledger, servers
from tests.bench.servers import Client, Request, Say, Serving

_MAX_RATIO = 1.2
_REFUNDS = 500
"""Number of refunds per API and measurement, each of a different order."""
_REPEATED = 4
"""Measurements in a round. The kernel counts CPU time in hundredths of a second."""

Refunds = Mapping[str, Sequence[Request]]


class Growth(NamedTuple):
    """A kind of data that grows."""

    sizes: Sequence[int]
    fill: Callable[[Serving, int], Refunds]
    """Function that creates data of a given size and returns the refunds to measure, by API."""
    options: Callable[[int], Sequence[str]] = lambda _: ()
    """Options of the sandbox."""
    prepare: Callable[[Serving, int], object] = lambda *_: None
    """Preparation before each measurement."""


def _fill_orders(serving: Serving, size: int) -> Refunds:
    numbers = ledger.numbers(size // 2)
    ledger.load(serving.port, numbers)
    return _refunds(numbers[:: len(numbers) // _REFUNDS])


def _fill_refunds(serving: Serving, size: int) -> Refunds:
    numbers = ledger.numbers(_REFUNDS)
    ledger.load(serving.port, numbers, refunds=size)
    return _refunds(numbers)


def _fill_journal(serving: Serving, size: int) -> Refunds:
    refunds = _fill_refunds(serving, 0)
    client = Client(serving.port)
    for number in range(size):
        client.time(refunds["FunnelFox"][number % len(refunds["FunnelFox"])])
    return refunds


def _empty_journal(serving: Serving, size: int) -> None:
    if not size:
        ledger.ask(serving.port, Request("DELETE", "/_sandbox/requests", None, {}), 204)


def _fill_workspaces(serving: Serving, size: int) -> Refunds:
    """Spread the orders evenly over the workspaces."""
    numbers = ledger.numbers(max(size, _REFUNDS))
    for one in range(size):
        ledger.load(serving.port, numbers[one::size], workspace=f"/w/{one}")
    step = len(numbers) // _REFUNDS
    return {
        api: [_inside(n % size, one) for n, one in enumerate(all_of_them)][::step]
        for api, all_of_them in _refunds(numbers).items()
    }


def _inside(workspace: int, request: Request) -> Request:
    return request._replace(path=f"/w/{workspace}{request.path}")


def _refunds(numbers: Sequence[int]) -> Refunds:
    return {
        "FunnelFox": [ledger.refund_funnelfox(number) for number in numbers],
        "FluentCart": [servers.refund_fluentcart(number) for number in numbers],
    }


GROWTHS: Mapping[str, Growth] = {
    "orders": Growth([1000, 100_000, 1_000_000], _fill_orders),
    "refunds of an order": Growth([1, 1000], _fill_refunds),
    "journal": Growth([0, 2000], _fill_journal, prepare=_empty_journal),
    "workspaces": Growth([1, 10_000], _fill_workspaces, options=lambda size: ["--workspaces", str(size + 1)]),
}


class Loaded:
    """A sandbox with data of one size."""

    def __init__(self, growth: Growth, size: int, serving: Serving) -> None:
        self.size = size
        self._growth = growth
        self._serving = serving
        self._refunds = growth.fill(serving, size)
        self._client = Client(serving.port)
        self.memory = servers.memory(serving.pid)
        self.processor: dict[str, list[float]] = {api: [] for api in self._refunds}
        self.seconds: dict[str, list[float]] = {api: [] for api in self._refunds}

    def measure(self, api: str) -> None:
        """Measure refunds, one after the other."""
        self._growth.prepare(self._serving, self.size)
        used = servers.processor_time(self._serving.pid)
        answers = [self._client.time(request) for request in self._refunds[api]]
        assert {status for _, status in answers} == {200}, f"{api}: {answers}"
        self.processor[api].append((servers.processor_time(self._serving.pid) - used) / len(answers))
        self.seconds[api].append(statistics.median(seconds for seconds, _ in answers))


def main(names: Sequence[str], rounds: int, file: Path | None, say: Say) -> None:
    """Print the cost of a refund for each size, relative to the smallest."""
    results = []
    say(f"{'':34}{'processor, µs':>14}{'ratio':>8}{'median, µs':>12}{'ratio':>8}{'memory, MiB':>13}")
    for name in names or GROWTHS:
        rows = _measure(GROWTHS[name], rounds)
        for row in rows:
            results.append({"growth": name, **row})
            cells = f"{row['processor_us']:>14.0f}{row['ratio']:>8.2f}{row['median_us']:>12.0f}{row['median_ratio']:>8.2f}"
            flat = "" if row["ratio"] <= _MAX_RATIO else f"  MISSED, at most {_MAX_RATIO}"
            say(f"{name:20}{row['size']:>10,}  {row['api']:12}{cells}{row['memory_mib']:>11.0f}{flat}")
    servers.write_results(results, file)


def _measure(growth: Growth, rounds: int) -> list[dict[str, Any]]:
    with ExitStack() as stack:
        loaded = []
        for size in growth.sizes:
            serving = stack.enter_context(servers.serve("memory://", *growth.options(size)))
            loaded.append(Loaded(growth, size, serving))
        apis = list(loaded[0].processor)
        for _ in range(rounds * _REPEATED + 1):
            for api in apis:
                for sandbox in loaded:
                    sandbox.measure(api)
    return [row for api in apis for row in _compare(api, loaded)]


def _compare(api: str, loaded: Sequence[Loaded]) -> list[dict[str, Any]]:
    """Compare each size with the first. The first round warms up."""
    costs = [statistics.mean(sandbox.processor[api][1:]) * 1e6 for sandbox in loaded]
    medians = [statistics.median(sandbox.seconds[api][1:]) * 1e6 for sandbox in loaded]
    return [
        {
            "api": api,
            "size": sandbox.size,
            "processor_us": cost,
            "ratio": cost / costs[0],
            "median_us": median,
            "median_ratio": median / medians[0],
            "memory_mib": sandbox.memory,
        }
        for sandbox, cost, median in zip(loaded, costs, medians, strict=True)
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.growth")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(GROWTHS)}; default: all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if set(options.names) - set(GROWTHS):
        parser.error(f"Known names: {', '.join(GROWTHS)}")
    main(options.names, options.rounds, options.json, lambda line: (sys.stdout.write(line + "\n"), sys.stdout.flush()))
