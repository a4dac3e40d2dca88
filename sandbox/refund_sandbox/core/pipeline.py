"""Stages of a request: route, authenticate, parse, validate, handle, render, record in the request log; and its faults."""

import logging
from asyncio import sleep
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from time import perf_counter_ns
from typing import Any

from starlette.types import Receive, Scope, Send

from refund_sandbox.core.api import Api
from refund_sandbox.core.asgi import Disconnected, read_body, read_context, send_reply
from refund_sandbox.core.context import Context, Reply
from refund_sandbox.core.errors import ApiError, BodyTooLarge, FaultError, InternalError, StoreUnavailable, UnknownScenario
from refund_sandbox.core.executor import Executor
from refund_sandbox.core.faults.fault import Fault, FaultPoint, Phase, RetryAfterFault
from refund_sandbox.core.faults.fault_store import unknown_scenario
from refund_sandbox.core.faults.waiting import FaultWaiters
from refund_sandbox.core.journal.journal import RequestMetadata
from refund_sandbox.core.workspaces.registry import Workspaces
from refund_sandbox.core.workspaces.workspace import Workspace
from refund_sandbox.stores.protocol import Conflict, StoreError

_log = logging.getLogger(__name__)
_MAX_WARNINGS = 10
_MAX_TRIES = 5
"""Number of times that a request runs when other transactions conflict with it."""
_SCENARIO_HEADER = "x-sandbox-scenario"
_SCENARIO_REASON = "sandbox:"
_SCENARIO_MARK = _SCENARIO_REASON.encode()

Steps = Generator[Fault, None, Reply]
"""A request in progress. It yields each fault that it has to wait for, and returns the reply."""
_PENDING = "refund_sandbox.pending"


@dataclass
class PendingRequest:
    """A request in progress in a workspace. `step` is its last step: a wait, the reply or an error."""

    workspace: Workspace
    scope: Scope
    context: Context
    steps: Steps
    step: Fault | Reply | Exception | None = None

    def advance(self) -> None:
        """Run the next step."""
        try:
            self.step = next(self.steps)
        except StopIteration as end:
            self.step = end.value
        except Exception as error:
            self.step = error

    def reply(self) -> Reply | None:
        """Return the reply if no fault and no error is involved. Otherwise leave the request to ASGI and return None."""
        if isinstance(self.step, Reply) and not self.context.hits:
            return self.step
        self.scope["state"][_PENDING] = self
        return None


class Pipeline:
    """ASGI application that answers the requests of one API."""

    def __init__(self, api: str, workspaces: Workspaces, executor: Executor, *, max_body: int, check_replies: bool) -> None:
        self._api = api
        self._workspaces = workspaces
        self._executor = executor
        self._waiters = FaultWaiters()
        self._max_body = max_body
        self._check_replies = check_replies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        pending: PendingRequest | None = scope.get("state", {}).pop(_PENDING, None)
        if pending is None:
            try:
                body = await read_body(scope, receive, self._max_body)
            except Disconnected:
                return
            pending = self._start(await self._workspaces.of(scope, self._executor), scope, body)
        await send_reply(scope, receive, send, await self._finish(pending))

    def answer(self, scope: Scope, body: bytes) -> Reply | None:
        """Return the reply at once. Return None where ASGI must answer: the request has to wait, or the store blocks."""
        workspace = self._workspaces.find_open(scope)
        if workspace is None or self._executor.is_blocking or len(body) > self._max_body:
            return None
        pending = self._start(workspace, scope, body)
        pending.advance()
        return pending.reply()

    def _start(self, workspace: Workspace, scope: Scope, body: bytes | None) -> PendingRequest:
        context = read_context(scope, body)
        run = _RequestRun(workspace, workspace.apis[self._api], self._max_body, self._check_replies)
        return PendingRequest(workspace, scope, context, run.steps(context))

    async def _finish(self, pending: PendingRequest) -> Reply:
        """Run a request to its end, with all waits that faults demand."""
        while not isinstance(pending.step, Reply):
            if isinstance(pending.step, Exception):
                raise pending.step
            if pending.step is not None:
                await self._wait(pending.workspace, pending.step)
            await self._executor.run(pending.advance)
        return pending.step

    async def _wait(self, workspace: Workspace, fault: Fault) -> None:
        faults = workspace.services.faults
        await sleep(faults.delay_seconds(fault))

        async def is_holding() -> bool:
            return await self._executor.run(lambda: faults.is_holding(fault.id))

        if fault.hold is not None:
            await self._waiters.wait(fault.id, is_holding)


@dataclass
class _RequestRun:
    """The stages of one request in one workspace, as synchronous code. The caller does the waiting."""

    workspace: Workspace
    api: Api
    max_body: int
    check_replies: bool

    def steps(self, context: Context) -> Steps:
        """Run all stages. Raise only BrokenReply, and only where replies are checked."""
        started = perf_counter_ns()
        try:
            reply = yield from self._run(context)
        except StoreError as error:
            _log.warning("%s %s: %s", context.method, context.path, error)
            return _store_unavailable(self.api)
        live = self.workspace.services.settings.validation == "live"
        warnings = tuple(f"{one.pointer or '/'} {one.message}" for one in context.violations) if live else ()
        if warnings:
            reply = replace(reply, headers={**reply.headers, "X-Sandbox-Warning": _warning_header(warnings)})
        self.workspace.record_changes(context.changes)
        self._record(context, reply, warnings, (perf_counter_ns() - started) // 1000)
        return reply

    def _run(self, context: Context) -> Steps:
        self.workspace.refresh()
        self.api.route(context)
        try:
            context.scenarios = self._scenarios_of(context)
        except ApiError as error:
            return self.api.render(context, self.api.render_error(error))
        has_faults = bool(self.workspace.enabled or context.scenarios)
        before = (yield from self._apply_fault("before", context)) if has_faults else None
        if before and (before.reply is not None or before.connection is not None):
            return self._fault_reply(before, context, self.api.render_error(FaultError(502)))
        try:
            reply = self._serve_without_conflict(context)
        except RetryAfterFault as wait:
            reply = yield from self._wait_and_serve(context, wait)
        reply = self.api.render(context, reply)
        after = (yield from self._apply_fault("after", context)) if has_faults and reply.status < 400 else None
        return self._fault_reply(after, context, reply) if after else reply

    def _wait_and_serve(self, context: Context, wait: RetryAfterFault) -> Steps:
        """Wait for a fault inside the transaction, which was undone for that, and run the request again."""
        while True:
            fault = self.workspace.services.faults.start_wait(wait.fault)
            if fault is not None:
                context.note_hit(fault)
                yield fault
                context.waited = (*context.waited, fault)
                context.earlier_read = wait.earlier_read if fault.unlocked else None
            try:
                return self._serve_without_conflict(context)
            except RetryAfterFault as again:
                wait = again

    def _serve_without_conflict(self, context: Context) -> Reply:
        """Serve a request, and again if it conflicted with another transaction: then nothing was booked."""
        for _ in range(_MAX_TRIES - 1):
            try:
                return self._serve_safely(context)
            except Conflict:
                continue
        return self._serve_safely(context)

    def _serve_safely(self, context: Context) -> Reply:
        try:
            return self._serve(context)
        except (StoreError, RetryAfterFault):
            raise
        except Exception:
            _log.exception("%s %s failed. This is a bug of the sandbox.", context.method, context.path)
            if self.check_replies:
                raise
            return self.api.render_error(InternalError("The sandbox failed. See its log on stderr."))

    def _serve(self, context: Context) -> Reply:
        """Authorize, parse, validate and handle a request in one transaction."""
        api = self.api
        try:
            if context.oversized and context.operation:
                raise BodyTooLarge(self.max_body)
            reply = api.authorize_and_parse(context)
            if reply is not None:
                return reply
            assert context.operation is not None
            context.violations = tuple(context.operation.violations(context.document))
            reply = api.handle(context)
        except ApiError as error:
            reply = api.render_error(error)
        if context.operation and self.check_replies:
            context.operation.check_reply(reply.status, reply.body)
        return reply

    def _scenarios_of(self, context: Context) -> tuple[str, ...]:
        """Return every scenario that the request or its order names. Raise UnknownScenario for one that does not exist."""
        if context.operation is None:
            return ()
        names = [context.headers[_SCENARIO_HEADER]] if _SCENARIO_HEADER in context.headers else []
        if _SCENARIO_MARK in context.body:
            reason = self.api.fault_fields(context).get("reason")
            if isinstance(reason, str) and reason.startswith(_SCENARIO_REASON):
                names.append(reason.removeprefix(_SCENARIO_REASON))
        scenarios = self.workspace.services.faults.scenarios
        for name in names:
            if name not in scenarios:
                raise UnknownScenario(unknown_scenario(name, scenarios))
        if self.workspace.has_scenarios:
            with self.workspace.services.store.read_only() as transaction:
                of_order = self.api.order_scenario(transaction, context)
            names += [of_order] if of_order else []
        return tuple(names)

    def _apply_fault(self, at: Phase, context: Context) -> Generator[Fault, None, Fault | None]:
        """Return the fault that hits the request outside its transaction, after waiting for it."""
        if context.operation is None:
            return None
        services, point = self.workspace.services, FaultPoint(at, self.api.name, context.operation.operation_id)
        if not services.faults.could_hit(self.workspace.enabled, point, context.scenarios):
            return None
        with services.store.transaction() as transaction:
            fault = services.faults.claim(transaction, point, self.api.fault_fields(context), context.scenarios)
        if fault is None:
            return None
        if fault.has_wait:
            fault = services.faults.save_held(fault)
            yield fault
        context.note_hit(fault)
        return fault

    def _fault_reply(self, fault: Fault, context: Context, default: Reply) -> Reply:
        """Return the reply of a fault, in the API's own error format where it has no body. Without a reply, `default`."""
        source = fault.reply
        if source is None:
            return replace(default, connection=fault.connection)
        headers = dict(source.get("headers", {}))
        if "body" not in source:
            reply = self.api.render(context, self.api.render_error(FaultError(source["status"])))
            reply = replace(reply, status=source["status"], headers={**reply.headers, **headers})
        else:
            reply = _literal_reply(source["status"], source["body"], headers)
        return replace(reply, connection=fault.connection)

    def _record(self, context: Context, reply: Reply, warnings: tuple[str, ...], microseconds: int) -> None:
        now = self.workspace.services.clock.now()
        metadata = RequestMetadata(now, self.api.name, self.api.order_id_of(context), microseconds, warnings)
        self.workspace.journal.record(context, reply, metadata)


def _literal_reply(status: int, body: Any, headers: Mapping[str, str]) -> Reply:
    """Return a reply with a text or a JSON value as its body."""
    media_type = "text/plain; charset=utf-8" if isinstance(body, str) else "application/json"
    default = {"Content-Type": media_type} if not any(name.lower() == "content-type" for name in headers) else {}
    return Reply(body, status, {**default, **headers}, content=body.encode() if isinstance(body, str) else None)


def _store_unavailable(api: Api) -> Reply:
    """Return a 503 in the API's own error format, without the headers that need the store."""
    reply = api.render_error(
        StoreUnavailable("The sandbox's database does not answer. Nothing was booked. Try again in a second.")
    )
    return replace(reply, headers={"Content-Type": "application/json", "Retry-After": "1"})


def _warning_header(warnings: tuple[str, ...]) -> str:
    more = f"; and {len(warnings) - _MAX_WARNINGS} more" if len(warnings) > _MAX_WARNINGS else ""
    return ("; ".join(warnings[:_MAX_WARNINGS]) + more).encode("ascii", "backslashreplace").decode()
