"""Tables and targets of the speed bench."""

import statistics
from collections.abc import Callable, Iterator, Mapping
from operator import itemgetter
from typing import Any, NamedTuple

from tests.bench.servers import Say

_REFUNDS = ("FunnelFox refund", "FluentCart refund")
_REFUSED = ("FunnelFox refused", "FluentCart refused")
_BUSY = (16, 64)
_STEADY = 1.02
"""Tolerated growth of memory: an allocator does not return every page."""
_NAMES = {
    "start_s": "first reply, s",
    "start_processor_s": "of processor, s",
    "idle_mib": "idle, MiB",
    "loaded_mib": "loaded, MiB",
    "later_mib": "later, MiB",
    "requests": "after requests",
}


class Target(NamedTuple):
    """A target for a measured value: a maximum, or a minimum if `at_least`."""

    what: str
    measured: float | None
    """None if it was not measured."""
    target: float
    at_least: bool = False
    by_processor: float | None = None
    """Ratio of speeds by the servers' CPU time, which other work on the machine hardly changes."""

    @property
    def reached(self) -> bool:
        """Whether the target is reached."""
        measured = self.measured or 0.0
        return measured >= self.target if self.at_least else measured <= self.target


def judge(results: Mapping[str, Any]) -> list[Target]:
    """Yield the targets with their measured values. A ratio is the median of the ratios of all rounds."""
    targets = (*_speed(_Figures(results["speed"])), *_one_process(results))
    return [target for target in targets if target.measured is not None]


def report(targets: list[Target], say: Say) -> None:
    """Print which targets are reached."""
    say(f"\n{'':64}{'measured':>10}{'target':>10}{'':10}by the server's processor time")
    for row in targets:
        target = f"{'≥' if row.at_least else '≤'} {row.target:g}"
        other = f"{row.by_processor:.3g}" if row.by_processor else ""
        say(f"{row.what:64}{row.measured:>10.3g}{target:>10}  {'reached' if row.reached else 'MISSED':8}{other}".rstrip())


def report_speed(speed: list[dict[str, Any]], say: Say) -> None:
    """Print medians: replies per second, milliseconds, and the server's CPU time per reply."""
    connections = sorted({row["connections"] for row in speed})
    medians = {(row["subject"], row["case"], row["connections"]): _median(row["rounds"]) for row in speed}
    say(f"\n{'':36}" + "".join(f"{f'{number} connections':>38}" for number in connections))
    say(f"{'':36}" + f"{'a second':>12}{'ms':>8}{'p99':>8}{'server µs':>10}" * len(connections))
    for subject, case in dict.fromkeys((row["subject"], row["case"]) for row in speed):
        cells = (medians[subject, case, number] for number in connections)
        say(
            f"{f'{subject}, {case}':36}"
            + "".join(f"{rate:>12,.0f}{middle:>8.2f}{p99:>8.2f}{used:>10.0f}" for rate, middle, p99, used in cells)
        )


def report_processes(processes: Mapping[str, Mapping[str, float]], say: Say) -> None:
    """Print start time and memory of the subjects."""
    say(f"\n{'':24}" + "".join(f"{name:>17}" for name in _NAMES.values()))
    for name, process in processes.items():
        say(f"{name:24}" + "".join(f"{process[key]:>17,.2f}" if key in process else " " * 17 for key in _NAMES))


class _Figures:
    """Results of all rounds by subject, case and number of connections."""

    def __init__(self, speed: list[dict[str, Any]]) -> None:
        self._rounds = {(row["subject"], row["case"], row["connections"]): row["rounds"] for row in speed}

    def speed(self, case: str, other: str, connections: int, least: float) -> Target:
        """Return the speed relative to another subject, in the same case if it has one."""
        rate = self._ratio(case, other, connections, _rate)
        by_processor = self._ratio(case, other, connections, lambda one: 1 / one["processor_us"])
        return Target(f"{case} / {other}, {connections} connections", rate, least, at_least=True, by_processor=by_processor)

    def p99(self, case: str, other: str, connections: int, most: float) -> Target:
        """Return the 99th percentile relative to another subject's."""
        return Target(f"{case}, p99 / {other}'s, {connections} connections", self._ratio(case, other, connections, _p99), most)

    def _ratio(self, case: str, other: str, connections: int, figure: Callable[[Mapping[str, Any]], float]) -> float | None:
        mine = self._rounds.get(("sandbox", case, connections))
        others = self._rounds.get((other, case, connections)) or self._rounds.get((other, "refund", connections))
        if not mine or not others:
            return None
        return statistics.median(figure(one) / figure(two) for one, two in zip(mine, others, strict=True))


def _speed(figures: _Figures) -> Iterator[Target]:
    for connections in _BUSY:
        for case in _REFUNDS:
            yield figures.speed(case, "bare starlette", connections, 0.55)
            yield figures.speed(case, "Prism", connections, 3.0)
            yield figures.speed(case, "WireMock", connections, 1.0)
            yield figures.p99(case, "WireMock", connections, 0.25)
        for case in _REFUSED:
            yield figures.speed(case, "bare starlette", connections, 0.4)


def _one_process(results: Mapping[str, Any]) -> Iterator[Target]:
    processes, imports = results["processes"], results["imports"]
    process, renewed = processes.get("sandbox", {}), processes.get("sandbox, renewed", {})
    yield Target("cold start, s", process.get("start_s"), 0.35)
    yield Target("import refund_sandbox, ms", imports["import_ms"], 20)
    yield Target("in process ready after imports, ms", imports["ready_ms"], 60)
    yield Target("idle memory, MiB", process.get("idle_mib"), 55)
    yield Target("loaded memory with state renewed, MiB", renewed.get("loaded_mib"), 90)
    yield Target("… and later / loaded", _growth(renewed), _STEADY)


def _growth(process: Mapping[str, float]) -> float | None:
    return process["later_mib"] / process["loaded_mib"] if process else None


def _median(rounds: list[dict[str, Any]]) -> list[float]:
    figures = (_rate, itemgetter("median_ms"), _p99, itemgetter("processor_us"))
    return [statistics.median(map(figure, rounds)) for figure in figures]


def _rate(one: Mapping[str, Any]) -> float:
    return float(one["requests"]) / float(one["seconds"])


def _p99(one: Mapping[str, Any]) -> float:
    return float(one["p99_ms"])
