"""Waiting for a change in a store. Another process may make it, and a store does not notify: waiting means to look again."""

import asyncio
from collections.abc import Awaitable, Callable

INTERVAL_S = 0.02
"""Time between two looks. A look takes microseconds in memory, and less than a millisecond over a network."""


async def poll(is_done: Callable[[], Awaitable[bool]], timeout_s: float | None = None) -> bool:
    """Wait until `is_done` returns True. Return False if it did not within the time."""
    deadline = None if timeout_s is None else asyncio.get_running_loop().time() + timeout_s
    while not await is_done():
        if deadline is not None and asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(INTERVAL_S)
    return True
