"""Pipeline of one API: answers requests, and waits where a fault demands it. The stages of a request are in `request_run`."""

import asyncio
import logging
from collections.abc import Collection
from http import HTTPStatus
from typing import NamedTuple

from starlette.types import Receive, Scope, Send

from refund_sandbox.core.api import Api
from refund_sandbox.core.asgi import Disconnected, read_body, read_request, send_reply, wait_unless_stopped
from refund_sandbox.core.browser_rules import BrowserRules
from refund_sandbox.core.context import Reply, Request
from refund_sandbox.core.errors import AccessRefused
from refund_sandbox.core.executor import Executor
from refund_sandbox.core.faults.fault import Fault
from refund_sandbox.core.faults.waiting import Sight
from refund_sandbox.core.replies import unavailable
from refund_sandbox.core.request_run import RequestLimits, RequestRun
from refund_sandbox.core.workspaces.creation import CreationRules
from refund_sandbox.core.workspaces.registry import Workspaces, name_of
from refund_sandbox.core.workspaces.workspace import Workspace
from refund_sandbox.stores.protocol import StoreError, WouldWait

_log = logging.getLogger(__name__)
_STARTED = "refund_sandbox.started"
"""Key in `scope["state"]` of a request that `answer` has started, with its outcome so far."""
_LARGE_BODY_BYTES = 64 * 1024
"""Size of a body above which the event loop does not handle the request itself."""


class AccessRules(NamedTuple):
    """Rules on who may call the APIs, and who may create workspaces."""

    browser: BrowserRules
    creation: CreationRules


class Pipeline:
    """ASGI application that answers the requests of one API."""

    def __init__(self, api: Api, workspaces: Workspaces, executor: Executor, limits: RequestLimits, access: AccessRules) -> None:
        self._api = api
        self._workspaces = workspaces
        self._executor = executor
        self._limits = limits
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._run(scope, receive, send)
        except Disconnected:
            return
        except AccessRefused as refusal:
            await send_reply(scope, receive, send, _refuse(refusal))

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = scope.get("state", {}).pop(_STARTED, None)
        if started is not None:
            run, outcome = started
            if isinstance(outcome, WouldWait):
                outcome = await self._executor.run_in_thread(run.advance, run.workspace.name)
            elif isinstance(outcome, Exception):
                raise outcome
            return await self._finish(run, outcome, scope, receive, send)
        body = await read_body(scope, receive, self._limits.max_body)
        request = read_request(scope, body)
        try:
            workspace = await self._find_workspace(scope, request)
        except StoreError as error:
            _log.warning("%s %s: %s", request.method, request.path, error)
            default = self._workspaces.find_open({})
            assert default, "the default workspace is opened at the start"
            return await send_reply(scope, receive, send, unavailable(self._api, default))
        run = RequestRun(self._api, workspace, request, self._limits)
        takes_long = body is not None and len(body) > _LARGE_BODY_BYTES
        outcome = await (self._executor.run_in_thread if takes_long else self._executor.run)(run.advance, workspace.name)
        return await self._finish(run, outcome, scope, receive, send)

    async def _finish(self, run: RequestRun, outcome: Reply | Fault, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait while a fault demands it, and send the reply."""
        while not isinstance(outcome, Reply):
            await wait_unless_stopped(scope, receive, self._wait(run, outcome))
            outcome = await self._executor.run(run.advance, run.workspace.name)
        if outcome.connection == "hang":
            await self._hang(run, scope, receive, send, outcome)
        else:
            await send_reply(scope, receive, send, outcome)

    def answer(self, scope: Scope, body: bytes) -> Reply | None:
        """Return the reply at once. Return None where ASGI must answer: the request has to wait, or the store blocks."""
        workspace = self._workspaces.find_open(scope)
        if workspace is None or self._executor.is_blocking or len(body) > self._limits.max_body:
            return None
        request = read_request(scope, body)
        if self._access.browser.judge(scope, request.headers).refusal:
            return None
        run = RequestRun(self._api, workspace, request, self._limits)
        outcome: Reply | Fault | Exception
        try:
            outcome = run.advance()
        except Exception as error:  # ASGI raises it; the request must not run a second time
            outcome = error
        if isinstance(outcome, Reply) and not run.hits:
            return outcome
        scope["state"][_STARTED] = run, outcome
        return None

    async def _find_workspace(self, scope: Scope, request: Request) -> Workspace:
        """Return the workspace of a request. Raise AccessRefused if the request may not call it, or not create it."""
        verdict, api = self._access.browser.judge(scope, request.headers), self._api.descriptor
        if verdict.refusal:
            raise AccessRefused(403, verdict.refusal)

        def check_creation() -> None:
            self._access.creation.check(
                name_of(scope),
                request.headers.get("authorization", ""),
                verdict,
                lambda transaction: (api.has_credentials or api.has_known_headers)(transaction, request),
            )

        return await self._workspaces.of(scope, self._executor, check_creation)

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
            return await self._executor.run_control(lambda: workspace.look(holds), workspace.store)

        if run.epoch is not None:
            await workspace.waiters.wait(look, run.epoch, delay_s, hold)


def _refuse(refusal: AccessRefused) -> Reply:
    """Return the reply to a request that no API gets. It has the form of the control API's errors (RFC 9457)."""
    status = refusal.http_status
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": str(refusal)}
    retry = {"Retry-After": "60"} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return Reply(body, status, {"Content-Type": "application/problem+json", **retry})
