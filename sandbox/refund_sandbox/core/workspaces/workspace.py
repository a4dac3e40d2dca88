"""Workspace: an isolated environment with its own state, clock, settings, faults and request log."""

import json
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from msgspec.structs import replace

from refund_sandbox.core.api import Api
from refund_sandbox.core.context import UnitOfWork
from refund_sandbox.core.faults.fault import FAULTS, Fault
from refund_sandbox.core.faults.fault_store import FaultStore
from refund_sandbox.core.faults.waiting import FaultWaiters, Sight
from refund_sandbox.core.ids import Ids
from refund_sandbox.core.journal.journal import Journal
from refund_sandbox.core.schedule import TASKS, Task, next_due
from refund_sandbox.core.webhooks import outbox
from refund_sandbox.core.webhooks.emission import emit_events
from refund_sandbox.core.workspaces.state_document import Document, WrittenState, check_scenario, write_state
from refund_sandbox.core.workspaces.state_replacer import StateReplacer
from refund_sandbox.core.workspaces.workspace_state import (
    STATE_KEY,
    WORKSPACE_STATES,
    StateReplaced,
    WorkspaceGone,
    WorkspaceState,
    find_state,
    real_time,
)
from refund_sandbox.stores.protocol import (
    CommitUnknown,
    ReadTransaction,
    Store,
    StoreError,
    Transaction,
    WouldWait,
)
from refund_sandbox.stores.reads import Get
from refund_sandbox.workspace_settings import WorkspaceSettings

_log = logging.getLogger(__name__)
_USE_INTERVAL_S = 60.0
"""Time after which the use of a shared workspace is stored again."""


@dataclass
class Workspace:
    """A named workspace. Its state is in the store; nothing of it is in this object."""

    name: str
    store: Store
    ids: Ids
    faults: FaultStore
    journal: Journal
    apis: Mapping[str, Api]
    base_settings: WorkspaceSettings
    replacer: StateReplacer
    schedule_delivery: Callable[["Workspace"], None]
    """Callback: a webhook may be due, or the workspace is closed."""
    check_room: Callable[[], None] = lambda: None
    """Function that raises AccessRefused where a workspace that another process has deleted can't be created again."""
    waiters: FaultWaiters = field(default_factory=FaultWaiters)
    is_closed: bool = False
    """Whether the workspace was deleted or evicted."""
    _parsed: tuple[Mapping[str, Any], WorkspaceSettings] | None = None
    """The last settings that were read, as document and parsed."""
    _use_stored_at: float = 0

    # The state

    def state_in(self, transaction: ReadTransaction, *, for_update: bool = False) -> WorkspaceState:
        """Return the state that a transaction sees. Raise WorkspaceGone if there is none."""
        return find_state(transaction, self.name, for_update=for_update)

    def settings_of(self, state: WorkspaceState) -> WorkspaceSettings:
        """Return the parsed settings of a state."""
        parsed = self._parsed
        if parsed is None or (parsed[0] is not state.settings and parsed[0] != state.settings):
            self._parsed = parsed = state.settings, self.base_settings.updated(state.settings)
        return parsed[1]

    def state(self) -> WorkspaceState:
        """Return the state after the tasks that have fallen due. A workspace deleted by another process is created again.

        Raise WorkspaceGone if this process has deleted it: another object may have its name now.
        """
        while True:
            try:
                return self.settled_state()
            except WorkspaceGone:
                self._check_open()
                self.start()

    def _check_open(self) -> None:
        if self.is_closed:
            raise WorkspaceGone(self.name)

    def settled_state(self) -> WorkspaceState:
        """Run the tasks that have fallen due, and return the state."""
        while True:
            with self.store.read_only() as transaction:
                state = self.state_in(transaction)
                due = next_due(transaction, state.now())
            if due is None:
                return state
            self.run_due(due)

    def look(self, holds: Collection[str] = ()) -> Sight:
        """Return what waiting requests have to know. `holds` are the ids of the faults that hold them."""
        with self.store.read_only() as transaction:
            transaction.prefetch(Get(WORKSPACE_STATES, STATE_KEY), *(Get(FAULTS, hold) for hold in holds))
            state = transaction.get(WORKSPACE_STATES, STATE_KEY)
            return Sight(state.epoch if state else None, {hold for hold in holds if transaction.get(FAULTS, hold) is None})

    def settings(self) -> WorkspaceSettings:
        return self.settings_of(self.state())

    def unit_of_work(self, transaction: Transaction, api: str, now: datetime, state: WorkspaceState) -> UnitOfWork:
        return UnitOfWork(transaction, now, self.ids, self.settings_of(state).of(api))

    # Tasks

    def run_due(self, task: Task | None) -> None:
        """Run a due task and those that are due after it, each in a transaction of its own."""
        while task:
            task = self._run(task)

    def _run(self, task: Task) -> Task | None:
        """Run a task, unless another process has run it, and return the next due one."""
        api, has_deliveries = self.apis[task.api], False
        with self.store.transaction() as transaction:
            state = self.state_in(transaction)
            if transaction.get(TASKS, task.id, for_update=True) == task:
                transaction.delete(TASKS, task.id)
                work = self.unit_of_work(transaction, task.api, task.at, state)
                api.descriptor.tasks[task.action](work, task.subject)
                has_deliveries = emit_events(api.descriptor, work, self.faults, transaction.all(FAULTS))
            upcoming = next_due(transaction, state.now())
        if has_deliveries:
            self.schedule_delivery(self)
        return upcoming

    def start(self) -> None:
        """Continue with the state in the store, or create the initial one. Of several processes, only one creates it.

        Raise AccessRefused if there is no room for a workspace that another process has deleted.
        """
        self.replacer.start(self.check_room)
        if self.store.is_shared:
            self.schedule_delivery(self)  # deliveries that the last process did not send

    # Replacement of the whole state

    def reset(self, seed: int | None = None, document: Document | None = None, own_ids: str | None = None) -> int:
        self._ensure_stored()
        return self.replacer.reset(seed, document, own_ids)

    def load(self, document: Any) -> None:
        self._ensure_stored()
        self.replacer.load(document)

    def _ensure_stored(self) -> None:
        """Create the workspace again if another process has deleted it. Raise WorkspaceGone if this process has."""
        self._check_open()
        if self.store.is_shared:
            self.replacer.start(self.check_room)

    def save_snapshot(self, name: str) -> None:
        self.state()
        self.replacer.save_snapshot(name)

    def restore_snapshot(self, name: str) -> None:
        self._check_open()
        self.replacer.restore_snapshot(name)

    # Changes by the control API

    def _change(self, change: Callable[[WorkspaceState], WorkspaceState]) -> WorkspaceState:
        """Change the state under a lock, so that no change of another process is lost. Return the new state."""
        self.state()
        with self.store.transaction() as transaction:
            state = change(self.state_in(transaction, for_update=True))
            transaction.put(WORKSPACE_STATES, state)
        return state

    def change_settings(self, document: Mapping[str, Any]) -> WorkspaceSettings:
        """Change the settings that a document names, for all processes that share the store. Return all settings."""

        def change(state: WorkspaceState) -> WorkspaceState:
            return state.changed(settings=self.settings_of(state).updated(document).to_document())

        return self.settings_of(self._change(change))

    def set_clock(self, now: datetime | None = None, *, frozen: bool | None = None) -> WorkspaceState:
        """Set the time, and whether it stands still; None leaves it as it is. Run the tasks that are due then."""

        def change(state: WorkspaceState) -> WorkspaceState:
            return state.at(now or state.now(), frozen=state.is_frozen if frozen is None else frozen).changed()

        self._change(change)
        self.schedule_delivery(self)
        try:
            return self.state()
        except StoreError as error:  # the clock is set, but not every task has run
            raise CommitUnknown(str(error)) from error

    def step(self, longest: timedelta, upcoming: datetime | None, epoch: str) -> timedelta:
        """Move the clock to the next due task or to `upcoming`, but by `longest` at most. Run the tasks that are due then.

        Return the step. Raise StateReplaced if the rest of the way belongs to another state than that of `epoch`.
        """
        self.settled_state()
        with self.store.transaction() as transaction:
            state = self.state_in(transaction, for_update=True)
            if state.epoch != epoch:
                raise StateReplaced
            now, task = state.now(), transaction.first(TASKS, "due")
            stops = [at - now for at in (task.at if task else None, upcoming) if at and at > now]
            step = min([longest, *stops])
            transaction.put(WORKSPACE_STATES, state.advanced(step).changed())
        self.settled_state()
        return step

    def add_order(self, api: str, document: Mapping[str, Any]) -> dict[str, Any]:
        """Add one order, fill in what the document leaves out, and return it as in the state document.

        Raise BadDocument for an inconsistent order, and change nothing then.
        """
        scenario = document.get("scenario")
        check_scenario(scenario, api, self.faults.scenarios)
        self.state()
        with self.store.transaction() as transaction:
            state = self.state_in(transaction, for_update=True)
            work = self.unit_of_work(transaction, api, state.now(), state)
            order = self.apis[api].descriptor.state.add_order(work, document)
            transaction.put(WORKSPACE_STATES, state.changed(scenarios=state.scenarios or scenario is not None))
        return order

    def add_fault(self, document: Mapping[str, Any]) -> list[Fault]:
        """Enable a fault or a scenario. Raise BadDocument for one that can never hit, and change nothing then."""
        self.state()
        return self.faults.add(document, self._find_order_id)

    def _find_order_id(self, api: str, order_id: str) -> str | None:
        descriptor = self.apis[api].descriptor
        with self.store.read_only() as transaction:
            if descriptor.find_order_id:
                return descriptor.find_order_id(transaction, order_id)
            order = descriptor.state.find_order(transaction, order_id)
        return None if order is None else str(order[descriptor.listing.ID_FIELD])

    def emit(self, api: str, emit: Callable[[UnitOfWork], None]) -> list[outbox.Delivery]:
        """Run a function that emits events of an API. Store and return their deliveries, and send them soon."""
        self.state()
        descriptor = self.apis[api].descriptor
        with self.store.transaction() as transaction:
            state = self.state_in(transaction)
            work = self.unit_of_work(transaction, api, state.now(), state)
            emit(work)
            emit_events(descriptor, work, self.faults, transaction.all(FAULTS))
            changes = transaction.changes()
        deliveries = [change.after for change in changes if change.kind == outbox.DELIVERIES.name and change.after]
        if deliveries:
            self.schedule_delivery(self)
        return deliveries

    # Reads

    def find_order(self, api: str, order_id: str) -> dict[str, Any] | None:
        """Return one order as in the state document. Its rows must fit together, which takes a lock or a snapshot."""
        self.state()
        with self.store.snapshot() if self.store.is_shared else self.store.read_only() as transaction:
            return self.apis[api].descriptor.state.find_order(transaction, order_id)

    def revision(self) -> tuple[Any, ...]:
        """Return a value that changes when the state is changed by anything but a request to an API."""
        state = replace(self.state(), used="")  # being used is not a change
        return state, [(fault.id, fault.times, fault.skip) for fault in self.faults.enabled()]

    def dump(self) -> dict[str, Any]:
        """Return the state document, which `load` accepts."""
        return json.loads(b"".join(self.write().pieces))  # type: ignore[no-any-return]  # an object

    def write(self) -> WrittenState:
        """Return the state document as JSON in pieces, from a copy of the records. Other transactions are not locked out."""
        self.state()
        records = self.store.copy(self.replacer.record_types)
        state = self.state_in(records)
        return write_state(state.clock, self.settings_of(state), records, self.apis)

    def quickstarts(self, url: str) -> list[str]:
        """Return base URL, credentials and a refund as a curl line of each API."""
        settings = self.settings()
        with self.store.read_only() as transaction:
            return [api.descriptor.listing.quickstart(transaction, settings.of(name), url) for name, api in self.apis.items()]

    def store_use(self) -> None:
        """Store that the workspace is in use, at most once a minute, so that no process deletes it as unused.

        A failure says nothing about the request that uses the workspace, so the next one tries again.
        """
        if not self.store.is_shared or monotonic() < self._use_stored_at + _USE_INTERVAL_S:
            return
        try:
            with self.store.transaction() as transaction:
                state = self.state_in(transaction, for_update=True)
                transaction.put(WORKSPACE_STATES, replace(state, used=real_time()))
            self._use_stored_at = monotonic()
        except WouldWait:  # the event loop; the next request tries again
            return
        except WorkspaceGone:  # nothing is left to be deleted
            return
        except StoreError as error:
            _log.warning("the use of workspace %s could not be stored: %s", self.name, error)

    def close(self) -> None:
        """End the requests in progress and the deliveries, and write pending entries of the request log."""
        self.is_closed = True
        self.schedule_delivery(self)
        self.journal.close()
