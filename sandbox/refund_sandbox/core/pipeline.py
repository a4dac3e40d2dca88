"""Pipeline of one API: answers requests, and waits where a fault demands it. The stages of a request are in `request_run`."""

import asyncio
from collections.abc import Collection

from starlette.types import Receive, Scope, Send

from refund_sandbox.core.api import Api
from refund_sandbox.core.asgi import Disconnected, read_body, read_request, send_reply, wait_unless_stopped
from refund_sandbox.core.context import Reply
from refund_sandbox.core.executor import Executor
from refund_sandbox.core.faults.fault import Fault
from refund_sandbox.core.faults.waiting import Sight
from refund_sandbox.core.request_run import RequestLimits, RequestRun
from refund_sandbox.core.workspaces.registry import Workspaces

_STARTED = "refund_sandbox.started"
"""Key in `scope["state"]` of a request that `answer` has started, with its outcome so far."""


class Pipeline:
    """ASGI application that answers the requests of one API."""

    def __init__(self, api: Api, workspaces: Workspaces, executor: Executor, limits: RequestLimits) -> None:
        self._api = api
        self._workspaces = workspaces
        self._executor = executor
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = scope.get("state", {}).pop(_STARTED, None)
        if started is None:
            try:
                body = await read_body(scope, receive, self._limits.max_body)
            except Disconnected:
                return
            workspace = await self._workspaces.of(scope, self._executor)
            run = RequestRun(self._api, workspace, read_request(scope, body), self._limits)
            outcome = await self._executor.run(run.advance)
        else:
            run, outcome = started
            if isinstance(outcome, Exception):
                raise outcome
        while not isinstance(outcome, Reply):
            try:
                await wait_unless_stopped(scope, receive, self._wait(run, outcome))
            except Disconnected:
                return
            outcome = await self._executor.run(run.advance)
        if outcome.connection == "hang":
            await self._hang(run, scope, receive, send, outcome)
        else:
            await send_reply(scope, receive, send, outcome)

    def answer(self, scope: Scope, body: bytes) -> Reply | None:
        """Return the reply at once. Return None where ASGI must answer: the request has to wait, or the store blocks."""
        workspace = self._workspaces.find_open(scope)
        if workspace is None or self._executor.is_blocking or len(body) > self._limits.max_body:
            return None
        run = RequestRun(self._api, workspace, read_request(scope, body), self._limits)
        outcome: Reply | Fault | Exception
        try:
            outcome = run.advance()
        except Exception as error:  # ASGI raises it; the request must not run a second time
            outcome = error
        if isinstance(outcome, Reply) and not run.hits:
            return outcome
        scope["state"][_STARTED] = run, outcome
        return None

    async def _wait(self, run: RequestRun, fault: Fault) -> None:
        """Wait for a fault. The wait ends early if the state is replaced that the request came to."""
        hold = fault.id if fault.hold is not None else None
        await self._wait_for(run, run.workspace.faults.delay_seconds(fault), hold)

    async def _hang(self, run: RequestRun, scope: Scope, receive: Receive, send: Send, reply: Reply) -> None:
        """Send nothing until the client hangs up. Close the connection if the state is replaced before."""
        hanging = asyncio.ensure_future(send_reply(scope, receive, send, reply))
        replaced = asyncio.ensure_future(self._wait_for(run, None))
        try:
            await asyncio.wait((hanging, replaced), return_when=asyncio.FIRST_COMPLETED)
        finally:
            replaced.cancel()
            is_hanging = hanging.cancel()
        await (send_reply(scope, receive, send, Reply(None, connection="close")) if is_hanging else hanging)

    async def _wait_for(self, run: RequestRun, delay_s: float | None, hold: str | None = None) -> None:
        workspace = run.workspace

        async def look(holds: Collection[str]) -> Sight:
            return await self._executor.run(lambda: workspace.look(holds))

        if run.epoch is not None:
            await workspace.waiters.wait(look, run.epoch, delay_s, hold)
