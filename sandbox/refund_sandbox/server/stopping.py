"""End of a process: it comes in time, whatever requests, webhook targets and the database do, and when it still starts."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_STOP_SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)]
"""Signals to stop. Windows lacks SIGHUP."""
_LONGEST_STOP_S = 4.0
"""Time after a signal to stop, after which SIGALRM ends the process."""
_noted: list[int] = []
"""Signals that came before anything could stop."""


def note_stop_signals() -> None:
    """Note signals to stop until `when_signalled`. A process that has printed its address ends like a server that runs."""
    _handle_stop_signals(lambda number, _frame: _noted.append(number))


def when_signalled(stop: Callable[[], object]) -> None:
    """Call a function at each signal to stop from now on, and at once if one was noted."""
    _handle_stop_signals(lambda *_: stop())
    if _noted:
        stop()


def ignore_stop_signals() -> None:
    """Ignore signals to stop, since the process ends. Python resets its handlers before the end: a signal would kill it then."""
    _handle_stop_signals(signal.SIG_IGN)


def _handle_stop_signals(handler: Any) -> None:
    """Set a handler. nohup makes processes ignore SIGHUP, and shells make those in the background ignore SIGINT, which stops."""
    for number in _STOP_SIGNALS:
        if number == signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)


@contextmanager
def without_ctrl_c() -> Iterator[None]:
    """Block SIGINT for child processes that start here. A terminal sends it to them too, and their parent stops them.

    One that still imports modules would print a traceback. Windows can't block signals.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker  # slow to import

    resource_tracker.ensure_running()  # it unblocks the signal when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ensure_end() -> None:
    """Let the process end soon after a signal to stop, and after the end of the process that has started it.

    Signals reach the main thread only, so that a server in another thread changes nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in _STOP_SIGNALS:
        handler = signal.getsignal(number)
        if callable(handler):
            signal.signal(number, _with_timer(handler))
    if _parent():
        threading.Thread(target=_stop_with_parent, name="parent", daemon=True).start()


def _with_timer(handler: Callable[[int, FrameType | None], object]) -> Any:
    """Return a signal handler that also starts the timer. Windows has none."""

    def handle(number: int, frame: FrameType | None) -> None:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, _LONGEST_STOP_S)
        handler(number, frame)

    return handle


def _stop_with_parent() -> None:
    """Wait for the end of the parent, which may be killed, and stop then."""
    parent = _parent()
    if parent:
        parent.join()
        signal.raise_signal(signal.SIGTERM)


def _parent() -> Any:
    from multiprocessing import parent_process  # slow to import

    return parent_process()
