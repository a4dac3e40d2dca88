"""The tables of the speed bench, and what they should say."""

import statistics
from collections.abc import Callable, Iterator, Mapping
from operator import itemgetter
from typing import Any

from tests.bench.servers import Say

_REFUNDS = ("FunnelFox refund", "FluentCart refund")
_REFUSED = ("FunnelFox refused", "FluentCart refused")
_BUSY = (16, 64)
_NAMES = {
    "start_s": "first reply, s",
    "start_processor_s": "of processor, s",
    "idle_mib": "idle, MiB",
    "loaded_mib": "loaded, MiB",
    "later_mib": "later, MiB",
    "requests": "after requests",
}


def judge(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each target with what was measured. Ratios are medians of those of the rounds, whose parts were measured side by side."""
    figures = _Figures(results["speed"])
    judged = [_judged(*row) for row in (*_speed(figures), *_one_process(results))]
    return [row for row in judged if row["measured"] is not None]


def report(judged: list[dict[str, Any]], say: Say) -> None:
    """Prints which targets are reached."""
    say(f"\n{'':64}{'measured':>10}{'target':>10}")
    for row in judged:
        sign = "≥" if row["at_least"] else "≤"
        say(f"{row['what']:64}{row['measured']:>10.3g}{sign:>4} {row['target']:<6g}{'reached' if row['reached'] else 'MISSED'}")


def report_speed(speed: list[dict[str, Any]], say: Say) -> None:
    """Prints medians: answers a second, milliseconds, and the server's processor time for one."""
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
    """Prints how long the subjects take to start, and their memory."""
    say(f"\n{'':24}" + "".join(f"{name:>17}" for name in _NAMES.values()))
    for name, process in processes.items():
        say(f"{name:24}" + "".join(f"{process[key]:>17,.2f}" if key in process else " " * 17 for key in _NAMES))


class _Figures:
    """The rounds by subject, case and connections."""

    def __init__(self, speed: list[dict[str, Any]]) -> None:
        self._rounds = {(row["subject"], row["case"], row["connections"]): row["rounds"] for row in speed}

    def ratio(self, case: str, other: str, connections: int, figure: Callable[[Mapping[str, Any]], float]) -> float | None:
        """How much of another's figure the sandbox's is; None where one of them was not measured."""
        mine = self._rounds.get(("sandbox", case, connections))
        others = self._rounds.get((other, "refund", connections))
        if not mine or not others:
            return None
        return statistics.median(figure(one) / figure(two) for one, two in zip(mine, others, strict=True))


def _speed(figures: _Figures) -> Iterator[tuple[str, float | None, float, bool]]:
    """What is measured, the figure, the target, and whether that is the least."""
    for connections in _BUSY:
        for case in _REFUNDS:
            for other, least in (("bare starlette", 0.55), ("Prism", 3.0), ("WireMock", 1.0)):
                yield f"{case} / {other}, {connections} connections", figures.ratio(case, other, connections, _rate), least, True
            slow = figures.ratio(case, "WireMock", connections, _p99)
            yield f"{case}, p99 / WireMock's, {connections} connections", slow, 0.25, False
        for case in _REFUSED:
            bare = figures.ratio(case, "bare starlette", connections, _rate)
            yield f"{case} / bare starlette, {connections} connections", bare, 0.4, True


def _one_process(results: Mapping[str, Any]) -> Iterator[tuple[str, float | None, float, bool]]:
    process, imports = results["processes"].get("sandbox", {}), results["imports"]
    renewed = results["processes"].get("sandbox, renewed", {})
    yield "cold start, s", process.get("start_s"), 0.35, False
    yield "import sandbox, ms", imports["import_ms"], 20, False
    yield "in process ready after imports, ms", imports["ready_ms"], 60, False
    yield "idle memory, MiB", process.get("idle_mib"), 55, False
    yield "loaded memory, MiB", renewed.get("loaded_mib"), 90, False
    yield "later memory / loaded memory", _growth(renewed), 1.02, False


def _growth(process: Mapping[str, float]) -> float | None:
    return process["later_mib"] / process["loaded_mib"] if process else None


def _judged(what: str, measured: float | None, target: float, at_least: bool) -> dict[str, Any]:
    reached = measured is not None and (measured >= target if at_least else measured <= target)
    return {"what": what, "measured": measured, "target": target, "at_least": at_least, "reached": reached}


def _median(rounds: list[dict[str, Any]]) -> list[float]:
    figures = (_rate, itemgetter("median_ms"), _p99, itemgetter("processor_us"))
    return [statistics.median(map(figure, rounds)) for figure in figures]


def _rate(one: Mapping[str, Any]) -> float:
    return float(one["requests"]) / float(one["seconds"])


def _p99(one: Mapping[str, Any]) -> float:
    return float(one["p99_ms"])
