"""Duration of requests with few and with many stored orders, on one PostgreSQL server.

Run it with `.venv/bin/python -m tests.bench.scale [FEW] [MANY] [--rounds N] [--json FILE]`; the defaults are
1,000 and 1,000,000 orders. Each request is sent to both sandboxes, one after the other. Refunds are of random orders.
"""

import argparse
import random
import statistics
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from tests.bench import orders, servers
from tests.bench.servers import Client, Request, Say, Serving

_TIMEOUT_S = 20
"""Maximum seconds for one kind of request per round and sandbox. The rest is skipped then."""


class Measured(NamedTuple):
    """One kind of request, and the number of times that it is sent in a round."""

    name: str
    request: Callable[[int, int], Request]
    """Function that returns the request for an order, given its number and the number of orders."""
    times: int
    part: int = 1
    """Step between the orders that the request can be sent for."""


_CALLS = (
    Measured("FluentCart refund", lambda number, _: servers.refund_fluentcart(number), 40),
    Measured(
        "FunnelFox refund",
        lambda number, _: servers.refund_funnelfox(orders.order_id_of(number), orders.external_id_of(number)),
        40,
        part=2,
    ),
    Measured("GET /_sandbox/fluentcart/orders/{id}", lambda number, _: servers.look_behind(number), 40),
    Measured("GET /orders", lambda *_: servers.list_fluentcart(), 5),
    Measured("… of a status", lambda *_: servers.list_fluentcart("&payment_statuses[]=partially_refunded"), 5),
    Measured("… sorted by total_amount", lambda *_: servers.list_fluentcart("&sort_by=total_amount"), 2),
    Measured("… sorted by status", lambda *_: servers.list_fluentcart("&sort_by=status"), 2),
    Measured("… that contain an invoice number", lambda number, _: servers.list_fluentcart(f"&search=INV-{number}"), 2),
    Measured("… of a customer by e-mail", lambda number, _: servers.list_fluentcart(f"&search=customer+%3D+{number}@"), 2),
    Measured("… whose id is above", lambda number, _: servers.list_fluentcart(f"&search=id+%3E+{number}"), 2),
    Measured("GET /reports/refund-chart", lambda *_: servers.report_fluentcart("reports/refund-chart"), 2),
    Measured("GET /reports/order-chart", lambda *_: servers.report_fluentcart("reports/order-chart"), 2),
    Measured("… the page in the middle", lambda _, size: servers.list_fluentcart(f"&page={size // 20}"), 5),
    Measured("… the last page", lambda _, size: servers.list_fluentcart(f"&page={size // 10}"), 5),
)


class Loaded:
    """A sandbox with a number of orders, and its measurements: seconds by kind of request."""

    def __init__(self, size: int, serving: Serving) -> None:
        self.size = size
        self.start = serving.seconds
        self._pid = serving.pid
        self._client = Client(serving.port)
        self._random = random.Random(size)  # noqa: S311 - the same orders in each run
        self.seconds: dict[str, list[float]] = {call.name: [] for call in _CALLS}
        self.statuses: dict[str, set[int]] = {call.name: set() for call in _CALLS}

    def make(self, call: Measured, *, counts: bool) -> float:
        """Send a request for a random order."""
        number = orders.FIRST + self._random.randrange(1, self.size // call.part)
        seconds, status = self._client.time(call.request(number, self.size))
        if counts:
            self.seconds[call.name].append(seconds)
            self.statuses[call.name].add(status)
        return seconds

    def peak_memory(self) -> float:
        """Return memory in MiB."""
        return servers.memory(self._pid, "VmHWM")

    def median(self, call: Measured) -> float:
        """Return the median in milliseconds."""
        return statistics.median(self.seconds[call.name]) * 1000


def main(sizes: list[int], rounds: int, server: str | None, file: Path | None, say: Say) -> None:
    """Load, measure and print medians."""
    with servers.postgresql(server) as database, ExitStack() as stack:
        loaded = []
        for number, size in zip(count(), sizes):
            say(f"loading {size:,} orders …")
            database.psql(f"DROP DATABASE IF EXISTS scale_{number}")
            database.psql(f"CREATE DATABASE scale_{number}")
            url = database.get_uri(f"scale_{number}")
            orders.fill(url, size, say)
            loaded.append(Loaded(size, stack.enter_context(servers.serve(url))))
            say(f"  listening after {loaded[-1].start:.1f} s")
        for one in range(rounds + 1):
            say(f"round {one} of {rounds}" if one else "warming up")
            for call in _CALLS:
                _measure(loaded, call, counts=one > 0)
        calls = [_result(call, loaded) for call in _CALLS]
        processes = {sandbox.size: {"start_s": sandbox.start, "peak_memory_mib": sandbox.peak_memory()} for sandbox in loaded}
    _print(calls, processes, say)
    servers.write_results({"calls": calls, "processes": processes}, file)


def _measure(loaded: list[Loaded], call: Measured, *, counts: bool) -> None:
    left = [float(_TIMEOUT_S)] * len(loaded)
    for one in range(call.times):
        for place in (0, 1) if one % 2 else (1, 0):
            if left[place] > 0:
                left[place] -= loaded[place].make(call, counts=counts)


def _result(call: Measured, loaded: list[Loaded]) -> dict[str, Any]:
    medians = [sandbox.median(call) for sandbox in loaded]
    return {
        "call": call.name,
        "median_ms": {str(sandbox.size): median for sandbox, median in zip(loaded, medians, strict=True)},
        "ratio": medians[1] / medians[0],
        "measured": [len(sandbox.seconds[call.name]) for sandbox in loaded],
        "statuses": sorted(loaded[0].statuses[call.name] | loaded[1].statuses[call.name]),
    }


def _print(calls: list[dict[str, Any]], processes: Mapping[int, Mapping[str, float]], say: Say) -> None:
    say(f"{'median, ms':38}" + "".join(f"{size:>13,}" for size in processes) + f"{'ratio':>9}  answers")
    for call in calls:
        medians = "".join(f"{median:>13,.1f}" for median in call["median_ms"].values())
        say(f"{call['call']:38}{medians}{call['ratio']:>9.2f}  {', '.join(map(str, call['statuses']))}")
    for name, what in (("start_s", "from launch to listening, s"), ("peak_memory_mib", "peak memory of the process, MiB")):
        say(f"{what:38}" + "".join(f"{process[name]:>13,.1f}" for process in processes.values()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scale")
    parser.add_argument("sizes", type=int, nargs="*", default=[1000, 1_000_000], metavar="ORDERS")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--server", metavar="URL", help="a PostgreSQL server with the extension pg_trgm")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if len(options.sizes) != 2 or min(options.sizes) < 10:
        parser.error("give two numbers of orders, 10 or more")
    main(
        options.sizes,
        options.rounds,
        options.server,
        options.json,
        lambda line: (sys.stdout.write(line + "\n"), sys.stdout.flush()),
    )
