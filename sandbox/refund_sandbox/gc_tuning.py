"""Tuning of Python's garbage collector: no collections while a server starts, and no long pauses while it serves.

`gc.freeze()` moves all objects to a permanent generation, which collections do not search. A frozen object is still freed
when its last reference goes. Only reference cycles among frozen objects are never freed.
"""

import gc
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

_YOUNG_OBJECTS, _YOUNG_RUNS, _NEVER = 300, 5, 2**30
"""Thresholds of the collector.

Generation 0 is collected every 300 allocations (less than 1 ms: the objects are still in the processor's cache). After 5 such
runs, generation 1 is collected and all survivors are frozen. So generation 2 stays empty.
"""
_BUSY_S = 0.05
"""The process is busy if it reaches generation 1 within this time after the last freeze.

A busy process freezes without the collection of generation 1, which takes 1 ms. It would find next to nothing: requests,
connections and workspaces make no reference cycles (see tests/server/test_reference_cycles.py), only event streams that are
cut off do.
"""


@contextmanager
def collection_paused() -> Iterator[None]:
    """Pause the collector: nothing is garbage while modules are imported and a workspace is loaded."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def collection_paused_then_frozen() -> Iterator[None]:
    """Pause the collector, and freeze what was loaded if this process called `tune`."""
    with collection_paused():
        yield
        if _is_tuned():
            gc.freeze()


def _is_tuned() -> bool:
    return any(isinstance(callback, _FreezeSurvivors) for callback in gc.callbacks)


def tune() -> None:
    """Freeze all objects now, and survivors of young collections later. For processes that only serve.

    Most survivors are records of the ledger and the request log. A full collection would search them every 80,000 refunds
    and pause for 250 ms.
    """
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, _YOUNG_RUNS, _NEVER)
    gc.callbacks.append(_FreezeSurvivors())


class _FreezeSurvivors:
    """Callback of `gc.callbacks` that freezes after a collection of generation 1, or instead of one in a busy process."""

    def __init__(self) -> None:
        self._frozen_at = time.monotonic()

    def __call__(self, phase: str, run: Mapping[str, int]) -> None:
        if phase != "stop":
            return
        is_collected = run["generation"] > 0
        if is_collected or (gc.get_count()[1] >= _YOUNG_RUNS and time.monotonic() < self._frozen_at + _BUSY_S):
            gc.freeze()
            self._frozen_at = time.monotonic()
