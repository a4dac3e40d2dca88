"""Deliveries of one workspace, on the event loop of the delivery worker."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TypeVar

from refund_sandbox.core.clock import read_instant
from refund_sandbox.core.daemon_threads import DaemonThreads
from refund_sandbox.core.webhooks import attempts
from refund_sandbox.core.webhooks.attempts import Claim, DueAttempts
from refund_sandbox.core.webhooks.http_sender import HttpSender
from refund_sandbox.core.webhooks.outbox import ScheduledAttempt
from refund_sandbox.core.workspaces.workspace import Workspace
from refund_sandbox.core.workspaces.workspace_state import WorkspaceGone, WorkspaceState
from refund_sandbox.stores.protocol import StoreError

T = TypeVar("T")
_log = logging.getLogger(__name__)
_SHORTEST_WAIT_S = 0.2
"""Shortest time between two looks at the attempts, unless a new one wakes the task."""
_LONGEST_WAIT_S = 2.0
"""Longest time: another process may have moved the clock."""
_MAX_REQUESTS = 32
"""Number of targets of a workspace that are called at the same time."""
_MAX_BATCH = 32
"""Number of attempts that are sent to a target before the next look. Older ones come first then."""
_MAX_STORE_CALLS = 4
"""Number of threads that a workspace uses at the same time."""


class WorkspaceDeliveries:
    """Sends the due deliveries of a workspace, until nothing is left.

    The deliveries of one target are sent one after the other, and those of different targets at the same time.
    """

    def __init__(self, workspace: Workspace, sender: HttpSender, threads: DaemonThreads, on_idle: Callable[[], None]) -> None:
        self._workspace = workspace
        self._sender = sender
        self._threads = threads
        self._on_idle = on_idle
        self._task: asyncio.Task[None] | None = None
        self._targets: dict[str, asyncio.Task[Exception | None]] = {}
        """Tasks that send, by URL."""
        self._advances = 0
        """Number of calls of `advance` in progress."""
        self._woken = asyncio.Event()
        self._requests = asyncio.Semaphore(_MAX_REQUESTS)
        self._store_calls = asyncio.Semaphore(_MAX_STORE_CALLS)

    def wake(self) -> None:
        """Look now whether an attempt is due."""
        self._woken.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def stop(self) -> None:
        """Stop sending at once."""
        tasks, self._task = [self._task, *self._targets.values()], None  # a cancelled task refers to this object
        for task in tasks:
            if task:
                task.cancel()

    async def advance(self, by: timedelta) -> WorkspaceState:
        """Move the clock forward. Tasks and webhooks that fall due on the way are processed in order, each at its time.

        Raise StateReplaced if the rest of the way belongs to another state.
        """
        self._advances += 1
        try:
            epoch = (await self._in_thread(self._workspace.state)).epoch
            left, upcoming = by, await self._send_all_due()
            while left > timedelta(0):
                left -= await self._in_thread(lambda: self._workspace.step(left, upcoming, epoch))  # noqa: B023 - awaited at once
                upcoming = await self._send_all_due()
            return await self._in_thread(self._workspace.settled_state)
        finally:
            self._advances -= 1
            self.wake()

    async def _run(self) -> None:
        while (wait_s := await self._look()) is not None:
            with suppress(TimeoutError):  # `wait_for` of Python 3.11 loses a cancellation if the event is set at the same time
                async with asyncio.timeout(wait_s):
                    await self._woken.wait()
        self._task = None
        if not self._advances:
            self._on_idle()

    async def _look(self) -> float | None:
        """Begin to send what is due. Return the time until the next look, or None if nothing is left."""
        self._woken.clear()
        try:
            due = await self._begin_due()
        except WorkspaceGone:
            return None
        except StoreError as error:
            _log.warning("webhooks of workspace %s are delayed: %s", self._workspace.name, error)
            return _LONGEST_WAIT_S
        except Exception as error:
            self._log_bug(error)
            return _LONGEST_WAIT_S
        if due.upcoming is None:
            return _LONGEST_WAIT_S if self._targets or self._woken.is_set() else None
        left_s = (read_instant(due.upcoming) - due.now).total_seconds()
        return min(max(left_s, _SHORTEST_WAIT_S), _LONGEST_WAIT_S)

    async def _send_all_due(self) -> datetime | None:
        """Send everything that is due now and wait for the replies. Return when the next attempt is due.

        What is emitted meanwhile is not waited for: it may never end.
        """
        due = await self._begin_due()
        wanted, sending = due.keys(), list(self._targets.values())
        while sending:
            done, _ = await asyncio.wait(sending)
            if self._workspace.is_closed:
                raise WorkspaceGone(self._workspace.name)
            for error in filter(None, (task.result() for task in done)):
                raise error
            due = await self._begin_due()
            urls = {wanted[key] for key in wanted.keys() & due.keys().keys()}
            sending = [task for url, task in self._targets.items() if url in urls]
        return read_instant(due.upcoming) if due.upcoming else None

    async def _begin_due(self) -> DueAttempts:
        """Begin to send what is due to the targets to which nothing is being sent."""
        due = await self._in_thread(lambda: attempts.find_due(self._workspace))
        for url, waiting in due.by_url.items():
            if url not in self._targets:
                self._targets[url] = asyncio.create_task(self._send_to(url, waiting[:_MAX_BATCH]))
        return due

    async def _send_to(self, url: str, waiting: Sequence[ScheduledAttempt]) -> Exception | None:
        """Send the waiting attempts of one target. Return the error that has ended it."""
        try:
            for attempt in waiting:
                async with self._requests:
                    claimed = await self._in_thread(lambda: attempts.claim(self._workspace, attempt))  # noqa: B023
                    if claimed:
                        await self._send(claimed)
        except (StoreError, WorkspaceGone) as error:
            return error
        except Exception as error:
            self._log_bug(error)
            return error
        finally:
            del self._targets[url]
            self._woken.set()
        return None

    async def _send(self, claimed: Claim) -> None:
        try:
            outcome = await self._sender.send(claimed.delivery, claimed.timeout_s)
        except asyncio.CancelledError:
            if not self._workspace.is_closed:
                await self._in_thread(lambda: attempts.release(self._workspace, claimed.attempt))
            raise
        await self._in_thread(lambda: attempts.complete(self._workspace, claimed, outcome))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """Run a call of the store in a thread: it may wait for a lock. A cancelled task ends after the call."""
        async with self._store_calls:
            call = asyncio.get_running_loop().run_in_executor(self._threads, work)
            try:
                return await asyncio.shield(call)
            except asyncio.CancelledError:
                await asyncio.wait([call])
                call.exception()  # nobody else reads it: the workspace may be gone
                raise
            finally:
                del call  # an error refers to this frame, which would refer to the error

    def _log_bug(self, error: Exception) -> None:
        _log.error("webhooks of workspace %s failed. This is a bug of the sandbox.", self._workspace.name, exc_info=error)
