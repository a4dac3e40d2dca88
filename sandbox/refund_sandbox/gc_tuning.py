"""Python's garbage collector: it rests while a server is put together, and makes no long pauses while one serves."""

import gc
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

_YOUNG, _RUNS, _NEVER = 300, 5, 2**30
"""So many new objects come between two runs over the young ones, which take less than a millisecond while the objects are
still at hand; after so many of those, all that is there by then stays for good, and a run over everything has nothing to do."""
_BUSY = 0.05
"""Seconds. Where it took longer to get there, what stays is searched for circles before, a pause of a millisecond; it was twelve
with twenty times as many objects. A server under load has no time for that, and next to nothing would be found: calls,
connections and worlds leave no circles (see tests/test_circles.py), only a stream of events that is cut off does."""


@contextmanager
def collection_paused() -> Iterator[None]:
    """No collections inside: of modules that are imported, and a world that is made, nothing is garbage."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def collection_paused_then_frozen() -> Iterator[None]:
    """As `resting`, for what is only loaded when it is needed: where the start was kept for good, so is this."""
    with collection_paused():
        yield
        if _is_tuned():
            gc.freeze()


def _is_tuned() -> bool:
    return any(isinstance(callback, _Keeper) for callback in gc.callbacks)


def tune() -> None:
    """For a process that does nothing but serve: what the start made stays, and so does what outlives its youth later.

    The ledger and the journal are most of it. To search them again and again costs a thirtieth of a refund, in pauses of a
    quarter of a second. What stays still goes as soon as nothing refers to it; only circles would not.
    """
    gc.freeze()
    gc.set_threshold(_YOUNG, _RUNS, _NEVER)
    gc.callbacks.append(_Keeper())


class _Keeper:
    """Is told of each run, and puts what is there aside for good: after a search, or when there is no time for one."""

    def __init__(self) -> None:
        self._kept = time.monotonic()

    def __call__(self, phase: str, run: Mapping[str, int]) -> None:
        if phase != "stop":
            return
        searched = run["generation"] > 0
        if searched or (gc.get_count()[1] >= _RUNS and time.monotonic() < self._kept + _BUSY):
            gc.freeze()
            self._kept = time.monotonic()
