"""Requests that wait at faults: they continue after their delay or their release, and end when their state is replaced."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import NamedTuple

from refund_sandbox.stores.protocol import StoreError

_INTERVAL_S = 0.02
"""Time between two looks at a store, which does not notify. A look takes less than a millisecond over a network."""
_MAX_HOLD_S = 600.0
"""Time after which a request that was not released continues."""
_log = logging.getLogger(__name__)


class Sight(NamedTuple):
    """Result of a look at a workspace: the epoch of its state (None if there is no state), and the faults that let go."""

    epoch: str | None
    released: Collection[str]


Look = Callable[[Collection[str]], Awaitable[Sight]]
"""Function that looks at a workspace. It takes the ids of the faults at which requests are held."""


@dataclass(eq=False)
class _Waiting:
    """A request that waits. `epoch` is that of its state, `hold` the id of the fault that holds it now."""

    epoch: str
    end: "asyncio.Future[None]"
    hold: str | None = None

    def is_over(self, sight: Sight) -> bool:
        return sight.epoch != self.epoch or self.hold in sight.released


class FaultWaiters:
    """The waiting requests of one workspace in this process. In each event loop, one task looks for all of them."""

    def __init__(self) -> None:
        self._waiting: dict[asyncio.AbstractEventLoop, dict[_Waiting, None]] = {}
        self._watchers: set[asyncio.Task[None]] = set()

    async def wait(self, look: Look, epoch: str, delay_s: float | None, hold: str | None = None) -> None:
        """Wait for a time, without end if it is None, and then until the fault `hold` lets go.

        Requests that one fault holds continue in the order of their arrival. If the state is replaced, the wait ends at once.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(epoch, loop.create_future())
        self._add(loop, waiting, look)
        try:
            if delay_s != 0:
                await asyncio.wait((waiting.end,), timeout=delay_s)
            if hold is not None and not waiting.end.done():
                waiting.hold = hold
                await asyncio.wait((waiting.end,), timeout=_MAX_HOLD_S)
        finally:
            del self._waiting[loop][waiting]

    def _add(self, loop: asyncio.AbstractEventLoop, waiting: _Waiting, look: Look) -> None:
        if loop in self._waiting:
            self._waiting[loop][waiting] = None
            return
        self._waiting[loop] = {waiting: None}
        watcher = loop.create_task(self._watch(loop, look))
        self._watchers.add(watcher)
        watcher.add_done_callback(self._watchers.discard)

    async def _watch(self, loop: asyncio.AbstractEventLoop, look: Look) -> None:
        """End waits until none is left. A look says nothing about requests that began to wait during it."""
        while waiting := list(self._waiting[loop]):
            try:
                sight = await look({one.hold for one in waiting if one.hold is not None})
            except StoreError as error:  # nothing is known, so all wait on
                _log.warning("waiting requests: %s", error)
            else:
                for one in waiting:
                    if one.is_over(sight) and not one.end.done():
                        one.end.set_result(None)
            await asyncio.sleep(_INTERVAL_S)
        del self._waiting[loop]
