"""The way of one call: identified, admitted, answered or refused, checked, dressed, recorded; and what may fail on the way."""

import logging
from asyncio import sleep
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Any

from starlette.types import Receive, Scope, Send

from refund_sandbox.core.api import Api, BodyTooLarge, Injected, SandboxFailed, StoreGone, UnknownScenario
from refund_sandbox.core.asgi import Disconnected, read_body, read_call, send_reply
from refund_sandbox.core.context import Call, Reply
from refund_sandbox.core.errors import ApiError
from refund_sandbox.core.executor import Runner
from refund_sandbox.core.faults.faults import Fault, Point, Wait, Where
from refund_sandbox.core.faults.waiting import Holds
from refund_sandbox.core.journal.journal import Circumstances
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
_BEGUN = "refund_sandbox.begun"


@dataclass
class Begun:
    """A call on its way in a workspace, and how far it is: at the end of a stage, a wait, the reply, or what went wrong."""

    workspace: Workspace
    scope: Scope
    call: Call
    steps: Steps
    step: Fault | Reply | Exception | None = None

    def go_on(self) -> None:
        """Takes the next step."""
        try:
            self.step = next(self.steps)
        except StopIteration as end:
            self.step = end.value
        except Exception as error:
            self.step = error

    def reply(self) -> Reply | None:
        """The reply, where nothing had to be waited for and nothing failed on purpose; or else ASGI goes on from here."""
        if isinstance(self.step, Reply) and not self.call.hits:
            return self.step
        self.scope["state"][_BEGUN] = self
        return None


def go_together(calls: Sequence[Begun]) -> None:
    """Takes calls to where each has its reply, or must wait: a stage of all, and then the next one.

    The processor's caches hold a stage, but not a whole call with all that the server does around it: with many calls at a time
    that is a tenth of the time.
    """
    while calls:
        for call in calls:
            call.go_on()
        calls = [call for call in calls if call.step is None]


class Pipeline:
    """Answers the calls of one API, as an ASGI application."""

    def __init__(self, api: str, workspaces: Workspaces, runner: Runner, *, max_body: int, check_replies: bool) -> None:
        self._api = api
        self._workspaces = workspaces
        self._runner = runner
        self._holds = Holds()
        self._max_body = max_body
        self._check_replies = check_replies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: one request."""
        begun: Begun | None = scope.get("state", {}).pop(_BEGUN, None)
        if begun is None:
            try:
                body = await read_body(scope, receive, self._max_body)
            except Disconnected:
                return
            begun = self._begin(await self._workspaces.of(scope, self._runner), scope, body)
        await send_reply(scope, receive, send, await self._finish(begun))

    def begin(self, scope: Scope, body: bytes) -> Begun | None:
        """A call that has not gone a step yet. None where ASGI must answer it, because there is a database to be waited for."""
        workspace = self._workspaces.at_hand(scope)
        if workspace is None or self._runner.waits or len(body) > self._max_body:
            return None
        return self._begin(workspace, scope, body)

    def _begin(self, workspace: Workspace, scope: Scope, body: bytes | None) -> Begun:
        call = read_call(scope, body)
        visit = _Visit(workspace, workspace.apis[self._api], self._max_body, self._check_replies)
        return Begun(workspace, scope, call, visit.steps(call))

    async def _finish(self, begun: Begun) -> Reply:
        """The reply to a call, after every wait that faults put in its way."""
        while not isinstance(begun.step, Reply):
            if isinstance(begun.step, Exception):
                raise begun.step
            if begun.step is not None:
                await self._wait(begun.workspace, begun.step)
            await self._runner.run(begun.go_on)
        return begun.step

    async def _wait(self, workspace: Workspace, fault: Fault) -> None:
        await sleep(workspace.services.faults.delay_of(fault))
        if fault.hold is not None:
            await self._hold(workspace, fault)

    async def _hold(self, workspace: Workspace, fault: Fault) -> None:
        async def is_holding() -> bool:
            return await self._runner.run(lambda: workspace.services.faults.holds(fault.id))

        await self._holds.wait(fault.id, is_holding)


@dataclass
class _Visit:
    """One call in one workspace. Plain synchronous Python: whoever drives it does the waiting."""

    workspace: Workspace
    api: Api
    max_body: int
    check_replies: bool

    def steps(self, call: Call) -> Steps:
        """The way of a call. Never raises but for a reply that breaks the spec, and then only where that is checked."""
        started = perf_counter_ns()
        try:
            reply = yield from self._go(call)
        except StoreError as error:
            _log.warning("%s %s: %s", call.method, call.path, error)
            return _without_store(self.api)
        live = self.workspace.services.settings.validation == "live"
        warnings = tuple(f"{one.pointer or '/'} {one.message}" for one in call.violations) if live else ()
        if warnings:
            reply = replace(reply, headers={**reply.headers, "X-Sandbox-Warning": _header(warnings)})
        self.workspace.notice(call.changes)
        self._record(call, reply, warnings, (perf_counter_ns() - started) // 1000)
        return reply

    def _go(self, call: Call) -> Steps:
        self.workspace.refresh()
        self.api.identify(call)
        yield None
        try:
            call.scenarios = self._scenarios_of(call)
        except ApiError as error:
            return self.api.dress(call, self.api.refuse(error))
        exposed = bool(self.workspace.armed or call.scenarios)
        before = (yield from self._meet("before", call)) if exposed else None
        if before and before.reply is None and before.connection is None:
            before = None
        if before:
            return self._injected(before, call, self.api.refuse(Injected(502)))
        try:
            reply = self._serve_again(call)
        except Wait as wait:
            reply = yield from self._wait_and_serve(call, wait)
        yield None
        reply = self.api.dress(call, reply)
        after = (yield from self._meet("after", call)) if exposed and reply.status < 400 else None
        return self._injected(after, call, reply) if after else reply

    def _wait_and_serve(self, call: Call, wait: Wait) -> Steps:
        """Serves a call that had to wait in the middle, and was undone for that: it waits, and starts again."""
        while True:
            fault = self.workspace.services.faults.begin_wait(wait.fault)
            if fault is not None:
                call.note_hit(fault)
                yield fault
                call.waited = (*call.waited, fault)
                call.seen = wait.seen if fault.unlocked else None
            try:
                return self._serve_again(call)
            except Wait as again:
                wait = again

    def _serve_again(self, call: Call) -> Reply:
        """Serves a call, once more when another transaction stood in its way: nothing was kept of the first time."""
        for _ in range(_TRIES - 1):
            try:
                return self._serve_safely(call)
            except Conflict:
                continue
        return self._serve_safely(call)

    def _serve_safely(self, call: Call) -> Reply:
        try:
            return self._serve(call)
        except (StoreError, Wait):
            raise
        except Exception:
            _log.exception("%s %s failed; this is a bug of the sandbox", call.method, call.path)
            if self.check_replies:
                raise
            return self.api.refuse(SandboxFailed("The sandbox failed. Its log says why."))

    def _serve(self, call: Call) -> Reply:
        api = self.api
        try:
            if call.oversized and call.operation:
                raise BodyTooLarge(self.max_body)
            reply = api.admit(call)
            if reply is not None:
                return reply
            assert call.operation is not None
            call.violations = tuple(call.operation.violations(call.document))
            reply = api.handle(call)
        except ApiError as error:
            reply = api.refuse(error)
        if call.operation and self.check_replies:
            check_reply(call.operation, reply)
        return reply

    def _scenarios_of(self, call: Call) -> tuple[str, ...]:
        """Every scenario that the call or its order names. Raises UnknownScenario for one that nobody knows."""
        if call.operation is None:
            return ()
        named = [call.headers[_SCENARIO_HEADER]] if _SCENARIO_HEADER in call.headers else []
        if _SCENARIO_MARK in call.body:
            reason = self.api.subject(call).get("reason")
            if isinstance(reason, str) and reason.startswith(_SCENARIO_REASON):
                named.append(reason.removeprefix(_SCENARIO_REASON))
        catalogue = self.workspace.services.faults.catalogue
        for name in named:
            if name not in catalogue:
                raise UnknownScenario(f"There is no scenario {name}; there are {', '.join(sorted(catalogue))}.")
        if self.workspace.has_scenarios:
            with self.workspace.services.store.reading() as transaction:
                own = self.api.scenario_of(transaction, call)
            named += [own] if own else []
        return tuple(named)

    def _meet(self, at: Point, call: Call) -> Generator[Fault, None, Fault | None]:
        """The fault that hits the call outside its transaction, once it has been waited for."""
        if call.operation is None:
            return None
        services, where = self.workspace.services, Where(at, self.api.name, call.operation.operation_id)
        if not services.faults.could_hit(self.workspace.armed, where, call.scenarios):
            return None
        with services.store.transaction() as transaction:
            fault = services.faults.take(transaction, where, self.api.subject(call), call.scenarios)
        if fault is None:
            return None
        if fault.waits:
            fault = services.faults.keep(fault)
            yield fault
        call.note_hit(fault)
        return fault

    def _injected(self, fault: Fault, call: Call, otherwise: Reply) -> Reply:
        """What a fault answers, in the API's own format where it says no body; or else the reply that there was."""
        wanted = fault.reply
        if wanted is None:
            return replace(otherwise, connection=fault.connection)
        headers = dict(wanted.get("headers", {}))
        if "body" not in wanted:
            reply = self.api.dress(call, self.api.refuse(Injected(wanted["status"])))
            reply = replace(reply, status=wanted["status"], headers={**reply.headers, **headers})
        else:
            reply = _plain(wanted["status"], wanted["body"], headers)
        return replace(reply, connection=fault.connection)

    def _record(self, call: Call, reply: Reply, warnings: tuple[str, ...], microseconds: int) -> None:
        now = self.workspace.services.clock.now()
        about = Circumstances(now, self.api.name, self.api.order_of(call), microseconds, warnings)
        self.workspace.journal.record(call, reply, about)


def _plain(status: int, body: Any, headers: Mapping[str, str]) -> Reply:
    """A reply as it stands: text, or a JSON value."""
    kind = "text/plain; charset=utf-8" if isinstance(body, str) else "application/json"
    named = {"Content-Type": kind} if not any(name.lower() == "content-type" for name in headers) else {}
    return Reply(body, status, {**named, **headers}, content=body.encode() if isinstance(body, str) else None)


def _without_store(api: Api) -> Reply:
    """503 in the API's own format, without what only the store knows."""
    reply = api.refuse(StoreGone("The sandbox's database does not answer; nothing was kept. Try again in a second."))
    return replace(reply, headers={"Content-Type": "application/json", "Retry-After": "1"})


def _header(warnings: tuple[str, ...]) -> str:
    more = f"; and {len(warnings) - _MAX_WARNINGS} more" if len(warnings) > _MAX_WARNINGS else ""
    return ("; ".join(warnings[:_MAX_WARNINGS]) + more).encode("ascii", "backslashreplace").decode()
