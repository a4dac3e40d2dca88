"""Where calls run: on the event loop, or in worker threads when the store waits for a network."""

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from sandbox.stores import Store

T = TypeVar("T")
_THREADS = 16
"""How many calls wait for a database at a time; its pool of connections has some more."""


class Runner:
    """Runs the work of one process."""

    def __init__(self, store: Store) -> None:
        self.waits = store.waits
        self._limiter = CapacityLimiter(_THREADS) if store.waits else None

    async def run(self, work: Callable[[], T]) -> T:
        """The result of the work. Memory and SQLite answer in microseconds: a thread would only cost."""
        if self._limiter is None:
            return work()
        return await to_thread.run_sync(work, limiter=self._limiter)
