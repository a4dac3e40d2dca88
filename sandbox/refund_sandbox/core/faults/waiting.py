"""Queues of the requests that `hold` faults keep waiting, first in, first out."""

import asyncio
from collections.abc import Awaitable, Callable

from refund_sandbox.core.polling import poll

_MAX_HOLD_S = 600.0
"""Time after which a request that was not released continues."""

HoldKey = tuple[str, str]
"""Name of the workspace and id of the fault."""
_QueueKey = tuple[int, HoldKey]
"""Id of the event loop, and what is held there."""


class FaultWaiters:
    """The held requests of this process."""

    def __init__(self) -> None:
        self._queues: dict[_QueueKey, list[asyncio.Future[None]]] = {}
        self._watchers: dict[_QueueKey, asyncio.Task[None]] = {}

    async def wait(self, hold: HoldKey, is_released: Callable[[], Awaitable[bool]]) -> None:
        """Wait until `is_released` returns True. Requests held by one fault continue in the order of their arrival."""
        loop = asyncio.get_running_loop()
        key = id(loop), hold
        released = loop.create_future()
        self._queues.setdefault(key, []).append(released)
        if key not in self._watchers:
            self._watchers[key] = loop.create_task(self._watch(key, is_released))
        await released

    async def _watch(self, key: _QueueKey, is_released: Callable[[], Awaitable[bool]]) -> None:
        try:
            await poll(is_released, _MAX_HOLD_S)
        finally:
            del self._watchers[key]
            for released in self._queues.pop(key):
                if not released.done():
                    released.set_result(None)
