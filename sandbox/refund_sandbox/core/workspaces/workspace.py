"""Workspace: an isolated environment with its own state, clock, settings, faults, APIs and request log."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from msgspec.structs import replace

from refund_sandbox.core.api import Api, WorkspaceServices
from refund_sandbox.core.clock import later, read_instant, write_instant
from refund_sandbox.core.faults.fault import FAULTS, Fault
from refund_sandbox.core.journal.journal import Journal
from refund_sandbox.core.schedule import TASKS, Task, next_due
from refund_sandbox.core.validation.validator import Validator
from refund_sandbox.core.webhooks import outbox
from refund_sandbox.core.workspaces.state_document import Document, check_scenario, check_state, has_scenarios
from refund_sandbox.core.workspaces.template import WorkspaceTemplate
from refund_sandbox.core.workspaces.workspace_state import STATE_KEY, WORKSPACE_STATES, WorkspaceState, snapshot_of
from refund_sandbox.settings import WorkspaceSettings
from refund_sandbox.stores.protocol import Change, Database, RecordType, Transaction

_USE_INTERVAL_S = 60.0
"""Time after which the use of a shared workspace is stored again."""


@dataclass
class Workspace:
    """A named workspace. `initial` returns the state document that `reset` restores, for a seed."""

    name: str
    services: WorkspaceServices
    journal: Journal
    apis: Mapping[str, Api]
    initial: Callable[[int], Document]
    base_settings: WorkspaceSettings
    template: WorkspaceTemplate
    state: Validator
    database: Database
    schedule_delivery: Callable[["Workspace"], None]
    """Callback: a webhook may be due."""
    sending: threading.Lock = field(default_factory=threading.Lock)
    """Held while due webhooks are sent."""
    enabled: list[Fault] = field(default_factory=list)
    """Faults that were enabled at the last request."""
    has_scenarios: bool = False
    """Whether an order names a scenario."""
    _applied: WorkspaceState | None = None
    _use_stored_at: float = 0
    _replacements: int = 0
    """Number of times that the state was replaced."""

    @property
    def record_types(self) -> list[RecordType[Any]]:
        """Types of the records that the state consists of."""
        return [WORKSPACE_STATES, TASKS, *(record_type for api in self.apis.values() for record_type in api.record_types)]

    def refresh(self) -> None:
        """Apply the changes of other processes and run the tasks that have fallen due."""
        store = self.services.store
        with store.read_only() as transaction:
            if store.is_shared:
                self._apply(transaction.get(WORKSPACE_STATES, STATE_KEY))
            self.enabled = transaction.all(FAULTS)
            due = next_due(transaction, self.services.clock)
        while due:
            due = self._run(due)
        if store.is_shared and monotonic() > self._use_stored_at + _USE_INTERVAL_S:
            self._store_use()

    def _apply(self, state: WorkspaceState | None) -> None:
        if state and state != self._applied:
            self.services.settings = self.base_settings.updated(state.settings)
            self.services.clock.set(read_instant(state.clock) if state.clock else None, timedelta(seconds=state.offset))
            self.has_scenarios = state.scenarios
            self._applied = state

    def _store_use(self) -> None:
        self._use_stored_at = monotonic()
        with self.services.store.transaction() as transaction:
            state = transaction.get(WORKSPACE_STATES, STATE_KEY, for_update=True)
            if state:
                transaction.put(WORKSPACE_STATES, replace(state, used=_real_time()))

    def _run(self, task: Task) -> Task | None:
        """Run a task, unless another process has run it, and return the next due one."""
        with self.services.store.transaction() as transaction:
            if transaction.get(TASKS, task.id, for_update=True):
                transaction.delete(TASKS, task.id)
                self.apis[task.api].run_task(transaction, task.action, task.subject, task.at)
            changes, upcoming = transaction.changes(), next_due(transaction, self.services.clock)
        self.record_changes(changes)
        return upcoming

    def record_changes(self, changes: Iterable[Change]) -> None:
        """Schedule the delivery of webhooks that committed changes have put into the outbox."""
        if outbox.ATTEMPTS.name in [change.kind for change in changes]:
            self.schedule_delivery(self)

    def start(self) -> None:
        """Continue with the state in the store, or create the initial one. Of several processes, only one creates it."""
        store, state = self.services.store, None
        if store.is_shared:
            with store.read_only() as transaction:
                state = transaction.get(WORKSPACE_STATES, STATE_KEY)
        if state:
            self._apply(state)
        elif not self._apply_template():
            self._create_initial()
        if store.is_shared:
            self.schedule_delivery(self)  # deliveries that the last process did not send

    def _apply_template(self) -> bool:
        """Copy the template, if there is one."""
        if not self.template.apply(self.name, self.record_types, self.services.ids):
            return False
        self._reload()
        return True

    def _capture_template(self) -> None:
        self.template.capture(self.name, self.record_types, self.services.ids)

    def _create_initial(self) -> None:
        """Create the initial state, unless another process was faster."""
        self.services.ids.restart(self.template.seed)
        document = self.initial(self.template.seed)
        self._check(document)
        with self._restored_on_error(), self.services.store.exclusive() as transaction:
            state = transaction.get(WORKSPACE_STATES, STATE_KEY)
            if state is None:
                self._fill(transaction, document)
        self._apply(state)
        self._capture_template()

    def reset(self, seed: int | None = None, document: Document | None = None) -> int:
        """Restore the initial state, or load another document. Clear request log, faults and deliveries. Return the seed.

        Ids start again from the seed, by default the one that the workspace was created with.
        Raise BadDocument for an inconsistent document, and change nothing then.
        """
        seed = self.template.seed if seed is None else seed
        is_initial = document is None and seed == self.template.seed
        if not (is_initial and self._apply_template()):
            with self._restored_on_error():
                self.services.ids.restart(seed)
                self.load(self.initial(seed) if document is None else document)
            if is_initial:
                self._capture_template()
        with self.services.store.transaction() as transaction:
            for record_type in (FAULTS, *outbox.RECORD_TYPES):
                transaction.clear(record_type)
        self.journal.clear()
        return seed

    def load(self, document: Any) -> None:
        """Replace the state by a state document. Raise BadDocument, listing every mistake, and change nothing then."""
        self._check(document)
        with self._restored_on_error(), self.services.store.exclusive() as transaction:
            self._fill(transaction, document)

    def _check(self, document: Any) -> None:
        check_state(document, self.state, self.apis, self.services.faults.scenarios)

    def _fill(self, transaction: Transaction, document: Document) -> None:
        frozen = document.get("clock")
        self.services.settings = self.base_settings.updated(document.get("settings") or {})
        self.services.clock.set(read_instant(frozen) if frozen else None)
        transaction.clear(TASKS)
        for name, api in self.apis.items():
            for record_type in api.record_types:
                transaction.clear(record_type)
            api.load(transaction, document.get(name) or {})
        self.has_scenarios = has_scenarios(document, self.apis)
        self._save(transaction)
        self._replacements += 1

    def add_order(self, api: str, document: Mapping[str, Any]) -> dict[str, Any]:
        """Add one order, fill in what the document leaves out, and return it as in the state document.

        Raise BadDocument for an inconsistent order, and change nothing then.
        """
        check_scenario(document.get("scenario"), self.services.faults.scenarios)
        with self.services.store.transaction() as transaction:
            order = self.apis[api].add_order(transaction, document)
            if document.get("scenario") is not None and not self.has_scenarios:
                self.has_scenarios = True
                self._save(transaction)
        self._replacements += 1
        return order

    def change_settings(self, settings: WorkspaceSettings) -> None:
        """Change the settings, for all processes that share the store."""
        self.services.settings = settings
        with self.services.store.transaction() as transaction:
            self._save(transaction)

    def set_clock(self, now: datetime | None, *, frozen: bool) -> None:
        """Set the time (None: real time), frozen or running, and run the tasks that are due then."""
        real = datetime.now(UTC)
        now = now or real
        self.services.clock.set(now if frozen else None, timedelta(0) if frozen else now - real)
        with self.services.store.transaction() as transaction:
            self._save(transaction)
        self.refresh()
        self.schedule_delivery(self)

    def advance(self, by: timedelta, deliver: Callable[[], datetime | None]) -> None:
        """Move the clock forward. Tasks and webhooks that fall due on the way are processed in order, each at its time.

        `deliver` sends the due webhooks and returns when the next one is due.
        """
        clock, end = self.services.clock, later(self.services.clock.now(), by)
        upcoming = deliver()
        while True:
            with self.services.store.read_only() as transaction:
                task = transaction.first(TASKS, "due")
            stops = [at for at in (task.at if task else None, upcoming) if at and at <= end]
            if not stops:
                break
            clock.move_to(max(clock.now(), min(stops)))
            if task and task.at <= clock.now():
                self._run(task)
            upcoming = deliver()
        clock.move_to(max(clock.now(), end))
        with self.services.store.transaction() as transaction:
            self._save(transaction)

    def save_snapshot(self, name: str) -> None:
        """Save the state as a snapshot. A snapshot of the same name is replaced."""
        self.refresh()
        with self.services.store.transaction() as transaction:
            self._save(transaction)
        self.database.copy_workspace(self.name, snapshot_of(self.name, name), self.record_types)

    def restore_snapshot(self, name: str) -> None:
        """Restore the state of a snapshot. Request log, faults and deliveries stay."""
        self.database.copy_workspace(snapshot_of(self.name, name), self.name, self.record_types)
        self._reload()

    def revision(self) -> tuple[Any, ...]:
        """Return a value that changes when the state is changed by anything but a request to an API."""
        self.refresh()
        state = replace(self._applied, used="") if self._applied else None  # being used is not a change
        return self._replacements, state, [(fault.id, fault.times, fault.skip) for fault in self.enabled]

    def _reload(self) -> None:
        self._replacements += 1
        with self.services.store.read_only() as transaction:
            self._applied = None
            self._apply(transaction.get(WORKSPACE_STATES, STATE_KEY))

    def _save(self, transaction: Transaction) -> None:
        clock = self.services.clock
        frozen, offset = clock.frozen, clock.offset.total_seconds()
        settings = self.services.settings.to_document()
        instant = write_instant(frozen) if frozen else None
        state = WorkspaceState(STATE_KEY, settings, instant, offset, _real_time(), self.has_scenarios)
        transaction.put(WORKSPACE_STATES, state)
        self._applied = state

    @contextmanager
    def _restored_on_error(self) -> Iterator[None]:
        """Restore settings, clock and ids if the block raises. The store undoes its own changes."""
        services = self.services
        settings, clock, ids = services.settings, services.clock, services.ids.random.getstate()
        frozen, offset, scenarios = clock.frozen, clock.offset, self.has_scenarios
        try:
            yield
        except BaseException:
            services.settings = settings
            clock.set(frozen, offset)
            self.has_scenarios = scenarios
            services.ids.random.setstate(ids)
            raise

    def dump(self) -> dict[str, Any]:
        """Return the state document, which `load` accepts."""
        self.refresh()
        frozen = self.services.clock.frozen
        with self.services.store.read_only() as transaction:
            sections = {name: api.section.dump(transaction) for name, api in self.apis.items()}
        return {
            "clock": write_instant(frozen) if frozen else None,
            "settings": self.services.settings.to_document(),
            **sections,
        }

    def close(self) -> None:
        """Write pending entries of the request log."""
        self.journal.close()


def _real_time() -> str:
    return datetime.now(UTC).isoformat()
