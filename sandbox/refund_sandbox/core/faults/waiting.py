"""Calls that a fault holds until it lets go of them, in the order in which they came."""

import asyncio
from collections.abc import Awaitable, Callable

_POLL_INTERVAL_S = 0.01
"""Seconds between two looks at whether a fault still holds; it may be released in another process."""
_MAX_HOLD_S = 600.0
"""Seconds after which a call that nobody releases goes on."""

Holding = Callable[[], Awaitable[bool]]
_Place = tuple[int, str]
"""An event loop and a fault."""


class FaultWaiters:
    """The calls of this process that faults hold."""

    def __init__(self) -> None:
        self._queues: dict[_Place, list[asyncio.Future[None]]] = {}
        self._watchers: dict[_Place, asyncio.Task[None]] = {}

    async def wait(self, fault_id: str, is_holding: Holding) -> None:
        """Waits until `is_holding` says no. Those who wait for one fault go on in the order in which they came."""
        loop = asyncio.get_running_loop()
        place = id(loop), fault_id
        turn = loop.create_future()
        self._queues.setdefault(place, []).append(turn)
        if place not in self._watchers:
            self._watchers[place] = loop.create_task(self._watch(place, is_holding))
        await turn

    async def _watch(self, place: _Place, is_holding: Holding) -> None:
        try:
            for _ in range(int(_MAX_HOLD_S / _POLL_INTERVAL_S)):
                if not await is_holding():
                    break
                await asyncio.sleep(_POLL_INTERVAL_S)
        finally:
            del self._watchers[place]
            for turn in self._queues.pop(place):
                if not turn.done():
                    turn.set_result(None)
