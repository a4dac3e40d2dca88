"""End of a process: it comes in time, whatever requests, webhook targets and the database do."""

import multiprocessing
import signal
import threading
from types import FrameType
from typing import Any

STOP_SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)]
"""Signals to stop. Windows lacks SIGHUP."""
_LONGEST_STOP_S = 4.0
"""Time after a signal to stop, after which SIGALRM ends the process."""


def ensure_end() -> None:
    """Let the process end soon after a signal to stop, and after the end of the process that has started it.

    Signals reach the main thread only, so that a server in another thread changes nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _with_timer(signal.getsignal(number)))
    if multiprocessing.parent_process():
        threading.Thread(target=_stop_with_parent, name="parent", daemon=True).start()


def _with_timer(handler: Any) -> Any:
    """Return a signal handler that also starts the timer. Windows has none."""

    def handle(number: int, frame: FrameType | None) -> None:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, _LONGEST_STOP_S)
        if callable(handler):
            handler(number, frame)

    return handle


def _stop_with_parent() -> None:
    """Wait for the end of the parent, which may be killed, and stop then."""
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        signal.raise_signal(signal.SIGTERM)
