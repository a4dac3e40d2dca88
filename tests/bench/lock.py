"""Longest time for which work on a large state keeps the event loop from running, in CPU time.

Run it with `.venv/bin/python -m tests.bench.lock [--orders N]`. Python runs one thread at a time. A thread wakes each
millisecond, as the event loop does, while another one loads, writes and replaces a state. CPU time counts right on a busy
machine too.
"""

import argparse
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from refund_sandbox import gc_tuning
from refund_sandbox.app import build
from refund_sandbox.core import documents
from tests.bench.health import state_of

_PAUSE_S = 0.001


class Step(NamedTuple):
    """CPU time of a step in seconds, and the longest time in milliseconds for which nothing else ran."""

    name: str
    seconds: float
    longest_ms: float


def _measure(name: str, work: Callable[[], object]) -> Step:
    gaps: list[float] = []
    stopped = threading.Event()

    def wake() -> None:
        last = time.process_time()
        while not stopped.is_set():
            time.sleep(_PAUSE_S)
            now = time.process_time()
            gaps.append(now - last)
            last = now

    thread = threading.Thread(target=wake)
    started = time.process_time()
    thread.start()
    work()
    seconds = time.process_time() - started
    stopped.set()
    thread.join()
    return Step(name, seconds, max(gaps) * 1000)


def main(orders: int) -> None:
    """Measure and print."""
    sandbox = build()
    gc_tuning.tune()
    workspace, body = sandbox.workspace, state_of(orders).encode()
    parsed: list[object] = []

    def load() -> None:
        with gc_tuning.collection_paused():
            workspace.load(parsed.pop())

    def parse() -> None:
        with gc_tuning.collection_paused():
            parsed.append(documents.read_json(body.decode()))

    sys.stdout.write(f"{orders:,} orders{'CPU, s':>20}{'longest, ms':>14}\n")
    steps = (("read JSON", parse), ("load", load), ("write JSON", partial(_write, lambda: workspace.write().pieces)))
    for name, work in (*steps, ("read JSON again", parse), ("replace", load)):
        step = _measure(name, work)
        sys.stdout.write(f"{step.name:20}{step.seconds:>14.1f}{step.longest_ms:>14.0f}\n")
        sys.stdout.flush()
    sandbox.close()


def _write(pieces: Callable[[], Iterator[bytes]]) -> None:
    for _ in pieces():
        pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.lock")
    parser.add_argument("--orders", type=int, default=100_000)
    main(parser.parse_args().orders)
