"""Python's garbage collector: it rests while a server is put together, and makes no long pauses while one serves."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_YOUNG, _RUNS, _LONG_RUNS = 300, 8000, 50
"""So many new objects come between two runs over the young ones, which take less than a millisecond while the objects are
still at hand. Calls, connections and worlds leave no circles (see tests/test_circles.py), only a stream of events that is cut
off does, so that there is next to nothing to be found: a run over all that came since the last of its kind, which makes
everybody wait, comes after hundreds of thousands of requests, and one over everything after fifty of those."""


@contextmanager
def resting() -> Iterator[None]:
    """No collections inside: of modules that are imported, and a world that is made, nothing is garbage."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def adding() -> Iterator[None]:
    """As `resting`, for what is only loaded when it is needed: where the start was kept for good, so is this."""
    with resting():
        yield
        if gc.get_freeze_count():
            gc.freeze()


def spare() -> None:
    """For a process that does nothing but serve: what the start made stays, and what calls leave behind has no circles."""
    gc.freeze()
    gc.set_threshold(_YOUNG, _RUNS, _LONG_RUNS)
