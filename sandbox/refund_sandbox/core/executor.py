"""Executor of requests: on the event loop, or in threads where they may wait or take long."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar
from weakref import WeakValueDictionary

from refund_sandbox.core.daemon_threads import DaemonThreads
from refund_sandbox.stores.protocol import Store, WouldWait

T = TypeVar("T")
_MAX_THREADS = 16
"""Number of requests that wait for a database at a time. The connection pool is slightly larger."""
_CONNECTIONS_FOR_OTHERS = 2
_MAX_CONTROL_THREADS = 8
"""Number of calls of the control API at a time that may wait or take long."""


class Executor:
    """Runs work on the event loop if it never waits, and otherwise in threads. One for each process."""

    def __init__(self, store: Store, connections: int) -> None:
        """`connections`: those of the database. Requests of one workspace leave some free, since all may wait for a lock."""
        self._share_of_workspace = max(1, connections - _CONNECTIONS_FOR_OTHERS)
        self.is_blocking = store.is_blocking
        self._threads = DaemonThreads(_MAX_THREADS, "store")
        self._control_threads = DaemonThreads(_MAX_CONTROL_THREADS, "control")
        self._shares: WeakValueDictionary[tuple[int, str], asyncio.Semaphore] = WeakValueDictionary()
        """By event loop and workspace."""

    async def run(self, work: Callable[[], T], workspace: str) -> T:
        """Return the result of a request. Memory and SQLite take microseconds, so that a thread would only add time."""
        if not self.is_blocking:
            try:
                return work()
            except WouldWait:
                pass
        return await self.run_in_thread(work, workspace)

    async def run_in_thread(self, work: Callable[[], T], workspace: str) -> T:
        """Return the result of a request that may wait."""
        key = id(asyncio.get_running_loop()), workspace
        share = self._shares.get(key)
        if share is None:
            share = self._shares[key] = asyncio.Semaphore(self._share_of_workspace)
        async with share:
            return await self._threads.run(work)

    async def run_control(self, work: Callable[[], T], store: Store, *, takes_long: bool = False) -> T:
        """Return the result of a call of the control API. It runs in a thread if it takes long or would wait for a lock."""
        if not (takes_long or store.is_shared):
            try:
                with store.locked_at_once():
                    return work()
            except WouldWait:
                pass
        return await self.run_in_thread_of_control(work)

    async def run_in_thread_of_control(self, work: Callable[[], T]) -> T:
        return await self._control_threads.run(work)

    def begin_in_thread_of_control(self, work: Callable[[], object]) -> None:
        """Run work whose result nobody needs."""
        with suppress(RuntimeError):  # the sandbox is closed
            self._control_threads.submit(work)

    def close(self) -> None:
        """End the threads when their work is done."""
        self._threads.shutdown()
        self._control_threads.shutdown()
