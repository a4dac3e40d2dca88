"""The way of one call: identified, admitted, answered or refused, checked, dressed, recorded; and what may fail on the way."""

import logging
from asyncio import sleep
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Any

from starlette.types import Receive, Scope, Send

from refund_sandbox.core.api import Api, BodyTooLarge, FaultError, InternalError, StoreUnavailable, UnknownScenario
from refund_sandbox.core.asgi import Disconnected, read_body, read_context, send_reply
from refund_sandbox.core.context import Context, Reply
from refund_sandbox.core.errors import ApiError
from refund_sandbox.core.executor import Executor
from refund_sandbox.core.faults.faults import Fault, FaultPoint, Phase, RetryAfterFault
from refund_sandbox.core.faults.waiting import FaultWaiters
from refund_sandbox.core.journal.journal import RequestMetadata
from refund_sandbox.core.spec.reply_check import check_reply
from refund_sandbox.core.workspaces.registry import Workspaces
from refund_sandbox.core.workspaces.workspace import Workspace
from refund_sandbox.frozen import replace
from refund_sandbox.stores.protocol import Conflict, StoreError

_log = logging.getLogger(__name__)
_MAX_WARNINGS = 10
_TRIES = 5
_SCENARIO_HEADER = "x-sandbox-scenario"
_SCENARIO_REASON = "sandbox:"
_SCENARIO_MARK = _SCENARIO_REASON.encode()

Steps = Generator[Fault | None, None, Reply]
"""A call on its way: yields each fault that it has to wait for, None between two stages, and ends with the reply."""
_PENDING = "refund_sandbox.begun"


@dataclass
class PendingRequest:
    """A call on its way in a workspace, and how far it is: at the end of a stage, a wait, the reply, or what went wrong."""

    workspace: Workspace
    scope: Scope
    context: Context
    steps: Steps
    step: Fault | Reply | Exception | None = None

    def advance(self) -> None:
        """Takes the next step."""
        try:
            self.step = next(self.steps)
        except StopIteration as end:
            self.step = end.value
        except Exception as error:
            self.step = error

    def reply(self) -> Reply | None:
        """The reply, where nothing had to be waited for and nothing failed on purpose; or else ASGI goes on from here."""
        if isinstance(self.step, Reply) and not self.context.hits:
            return self.step
        self.scope["state"][_PENDING] = self
        return None


def advance_all(calls: Sequence[PendingRequest]) -> None:
    """Takes calls to where each has its reply, or must wait: a stage of all, and then the next one.

    The processor's caches hold a stage, but not a whole call with all that the server does around it: with many calls at a time
    that is a tenth of the time.
    """
    while calls:
        for context in calls:
            context.advance()
        calls = [context for context in calls if context.step is None]


class Pipeline:
    """Answers the calls of one API, as an ASGI application."""

    def __init__(self, api: str, workspaces: Workspaces, executor: Executor, *, max_body: int, check_replies: bool) -> None:
        self._api = api
        self._workspaces = workspaces
        self._executor = executor
        self._holds = FaultWaiters()
        self._max_body = max_body
        self._check_replies = check_replies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: one request."""
        pending: PendingRequest | None = scope.get("state", {}).pop(_PENDING, None)
        if pending is None:
            try:
                body = await read_body(scope, receive, self._max_body)
            except Disconnected:
                return
            pending = self._start(await self._workspaces.of(scope, self._executor), scope, body)
        await send_reply(scope, receive, send, await self._finish(pending))

    def start(self, scope: Scope, body: bytes) -> PendingRequest | None:
        """A call that has not gone a step yet. None where ASGI must answer it, because there is a database to be waited for."""
        workspace = self._workspaces.find_open(scope)
        if workspace is None or self._executor.is_blocking or len(body) > self._max_body:
            return None
        return self._start(workspace, scope, body)

    def _start(self, workspace: Workspace, scope: Scope, body: bytes | None) -> PendingRequest:
        context = read_context(scope, body)
        run = _RequestRun(workspace, workspace.apis[self._api], self._max_body, self._check_replies)
        return PendingRequest(workspace, scope, context, run.steps(context))

    async def _finish(self, pending: PendingRequest) -> Reply:
        """The reply to a call, after every wait that faults put in its way."""
        while not isinstance(pending.step, Reply):
            if isinstance(pending.step, Exception):
                raise pending.step
            if pending.step is not None:
                await self._wait(pending.workspace, pending.step)
            await self._executor.run(pending.advance)
        return pending.step

    async def _wait(self, workspace: Workspace, fault: Fault) -> None:
        await sleep(workspace.services.faults.delay_seconds(fault))
        if fault.hold is not None:
            await self._hold(workspace, fault)

    async def _hold(self, workspace: Workspace, fault: Fault) -> None:
        async def is_holding() -> bool:
            return await self._executor.run(lambda: workspace.services.faults.is_holding(fault.id))

        await self._holds.wait(fault.id, is_holding)


@dataclass
class _RequestRun:
    """One call in one workspace. Plain synchronous Python: whoever drives it does the waiting."""

    workspace: Workspace
    api: Api
    max_body: int
    check_replies: bool

    def steps(self, context: Context) -> Steps:
        """The way of a call. Never raises but for a reply that breaks the spec, and then only where that is checked."""
        started = perf_counter_ns()
        try:
            reply = yield from self._go(context)
        except StoreError as error:
            _log.warning("%s %s: %s", context.method, context.path, error)
            return _without_store(self.api)
        live = self.workspace.services.settings.validation == "live"
        warnings = tuple(f"{one.pointer or '/'} {one.message}" for one in context.violations) if live else ()
        if warnings:
            reply = replace(reply, headers={**reply.headers, "X-Sandbox-Warning": _header(warnings)})
        self.workspace.record_changes(context.changes)
        self._record(context, reply, warnings, (perf_counter_ns() - started) // 1000)
        return reply

    def _go(self, context: Context) -> Steps:
        self.workspace.refresh()
        self.api.route(context)
        yield None
        try:
            context.scenarios = self._scenarios_of(context)
        except ApiError as error:
            return self.api.render(context, self.api.render_error(error))
        exposed = bool(self.workspace.enabled or context.scenarios)
        before = (yield from self._apply_fault("before", context)) if exposed else None
        if before and before.reply is None and before.connection is None:
            before = None
        if before:
            return self._injected(before, context, self.api.render_error(FaultError(502)))
        try:
            reply = self._serve_again(context)
        except RetryAfterFault as wait:
            reply = yield from self._wait_and_serve(context, wait)
        yield None
        reply = self.api.render(context, reply)
        after = (yield from self._apply_fault("after", context)) if exposed and reply.status < 400 else None
        return self._injected(after, context, reply) if after else reply

    def _wait_and_serve(self, context: Context, wait: RetryAfterFault) -> Steps:
        """Serves a call that had to wait in the middle, and was undone for that: it waits, and starts again."""
        while True:
            fault = self.workspace.services.faults.start_wait(wait.fault)
            if fault is not None:
                context.note_hit(fault)
                yield fault
                context.waited = (*context.waited, fault)
                context.seen = wait.seen if fault.unlocked else None
            try:
                return self._serve_again(context)
            except RetryAfterFault as again:
                wait = again

    def _serve_again(self, context: Context) -> Reply:
        """Serves a call, once more when another transaction stood in its way: nothing was kept of the first time."""
        for _ in range(_TRIES - 1):
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
            _log.exception("%s %s failed; this is a bug of the sandbox", context.method, context.path)
            if self.check_replies:
                raise
            return self.api.render_error(InternalError("The sandbox failed. Its log says why."))

    def _serve(self, context: Context) -> Reply:
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
            check_reply(context.operation, reply)
        return reply

    def _scenarios_of(self, context: Context) -> tuple[str, ...]:
        """Every scenario that the call or its order names. Raises UnknownScenario for one that nobody knows."""
        if context.operation is None:
            return ()
        named = [context.headers[_SCENARIO_HEADER]] if _SCENARIO_HEADER in context.headers else []
        if _SCENARIO_MARK in context.body:
            reason = self.api.fault_fields(context).get("reason")
            if isinstance(reason, str) and reason.startswith(_SCENARIO_REASON):
                named.append(reason.removeprefix(_SCENARIO_REASON))
        catalogue = self.workspace.services.faults.catalogue
        for name in named:
            if name not in catalogue:
                raise UnknownScenario(f"There is no scenario {name}; there are {', '.join(sorted(catalogue))}.")
        if self.workspace.has_scenarios:
            with self.workspace.services.store.read_only() as transaction:
                own = self.api.order_scenario(transaction, context)
            named += [own] if own else []
        return tuple(named)

    def _apply_fault(self, at: Phase, context: Context) -> Generator[Fault, None, Fault | None]:
        """The fault that hits the call outside its transaction, once it has been waited for."""
        if context.operation is None:
            return None
        services, point = self.workspace.services, FaultPoint(at, self.api.name, context.operation.operation_id)
        if not services.faults.could_hit(self.workspace.enabled, point, context.scenarios):
            return None
        with services.store.transaction() as transaction:
            fault = services.faults.claim(transaction, point, self.api.fault_fields(context), context.scenarios)
        if fault is None:
            return None
        if fault.waits:
            fault = services.faults.save_held(fault)
            yield fault
        context.note_hit(fault)
        return fault

    def _injected(self, fault: Fault, context: Context, otherwise: Reply) -> Reply:
        """What a fault answers, in the API's own format where it says no body; or else the reply that there was."""
        wanted = fault.reply
        if wanted is None:
            return replace(otherwise, connection=fault.connection)
        headers = dict(wanted.get("headers", {}))
        if "body" not in wanted:
            reply = self.api.render(context, self.api.render_error(FaultError(wanted["status"])))
            reply = replace(reply, status=wanted["status"], headers={**reply.headers, **headers})
        else:
            reply = _plain(wanted["status"], wanted["body"], headers)
        return replace(reply, connection=fault.connection)

    def _record(self, context: Context, reply: Reply, warnings: tuple[str, ...], microseconds: int) -> None:
        now = self.workspace.services.clock.now()
        metadata = RequestMetadata(now, self.api.name, self.api.order_id_of(context), microseconds, warnings)
        self.workspace.journal.record(context, reply, metadata)


def _plain(status: int, body: Any, headers: Mapping[str, str]) -> Reply:
    """A reply as it stands: text, or a JSON value."""
    kind = "text/plain; charset=utf-8" if isinstance(body, str) else "application/json"
    named = {"Content-Type": kind} if not any(name.lower() == "content-type" for name in headers) else {}
    return Reply(body, status, {**named, **headers}, content=body.encode() if isinstance(body, str) else None)


def _without_store(api: Api) -> Reply:
    """503 in the API's own format, without what only the store knows."""
    reply = api.render_error(StoreUnavailable("The sandbox's database does not answer; nothing was kept. Try again in a second."))
    return replace(reply, headers={"Content-Type": "application/json", "Retry-After": "1"})


def _header(warnings: tuple[str, ...]) -> str:
    more = f"; and {len(warnings) - _MAX_WARNINGS} more" if len(warnings) > _MAX_WARNINGS else ""
    return ("; ".join(warnings[:_MAX_WARNINGS]) + more).encode("ascii", "backslashreplace").decode()
