"""Progress of what takes longer than a second: a line with a bar on stderr, only on a terminal."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from refund_sandbox.core.work_progress import Progress

_DELAY_S = 1.0
_INTERVAL_S = 0.2
_CLEAR = "\r\x1b[K"
_BAR_WIDTH = 30


@contextmanager
def progress(label: str, since: float | None = None, work: Progress | None = None) -> Iterator[None]:
    """Context manager that shows a label and the seconds since its start, or since an earlier time of `time.monotonic`.

    Once `work` has a total, a bar shows how much of it is done.
    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    started = time.monotonic() if since is None else since
    thread = threading.Thread(target=_show, args=(label, started, done, work), name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _show(label: str, started: float, done: threading.Event, work: Progress | None) -> None:
    """Show the line until the work is done, and remove it."""
    if done.wait(max(started + _DELAY_S - time.monotonic(), 0)):
        return
    while True:
        sys.stderr.write(f"{_CLEAR}{label} … {_bar(work)}{time.monotonic() - started:.0f} s")
        sys.stderr.flush()
        if done.wait(_INTERVAL_S):
            break
    sys.stderr.write(_CLEAR)
    sys.stderr.flush()


def _bar(work: Progress | None) -> str:
    """Return a bar and the number of things that are done, or nothing if nobody counts them."""
    if work is None or not work.total:
        return ""
    done = min(work.done, work.total)
    filled = _BAR_WIDTH * done // work.total
    return f"[{'#' * filled}{'.' * (_BAR_WIDTH - filled)}] {done:,} of {work.total:,} {work.noun}, "
