"""Where calls run: on the event loop, or in worker threads when the store waits for a network."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from refund_sandbox.stores.protocol import Store

T = TypeVar("T")
_THREADS = 16
"""How many calls wait for a database at a time; its pool of connections has some more."""


class Executor:
    """Runs the work of one process."""

    def __init__(self, store: Store) -> None:
        self.is_blocking = store.is_blocking
        self._run_in_thread = _threads() if store.is_blocking else None

    async def run(self, work: Callable[[], T]) -> T:
        """The result of the work. Memory and SQLite answer in microseconds: a thread would only cost."""
        if self._run_in_thread is None:
            return work()
        result: T = await self._run_in_thread(work)
        return result


def _threads() -> Callable[[Callable[[], Any]], Awaitable[Any]]:
    from anyio import CapacityLimiter, to_thread  # threads are only paid for when a database is used

    return partial(to_thread.run_sync, limiter=CapacityLimiter(_THREADS))
