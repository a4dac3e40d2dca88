"""Waiting for a condition outside the test's control: another process, another thread, a file."""

import time
from collections.abc import Callable

_POLL_INTERVAL_S = 0.01


def wait_until(condition: Callable[[], object], timeout_s: float = 60) -> None:
    """Wait for a true result. Fail after the time limit."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout_s} s in vain"
        time.sleep(_POLL_INTERVAL_S)


def wait_until_still(count: Callable[[], int], still_s: float = 0.3, timeout_s: float = 15) -> None:
    """Wait until a count has not changed for a while."""
    deadline, last, since = time.monotonic() + timeout_s, count(), time.monotonic()
    while time.monotonic() < since + still_s:
        assert time.monotonic() < deadline, f"the count still changes after {timeout_s} s"
        time.sleep(_POLL_INTERVAL_S)
        if count() != last:
            last, since = count(), time.monotonic()
