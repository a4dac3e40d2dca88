"""Workspace: an isolated environment with its own state, clock, settings, faults and request log."""

import json
import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from time import monotonic
from typing import Any
from zlib import crc32

from msgspec.structs import replace

from refund_sandbox.core.api import Api
from refund_sandbox.core.context import UnitOfWork, dump_pieces
from refund_sandbox.core.faults.fault import FAULTS, Fault
from refund_sandbox.core.faults.fault_store import FaultStore
from refund_sandbox.core.faults.waiting import FaultWaiters, Sight
from refund_sandbox.core.ids import Ids
from refund_sandbox.core.journal.journal import Journal
from refund_sandbox.core.schedule import TASKS, Task, next_due
from refund_sandbox.core.validation.validator import Validator
from refund_sandbox.core.webhooks import outbox
from refund_sandbox.core.webhooks.emission import emit_events
from refund_sandbox.core.work_progress import Progress
from refund_sandbox.core.workspaces.prepared_state import InitialState, PreparedState, StateParts, prepare
from refund_sandbox.core.workspaces.state_document import Document, check_scenario, check_state
from refund_sandbox.core.workspaces.template import WorkspaceTemplate
from refund_sandbox.core.workspaces.workspace_state import (
    STATE_KEY,
    WORKSPACE_STATES,
    WorkspaceState,
    real_time,
    snapshot_of,
)
from refund_sandbox.settings import WorkspaceSettings
from refund_sandbox.stores.protocol import (
    CommitUnknown,
    Database,
    ReadTransaction,
    RecordType,
    Store,
    StoreError,
    Transaction,
    WouldWait,
)
from refund_sandbox.stores.reads import Get

_log = logging.getLogger(__name__)
_ID_RANGES, _IDS_IN_RANGE = 1_000_000, 1000
"""Ranges of ids that `own_ids` chooses from. All ids fit into 32 bits."""
_USE_INTERVAL_S = 60.0
"""Time after which the use of a shared workspace is stored again."""


class StateReplaced(Exception):
    """The state that a request came to is gone: its workspace was reset, loaded, restored or deleted."""


class WorkspaceGone(StateReplaced):
    """The workspace is not in the store: it was deleted."""


@dataclass
class Workspace:
    """A named workspace. Its state is in the store; nothing of it is in this object.

    `initial` is the state that `reset` restores, for a seed. `progress` is that of the state that is built in this process.
    """

    name: str
    store: Store
    ids: Ids
    faults: FaultStore
    journal: Journal
    apis: Mapping[str, Api]
    initial: InitialState
    base_settings: WorkspaceSettings
    template: WorkspaceTemplate
    schema: Validator
    database: Database
    progress: Progress
    schedule_delivery: Callable[["Workspace"], None]
    """Callback: a webhook may be due, or the workspace is closed."""
    waiters: FaultWaiters = field(default_factory=FaultWaiters)
    is_closed: bool = False
    """Whether the workspace was deleted or evicted."""
    _parsed: tuple[Mapping[str, Any], WorkspaceSettings] | None = None
    """The last settings that were read, as document and parsed."""
    _use_stored_at: float = 0

    @property
    def record_types(self) -> list[RecordType[Any]]:
        """Types of the records that the state consists of."""
        of_apis = (record_type for api in self.apis.values() for record_type in api.descriptor.record_types)
        return [WORKSPACE_STATES, TASKS, *of_apis]

    # The state

    def state_in(self, transaction: ReadTransaction, *, for_update: bool = False) -> WorkspaceState:
        """Return the state that a transaction sees. Raise WorkspaceGone if there is none."""
        state = transaction.get(WORKSPACE_STATES, STATE_KEY, for_update=for_update)
        if state is None:
            raise WorkspaceGone(self.name)
        return state

    def settings_of(self, state: WorkspaceState) -> WorkspaceSettings:
        """Return the parsed settings of a state."""
        parsed = self._parsed
        if parsed is None or (parsed[0] is not state.settings and parsed[0] != state.settings):
            self._parsed = parsed = state.settings, self.base_settings.updated(state.settings)
        return parsed[1]

    def state(self) -> WorkspaceState:
        """Return the state after the tasks that have fallen due. A workspace deleted by another process is created again."""
        while True:
            try:
                return self.settled_state()
            except WorkspaceGone:
                self.start()

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

    # Creation and replacement

    def start(self) -> None:
        """Continue with the state in the store, or create the initial one. Of several processes, only one creates it."""
        if self.store.is_shared:
            with self.store.read_only() as transaction:
                exists = transaction.get(WORKSPACE_STATES, STATE_KEY) is not None
            if not exists:
                self.database.open(self.name)  # another process may have deleted its sequences of ids
                self._create_initial()
            self.schedule_delivery(self)  # deliveries that the last process did not send
        elif not self._apply_template():
            self._create_initial()

    def _create_initial(self) -> None:
        """Create the initial state, unless another process was faster."""
        seed = self.template.seed
        self._check(self.initial.document)
        with self.store.exclusive() as transaction:
            if transaction.get(WORKSPACE_STATES, STATE_KEY) is None:
                prepared = self._prepare(self.initial, seed, self.ids.fork(seed))
                prepared.replace(transaction, self.record_types)
                self.ids.continue_from(prepared.ids)
        self.template.capture(self.name, self.record_types, self.ids)

    def _apply_template(self, finish: Callable[[Transaction], None] | None = None) -> bool:
        """Copy the template, if there is one."""

        def end(transaction: Transaction) -> None:
            transaction.put(WORKSPACE_STATES, self.state_in(transaction).replaced())
            if finish:
                finish(transaction)

        return self.template.apply(self.name, self.record_types, self.ids, end)

    def reset(self, seed: int | None = None, document: Document | None = None, own_ids: str | None = None) -> int:
        """Restore the initial state, or load another document. Clear request log, faults and deliveries. Return the seed.

        Ids start again from the seed, by default the one that the workspace was created with. With `own_ids`, new records get
        ids that follow from the seed and this text, and that no other text gives.
        Raise BadDocument for an inconsistent document, and change nothing then.
        """
        seed = self.template.seed if seed is None else seed
        is_initial = document is None and seed == self.template.seed
        with self.journal.clearing() as clear_journal:

            def finish(transaction: Transaction) -> None:
                """Delete what belongs to no state: faults, deliveries and the request log."""
                for record_type in (FAULTS, *outbox.RECORD_TYPES):
                    transaction.clear(record_type)
                clear_journal(transaction)
                if own_ids is not None:
                    self._skip_ids(transaction, own_ids)

            is_copied = is_initial and self._apply_template(finish)
            if not is_copied:
                self._load_initial(seed, document, finish)
        if is_initial and not is_copied and own_ids is None:
            self.template.capture(self.name, self.record_types, self.ids)
        if own_ids is not None:
            self.ids.restart(f"{seed} {own_ids}")
        return seed

    def _load_initial(self, seed: int, document: Document | None, finish: Callable[[Transaction], None]) -> None:
        """Replace the state by a document, or by the initial one for a seed. Ids start again from the seed."""
        initial = self.initial if document is None else InitialState(document)
        self._check(initial.document)
        prepared = self._prepare(initial, seed, self.ids.fork(seed))
        with self.store.exclusive() as transaction:
            prepared.replace(transaction, self.record_types)
            self.ids.continue_from(prepared.ids)
            finish(transaction)

    def _skip_ids(self, transaction: Transaction, own_ids: str) -> None:
        """Skip a part of the numbers that records of the APIs get as ids. The part follows from a text."""
        count = (crc32(own_ids.encode()) % _ID_RANGES + 1) * _IDS_IN_RANGE
        for api in self.apis.values():
            for record_type in api.descriptor.record_types:
                if _is_numbered(record_type):
                    transaction.next_ids(record_type, count)

    def load(self, document: Any) -> None:
        """Replace the state by a state document. Raise BadDocument, listing every mistake, and change nothing then."""
        self._check(document)
        with self._fork_of_ids() as ids:
            prepared = self._prepare(InitialState(document), self.template.seed, ids)
        with self.store.exclusive() as transaction:
            prepared.replace(transaction, self.record_types)

    def _check(self, document: Any) -> None:
        check_state(document, self.schema, self.apis, self.faults.scenarios)

    def _prepare(self, initial: InitialState, seed: int, ids: Ids) -> PreparedState:
        return prepare(initial, seed, ids, StateParts(self.apis, self.base_settings, self.progress))

    def save_snapshot(self, name: str) -> None:
        """Save the state as a snapshot. A snapshot of the same name is replaced."""
        self.state()

        def note_time(transaction: Transaction) -> None:
            transaction.put(WORKSPACE_STATES, replace(self.state_in(transaction), used=real_time()))

        self.database.copy_workspace(self.name, snapshot_of(self.name, name), self.record_types, note_time)

    def restore_snapshot(self, name: str) -> None:
        """Restore the state of a snapshot. Request log, faults and deliveries stay."""

        def end(transaction: Transaction) -> None:
            transaction.put(WORKSPACE_STATES, self.state_in(transaction).replaced())

        self.database.copy_workspace(snapshot_of(self.name, name), self.name, self.record_types, end)

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
        return json.loads(b"".join(self.dump_json()))  # type: ignore[no-any-return]  # an object

    def dump_json(self) -> Iterator[bytes]:
        """Yield the state document as JSON in pieces. Other transactions are not locked out meanwhile."""
        self.state()
        with self.store.snapshot() as transaction:
            state = self.state_in(transaction)
            sections = {name: api.descriptor.state.dump(transaction) for name, api in self.apis.items()}
            yield from dump_pieces({"clock": state.clock, "settings": self.settings_of(state).to_document(), **sections})

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
        except (StoreError, WorkspaceGone) as error:
            _log.warning("the use of workspace %s could not be stored: %s", self.name, error)

    def close(self) -> None:
        """End the requests in progress and the deliveries, and write pending entries of the request log."""
        self.is_closed = True
        self.schedule_delivery(self)
        self.journal.close()

    @contextmanager
    def _fork_of_ids(self) -> Iterator[Ids]:
        """A sequence of ids that follows from the own one, which is as before if the block raises and no request has used it."""
        before, fork = self.ids.random.getstate(), self.ids.fork()
        forked = self.ids.random.getstate()
        try:
            yield fork
        except BaseException:
            if self.ids.random.getstate() == forked:
                self.ids.random.setstate(before)
            raise


@lru_cache(256)
def _is_numbered(record_type: RecordType[Any]) -> bool:
    """Whether the ids of records are numbers."""
    return record_type.is_number(record_type.key)
