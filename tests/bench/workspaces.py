"""Duration of state changes in memory: a reset, a new workspace, and a snapshot of 10,000 orders.

Run it with `.venv/bin/python -m tests.bench.workspaces`. It prints medians and maxima in milliseconds.
"""

import statistics
import sys
import time
from collections.abc import Callable
from itertools import count

from refund_sandbox.app import build
from refund_sandbox.settings import Settings

_ORDERS = 10_000


def took(work: Callable[[], object], times: int) -> str:
    """Return median and maximum of `count` runs."""
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return f"{statistics.median(seconds) * 1000:8.3f} ms (slowest {max(seconds) * 1000:.1f})"


def main(say: Callable[[str], object]) -> None:
    """Measure and print each figure as soon as it is known."""
    sandbox, numbers = build(), count()
    sandbox.workspaces.open("warm-up")
    say(f"reset to the demo state            {took(sandbox.workspace.reset, 200)}\n")
    say(f"a new workspace                    {took(lambda: sandbox.workspaces.open(f'w{next(numbers)}'), 500)}\n")
    large = build(Settings(orders=_ORDERS // 2)).workspace
    say(f"save a snapshot of {_ORDERS} orders    {took(lambda: large.save_snapshot('one'), 20)}\n")
    say(f"restore a snapshot of {_ORDERS} orders {took(lambda: large.restore_snapshot('one'), 20)}\n")


if __name__ == "__main__":
    main(sys.stdout.write)
