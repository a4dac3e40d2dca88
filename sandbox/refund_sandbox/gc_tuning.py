"""Tuning of Python's garbage collector: no collections while a server starts, and few while it serves."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_YOUNG_OBJECTS = 50_000
"""Number of new objects that starts a collection. With Python's default, the 99.9th percentile of a refund is twice as long."""
_SWITCH_INTERVAL_S = 0.001
"""Time after which a busy thread lets the event loop run. A request switches several times, and Python's default is 5 ms."""


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
def freezing() -> Iterator[None]:
    """Collect, pause the collector, and exempt what exists after the block from all later collections.

    These are mostly modules. To search them several times took a tenth of a short test run. Garbage from before is collected
    first, so that Python reports what nobody has closed.
    """
    gc.collect()
    with collection_paused():
        yield
        gc.freeze()


def tune() -> None:
    """Collect less often, and never search the objects that exist now. For processes that only serve.

    A frozen object is still freed when its last reference goes. Only reference cycles among frozen objects are never freed.
    """
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS)
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
