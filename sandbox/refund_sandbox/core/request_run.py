"""The stages of a request, all in one transaction: this is the way that every request takes.

begin -> authorize and parse -> fault "before" -> locate -> validate -> handle -> fault "after" -> emit -> commit -> render -> log

A request that a fault makes wait undoes its transaction, waits without a lock, and runs again from the start.
"""

import logging
from collections.abc import Sequence
from time import perf_counter_ns
from typing import Any, NamedTuple, cast

from msgspec import Struct
from msgspec.structs import replace

from refund_sandbox.core import cors
from refund_sandbox.core.api import Api
from refund_sandbox.core.context import Context, Reply, Request
from refund_sandbox.core.errors import (
    ApiError,
    BodyTooLarge,
    FaultError,
    InternalError,
    UnknownScenario,
)
from refund_sandbox.core.faults.fault import FAULTS, Fault, RetryAfterFault
from refund_sandbox.core.faults.fault_store import unknown_scenario
from refund_sandbox.core.journal.journal import RequestMetadata
from refund_sandbox.core.replies import fault_reply, unavailable, warning_header, warnings_of
from refund_sandbox.core.schedule import TASKS, Task, next_due
from refund_sandbox.core.webhooks.emission import emit_events
from refund_sandbox.core.workspaces.workspace import Workspace
from refund_sandbox.core.workspaces.workspace_state import STATE_KEY, WORKSPACE_STATES, StateReplaced, WorkspaceGone
from refund_sandbox.stores.protocol import Change, CommitUnknown, Conflict, ReadTransaction, StoreError, Transaction, WouldWait
from refund_sandbox.stores.reads import All, First, Get

_log = logging.getLogger(__name__)
_MAX_TRIES = 5
"""Number of times that a request runs when other transactions conflict with it."""
_SCENARIO_HEADER = cors.SCENARIO_HEADER.lower()
_SCENARIO_REASON = "sandbox:"
_SCENARIO_MARK = _SCENARIO_REASON.encode()
_FIRST_READS = (Get(WORKSPACE_STATES, STATE_KEY), All(FAULTS), First(TASKS, "due"))
"""Reads that every transaction of a request starts with."""


class RequestLimits(Struct, frozen=True):
    """Limits of requests to the APIs. `check_replies` checks every reply against the spec, for tests of the sandbox."""

    max_body: int
    max_depth: int
    check_replies: bool


class _RunAgain(Exception):
    """Something has to happen before the request can run."""


class _TaskDue(_RunAgain):
    """A task has to run before the request."""

    def __init__(self, task: Task) -> None:
        super().__init__(task.id)
        self.task = task


class _NeedsWrites(_RunAgain):
    """The operation reads only, but a fault may hit the request, which has to be counted."""


class RequestRun:
    """A request in progress in a workspace. `epoch` is that of the state that it came to, `hits` the faults that hit it."""

    def __init__(self, api: Api, workspace: Workspace, request: Request, limits: RequestLimits) -> None:
        self.workspace = workspace
        self.epoch: str | None = None
        self.hits: tuple[Fault, ...] = ()
        self._api = api
        self._request = request
        self._limits = limits
        self._started = perf_counter_ns()
        self._match = api.descriptor.lifecycle.route(api.spec, request)
        self._operation = api.descriptor.operations[self._match.operation.operation_id] if self._match else None
        self._reads_only = self._operation is None or self._operation.reads_only
        self._is_alone = self._operation is not None and self._operation.alone
        self._waited: tuple[Fault, ...] = ()
        """Faults that the request has waited for."""
        self._context: Context | None = None
        """Context of the latest run."""
        self._earlier: Any = None
        """Records that the request had read before an `unlocked` fault made it wait."""
        self._late: _LateReply | None = None
        """Reply to a committed request that waits for a fault."""

    def advance(self) -> Reply | Fault:
        """Run until the request has a reply, or until a fault makes it wait. After the wait, call it again.

        Raise only BrokenReply, and only where replies are checked.
        """
        try:
            return self._reply_late(self._late) if self._late else self._run_until_wait()
        except (StateReplaced, CommitUnknown):  # a reply would say something about the ledger that may be wrong
            return Reply(None, connection="close")
        except StoreError as error:
            _log.warning("%s %s: %s", self._request.method, self._request.path, error)
            return unavailable(self._api, self.workspace)

    def _run_until_wait(self) -> Reply | Fault:
        """Run the request, and again if something else has to happen first."""
        conflicts = 0
        while True:
            try:
                return self._run()
            except RetryAfterFault as wait:
                fault = self.workspace.faults.start_wait(wait.fault)
                if fault is not None:
                    self._waited = (*self._waited, fault)
                    self._earlier = self._context.earlier if fault.unlocked and self._context else None
                    return fault
            except Conflict:
                conflicts += 1
                if conflicts == _MAX_TRIES:
                    raise
            except _TaskDue as due:
                self.workspace.run_due(due.task)
            except _NeedsWrites:
                self._reads_only = False
            except WorkspaceGone:
                if self.epoch is not None or self.workspace.is_closed:
                    raise StateReplaced from None
                self.workspace.start()

    def _run(self) -> Reply | Fault:
        """Run the stages in one transaction. ApiError undoes it, like every other exception."""
        store, api = self.workspace.store, self._api.descriptor
        context: Context | None = None
        changes: Sequence[Change] = ()
        fault: Fault | None = None
        has_deliveries = False
        try:
            with (
                store.read_only() if self._reads_only else store.alone() if self._is_alone else store.transaction() as transaction
            ):
                context = self._context = self._begin(transaction)
                reply, fault = self._serve(context)
                if not self._reads_only:
                    has_deliveries = bool(context.drafts) and emit_events(api, context, self.workspace.faults, context.enabled)
                    changes = context.transaction.changes()
        except (StoreError, WouldWait, RetryAfterFault, StateReplaced, _RunAgain):
            raise
        except Exception as error:
            if context is None:
                raise
            fault, changes, has_deliveries = None, (), False  # undone with the transaction
            reply = self._refuse(context, error)
        if has_deliveries:
            self.workspace.schedule_delivery(self.workspace)
        self.hits = context.hits
        reply = api.lifecycle.render(context, reply)
        if fault and fault.at == "after" and fault.has_wait:
            self._late = _LateReply(context, fault, reply, changes)
            return fault
        return self._finish(context, fault, reply, changes)

    def _begin(self, transaction: ReadTransaction) -> Context:
        """Read the state of the workspace, once for the whole request."""
        workspace, api, match = self.workspace, self._api.descriptor, self._match
        if transaction.is_remote:
            transaction.prefetch(*_FIRST_READS, *(api.prefetch(match) if match and api.prefetch else ()))
        state = transaction.get(WORKSPACE_STATES, STATE_KEY)
        if state is None:
            raise WorkspaceGone(workspace.name)
        if self.epoch is None:
            self.epoch = state.epoch
        elif self.epoch != state.epoch:
            raise StateReplaced
        now = state.now()
        due = next_due(transaction, now)
        if due:
            raise _TaskDue(due)
        settings = workspace.settings_of(state)
        return api.context(
            transaction=cast(Transaction, transaction),  # an operation that reads only does not write
            now=now,
            ids=workspace.ids,
            settings=settings.apis[api.name],
            request=self._request,
            spec=self._api.spec,
            operation=match.operation if match else None,
            params=match.params if match else {},
            validation=settings.validation,
            faults=workspace.faults,
            enabled=transaction.all(FAULTS),
            has_scenarios=state.scenarios,
            max_depth=self._limits.max_depth,
            waited=self._waited,
            earlier=self._earlier,
            hits=(*self.hits, *self._waited),
        )

    def _serve(self, context: Context) -> tuple[Reply, Fault | None]:
        """Return the reply, and the fault that changes or replaces it."""
        lifecycle = self._api.descriptor.lifecycle
        if self._request.oversized and context.operation:
            raise BodyTooLarge(self._limits.max_body)
        reply = lifecycle.authorize_and_parse(context)
        operation = self._operation
        if reply is not None or operation is None or context.operation is None:
            assert reply is not None, "authorize_and_parse has neither rejected nor answered an unknown path"
            return reply, None
        context.scenarios = self._scenarios_of(context)
        if self._reads_only and (context.enabled or context.scenarios):
            raise _NeedsWrites
        before = context.claim_fault("before")
        if context.enabled:
            context.note_passed()
        if before and (before.reply is not None or before.connection is not None):
            return self._render_error(FaultError(502), context.settings), before
        context.violations = context.operation.violations(context.document)  # first: the request log shows them in any case
        located = operation.locate(context) if operation.locate else None
        lifecycle.validate(context)
        reply = operation.handle(context, located) if operation.locate else operation.handle(context)
        if self._limits.check_replies:
            context.operation.check_reply(reply.status, reply.body)
        after = context.claim_fault("after") if reply.status < 400 else None
        if after and after.has_wait:
            after = self.workspace.faults.save_held(context.transaction, after)
        return reply, after

    def _scenarios_of(self, context: Context) -> tuple[str, ...]:
        """Return every scenario that the request or its order names. Raise UnknownScenario for one that does not exist."""
        names = [self._request.headers[_SCENARIO_HEADER]] if _SCENARIO_HEADER in self._request.headers else []
        if _SCENARIO_MARK in self._request.body:
            reason = context.fault_fields().get("reason")
            if isinstance(reason, str) and reason.startswith(_SCENARIO_REASON):
                names.append(reason.removeprefix(_SCENARIO_REASON))
        for name in names:
            self._check_scenario(name, context)
        if context.has_scenarios and (of_order := context.order_scenario()):
            names.append(of_order)
        return tuple(names)

    def _check_scenario(self, name: str, context: Context) -> None:
        """Raise UnknownScenario for a scenario that does not exist, or that can't hit this request."""
        faults, operation = context.faults, context.operation
        if name not in faults.scenarios:
            raise UnknownScenario(unknown_scenario(name, faults.scenarios))
        if operation and not faults.can_hit(name, operation.api, operation.operation_id):
            raise UnknownScenario(f"Scenario {name!r} can't hit {operation.operation_id}. Scenarios: GET /_sandbox/scenarios.")

    def _refuse(self, context: Context, error: Exception) -> Reply:
        """Return the reply to a request that was undone by a refusal, or by a bug of the sandbox."""
        if not isinstance(error, ApiError):
            _log.exception("%s %s failed. This is a bug of the sandbox.", self._request.method, self._request.path)
            if self._limits.check_replies:
                raise error
            error = InternalError("The sandbox failed. See its log on stderr.")
        reply = self._render_error(error, context.settings)
        if self._limits.check_replies and context.operation:
            context.operation.check_reply(reply.status, reply.body)
        self.workspace.faults.count_passed(context.passed)
        return reply

    def _reply_late(self, late: "_LateReply") -> Reply:
        """Return the reply to a committed request after its wait."""
        try:
            epoch = self.workspace.look().epoch
        except StoreError:
            raise StateReplaced from None  # what it would say about the ledger is unknown
        if epoch != self.epoch:
            raise StateReplaced
        return self._finish(late.context, late.fault, late.reply, late.changes)

    def _finish(self, context: Context, fault: Fault | None, reply: Reply, changes: Sequence[Change]) -> Reply:
        """Apply a fault to the rendered reply, add the warnings, and record the request."""
        if fault:
            reply = fault_reply(self._api.descriptor.lifecycle, context, fault, reply)
        warnings = (*warnings_of(context), *context.warnings) if context.violations or context.warnings else ()
        if warnings:
            reply = replace(reply, headers={**reply.headers, cors.WARNING_HEADER: warning_header(warnings)})
        if "origin" in self._request.headers:
            reply = cors.with_own_headers(self._request, reply)
        microseconds = (perf_counter_ns() - self._started) // 1000
        operation_id = context.operation.operation_id if context.operation else None
        metadata = RequestMetadata(
            context.now, self._api.name, operation_id, context.order_id(), microseconds, warnings, context.hits, tuple(changes)
        )
        self.workspace.journal.record(self._request, reply, metadata)
        if self.workspace.store.is_shared:
            self.workspace.store_use()
        return reply

    def _render_error(self, error: ApiError, settings: Any) -> Reply:
        return self._api.descriptor.lifecycle.render_error(error, settings, self.workspace.ids)


class _LateReply(NamedTuple):
    """Committed request, the fault that its reply waits for, its rendered reply, and its changes."""

    context: Context
    fault: Fault
    reply: Reply
    changes: Sequence[Change]
