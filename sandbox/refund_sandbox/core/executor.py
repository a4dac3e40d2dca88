"""Executor of requests: on the event loop, or in worker threads if the store waits for a network."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from refund_sandbox.stores.protocol import Store

T = TypeVar("T")
_MAX_THREADS = 16
"""Number of requests that wait for a database at a time. The connection pool is slightly larger."""


class Executor:
    """Executor of one process."""

    def __init__(self, store: Store) -> None:
        self.is_blocking = store.is_blocking
        self._run_in_thread = _threads() if store.is_blocking else None

    async def run(self, work: Callable[[], T]) -> T:
        """Return the result of `work`. Memory and SQLite take microseconds, so a thread would only add time."""
        if self._run_in_thread is None:
            return work()
        result: T = await self._run_in_thread(work)
        return result


def _threads() -> Callable[[Callable[[], Any]], Awaitable[Any]]:
    from anyio import CapacityLimiter, to_thread  # imported only if a database is used

    return partial(to_thread.run_sync, limiter=CapacityLimiter(_MAX_THREADS))
