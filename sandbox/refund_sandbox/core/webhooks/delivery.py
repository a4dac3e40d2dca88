"""Background delivery of webhooks: due attempts are sent, and retried on the workspace's clock if they fail.

An event loop in a thread of its own sends. A request that waits for its target holds no thread, so that neither a target
nor a workspace delays another one. Only calls of the store run in threads.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from refund_sandbox.core.daemon_threads import DaemonThreads
from refund_sandbox.core.webhooks.http_sender import HttpSender
from refund_sandbox.core.webhooks.workspace_deliveries import WorkspaceDeliveries
from refund_sandbox.core.workspaces.workspace import Workspace
from refund_sandbox.core.workspaces.workspace_state import WorkspaceGone, WorkspaceState
from refund_sandbox.stores.protocol import StoreError

_MAX_STORE_THREADS = 32
_MAX_LOOKUPS = 64
"""Number of host names that are looked up at the same time."""
_CHECK_INTERVAL_S = 10.0
"""Time between two checks for webhooks that no process sends."""
_SHUTDOWN_GRACE_S = 2.0
"""Time to release the attempts that are interrupted when the server stops."""


class DeliveryWorker:
    """Delivers the webhooks of all workspaces of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: _DeliveryLoop | None = None
        self._is_closed = False

    def schedule(self, workspace: Workspace) -> None:
        """Check soon whether an attempt is due in this workspace. A closed one is forgotten."""
        delivery_loop = self._loop if workspace.is_closed else self._start()
        if delivery_loop:
            delivery_loop.call(workspace)

    def check_regularly(self, check: Callable[[], None]) -> None:
        """Call a function from time to time. It looks for webhooks that no process sends."""
        if delivery_loop := self._start():
            delivery_loop.check = check

    async def advance(self, workspace: Workspace, by: timedelta) -> WorkspaceState:
        """Move the clock of a workspace forward, and return its state.

        Each step adds to the clock, so that two processes that advance it at the same time add up.
        """
        delivery_loop = self._start()
        if delivery_loop is None:
            raise WorkspaceGone(workspace.name)
        advance = delivery_loop.advance(workspace, by)
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(advance, delivery_loop.loop))

    def close(self) -> None:
        """Stop. Unsent deliveries stay in the store, and the next process repeats interrupted ones."""
        with self._lock:
            self._is_closed, delivery_loop, self._loop = True, self._loop, None
        if delivery_loop:
            delivery_loop.stop()
            delivery_loop.join(_SHUTDOWN_GRACE_S)

    def _start(self) -> "_DeliveryLoop | None":
        """Return the event loop, started at its first use. Return None after the end."""
        if self._loop is None:
            with self._lock:
                if self._loop is None and not self._is_closed:
                    self._loop = _DeliveryLoop()
                    self._loop.start()
        return self._loop


class _DeliveryLoop(threading.Thread):
    """Thread with the event loop that sends."""

    def __init__(self) -> None:
        super().__init__(name="webhooks", daemon=True)
        self.loop = asyncio.new_event_loop()
        self.check: Callable[[], None] | None = None
        self._stopped = asyncio.Event()
        self._threads = DaemonThreads(_MAX_STORE_THREADS, "webhooks")
        self._sender: HttpSender | None = None
        self._deliveries: dict[int, WorkspaceDeliveries] = {}
        """By the id of the object: a workspace that is deleted and created again is another one."""

    def run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.run(self._serve())
        self._threads.shutdown()

    def call(self, workspace: Workspace) -> None:
        """Look at a workspace, from another thread."""
        with suppress(RuntimeError):  # the interpreter ends, and nobody has closed the sandbox
            self.loop.call_soon_threadsafe(self._look, workspace)

    def stop(self) -> None:
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self._stopped.set)

    async def advance(self, workspace: Workspace, by: timedelta) -> WorkspaceState:
        return await self._find(workspace).advance(by)

    async def _serve(self) -> None:
        """Wait for the end. The tasks of the workspaces run meanwhile, and are cancelled then."""
        self.loop.set_default_executor(DaemonThreads(_MAX_LOOKUPS, "webhooks"))  # looks up host names
        while not self._stopped.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_CHECK_INTERVAL_S):
                    await self._stopped.wait()
            if self.check and not self._stopped.is_set():
                with suppress(StoreError):  # the database is away; the next check comes soon
                    await self.loop.run_in_executor(self._threads, self.check)

    def _look(self, workspace: Workspace) -> None:
        if not workspace.is_closed:
            self._find(workspace).wake()
        elif id(workspace) in self._deliveries:
            self._deliveries.pop(id(workspace)).stop()

    def _find(self, workspace: Workspace) -> WorkspaceDeliveries:
        key = id(workspace)
        if key not in self._deliveries:
            self._sender = self._sender or HttpSender()
            self._deliveries[key] = WorkspaceDeliveries(workspace, self._sender, self._threads, lambda: self._forget(key))
        return self._deliveries[key]

    def _forget(self, key: int) -> None:
        self._deliveries.pop(key, None)
