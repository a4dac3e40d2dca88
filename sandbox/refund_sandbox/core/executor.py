"""Executor of requests: on the event loop, or in worker threads if the store waits for a network."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from refund_sandbox.stores.protocol import Store

T = TypeVar("T")
_MAX_THREADS = 16
"""Number of requests that wait for a database at a time. The connection pool is slightly larger."""


class Executor:
    """Executor of one process."""

    def __init__(self, store: Store) -> None:
        self.is_blocking = store.is_blocking
        self._threads = ThreadPoolExecutor(_MAX_THREADS, "store") if store.is_blocking else None

    async def run(self, work: Callable[[], T]) -> T:
        """Return the result of `work`. Memory and SQLite take microseconds, so a thread would only add time."""
        if self._threads is None:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def close(self) -> None:
        """End the threads when their work is done."""
        if self._threads:
            self._threads.shutdown(wait=False)
