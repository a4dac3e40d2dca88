"""Queues of the requests that `hold` faults keep waiting, first in, first out."""

import asyncio
from collections.abc import Awaitable, Callable

_POLL_INTERVAL_S = 0.01
"""Time between two checks whether a fault still holds. Another process may have released it."""
_MAX_HOLD_S = 600.0
"""Time after which a request that was not released continues."""

IsHolding = Callable[[], Awaitable[bool]]
HoldKey = tuple[str, str]
"""Name of the workspace and id of the fault."""
_QueueKey = tuple[int, HoldKey]
"""Id of the event loop, and what is held there."""


class FaultWaiters:
    """The held requests of this process."""

    def __init__(self) -> None:
        self._queues: dict[_QueueKey, list[asyncio.Future[None]]] = {}
        self._watchers: dict[_QueueKey, asyncio.Task[None]] = {}

    async def wait(self, hold: HoldKey, is_holding: IsHolding) -> None:
        """Wait until `is_holding` returns False. Requests held by one fault continue in the order of their arrival."""
        loop = asyncio.get_running_loop()
        key = id(loop), hold
        released = loop.create_future()
        self._queues.setdefault(key, []).append(released)
        if key not in self._watchers:
            self._watchers[key] = loop.create_task(self._watch(key, is_holding))
        await released

    async def _watch(self, key: _QueueKey, is_holding: IsHolding) -> None:
        try:
            for _ in range(int(_MAX_HOLD_S / _POLL_INTERVAL_S)):
                if not await is_holding():
                    break
                await asyncio.sleep(_POLL_INTERVAL_S)
        finally:
            del self._watchers[key]
            for released in self._queues.pop(key):
                if not released.done():
                    released.set_result(None)
