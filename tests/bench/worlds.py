"""How long worlds in memory take: a reset, a new workspace, and keeping and restoring a snapshot of 10,000 orders.

Run it with `.venv/bin/python -m tests.bench.worlds`. Milliseconds, medians with the slowest.
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
    """Median and slowest of so many runs."""
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return f"{statistics.median(seconds) * 1000:8.3f} ms (slowest {max(seconds) * 1000:.1f})"


def main(say: Callable[[str], object]) -> None:
    """Measures, and says each figure when it is there."""
    sandbox, numbers = build(), count()
    sandbox.workspaces.open("warm-up")
    say(f"reset to the demo world          {took(sandbox.workspace.reset, 200)}\n")
    say(f"a new workspace                  {took(lambda: sandbox.workspaces.open(f'w{next(numbers)}'), 500)}\n")
    large = build(Settings(orders=_ORDERS // 2)).workspace
    say(f"keep a world of {_ORDERS} orders    {took(lambda: large.save_snapshot('one'), 20)}\n")
    say(f"restore a world of {_ORDERS} orders {took(lambda: large.restore_snapshot('one'), 20)}\n")


if __name__ == "__main__":
    main(sys.stdout.write)
