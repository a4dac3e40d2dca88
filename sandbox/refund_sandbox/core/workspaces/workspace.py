"""One isolated world: its records, its services, its APIs, and the document that describes all of it."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from refund_sandbox.core import record_schema
from refund_sandbox.core.api import Api, Services
from refund_sandbox.core.clock import later, read_instant, write_instant
from refund_sandbox.core.errors import BadDocument, Problem
from refund_sandbox.core.faults.fault import FAULTS, Fault
from refund_sandbox.core.journal.journal import Journal
from refund_sandbox.core.schedule import TASKS, Task, next_due
from refund_sandbox.core.validation.validator import Validator
from refund_sandbox.core.webhooks import outbox
from refund_sandbox.core.workspaces.template import WorkspaceTemplate
from refund_sandbox.core.workspaces.workspace_state import STATE_KEY, WORKSPACE_STATES, WorkspaceState, snapshot_of
from refund_sandbox.frozen import replace
from refund_sandbox.settings import WorkspaceSettings
from refund_sandbox.stores.protocol import Change, Database, RecordType, Transaction

Document = Mapping[str, Any]


_BETWEEN_NOTES = 60.0
"""Seconds after which it is noted again that a shared world is in use."""


@dataclass
class Workspace:
    """A world with a name. `initial` is the document that `reset` goes back to."""

    name: str
    services: Services
    journal: Journal
    apis: Mapping[str, Api]
    initial: Callable[[int], Document]
    base_settings: WorkspaceSettings
    template: WorkspaceTemplate
    state: Validator
    database: Database
    schedule_delivery: Callable[["Workspace"], None]
    """Tells who delivers webhooks that something may be due."""
    sending: threading.Lock = field(default_factory=threading.Lock)
    """Held by who delivers what is due."""
    enabled: list[Fault] = field(default_factory=list)
    """The faults that were armed when the last call came."""
    has_scenarios: bool = False
    """Whether an order of this world carries a scenario."""
    _seen: WorkspaceState | None = None
    _noted: float = 0
    _replaced: int = 0
    """How often the world was replaced by another one."""

    @property
    def record_types(self) -> list[RecordType[Any]]:
        """Every kind of record that the world consists of."""
        return [WORKSPACE_STATES, TASKS, *(kind for api in self.apis.values() for kind in api.record_types)]

    def refresh(self) -> None:
        """Sees what other processes have changed, and does what has fallen due since the last call."""
        store = self.services.store
        with store.read_only() as transaction:
            if store.shared:
                self._apply(transaction.get(WORKSPACE_STATES, STATE_KEY))
            self.enabled = transaction.all(FAULTS)
            due = next_due(transaction, self.services.clock)
        while due:
            due = self._run(due)
        if store.shared and monotonic() > self._noted + _BETWEEN_NOTES:
            self._note_use()

    def _apply(self, world: WorkspaceState | None) -> None:
        if world and world != self._seen:
            self.services.settings = self.base_settings.updated(world.settings)
            self.services.clock.set(read_instant(world.clock) if world.clock else None, timedelta(seconds=world.offset))
            self.has_scenarios = world.scenarios
            self._seen = world

    def _note_use(self) -> None:
        self._noted = monotonic()
        with self.services.store.transaction() as transaction:
            world = transaction.get(WORKSPACE_STATES, STATE_KEY, for_update=True)
            if world:
                transaction.put(WORKSPACE_STATES, replace(world, used=_real_time()))

    def _run(self, task: Task) -> Task | None:
        """Does a task, unless another process has done it, and finds the next one."""
        with self.services.store.transaction() as transaction:
            if transaction.get(TASKS, task.id, for_update=True):
                transaction.delete(TASKS, task.id)
                self.apis[task.api].run_task(transaction, task.action, task.subject, task.at)
            changes, upcoming = transaction.changes(), next_due(transaction, self.services.clock)
        self.record_changes(changes)
        return upcoming

    def record_changes(self, changes: Iterable[Change]) -> None:
        """Sees to what follows from changes that were kept: webhooks are sent."""
        if outbox.ATTEMPTS.name in [change.kind for change in changes]:
            self.schedule_delivery(self)

    def start(self) -> None:
        """Goes on with the world that the store holds, or makes the first one. Of processes that start together, one makes it."""
        store, world = self.services.store, None
        if store.shared:
            with store.read_only() as transaction:
                world = transaction.get(WORKSPACE_STATES, STATE_KEY)
        if world:
            self._apply(world)
        elif self.template.apply(self):
            self._reload()
        else:
            self._make_first()
        if store.shared:
            self.schedule_delivery(self)  # what was not delivered when the last process stopped

    def _make_first(self) -> None:
        """Makes the first world, or finds that another process was faster."""
        self.services.ids.restart(self.template.seed)
        document = self.initial(self.template.seed)
        self._check(document)
        with self._restored_on_error(), self.services.store.exclusive() as transaction:
            world = transaction.get(WORKSPACE_STATES, STATE_KEY)
            if world is None:
                self._fill(transaction, document)
        self._apply(world)
        self.template.capture(self)

    def reset(self, seed: int | None = None, document: Document | None = None) -> int:
        """Back to the initial document, or to another; journal, faults and deliveries are emptied, ids start again from the seed.

        Gives back the seed: the one that the workspace was made with, unless another is named.

        Raises BadDocument for a document that makes no sense, and changes nothing.
        """
        seed = self.template.seed if seed is None else seed
        from_start = document is None and seed == self.template.seed
        if from_start and self.template.apply(self):
            self._reload()
        else:
            with self._restored_on_error():
                self.services.ids.restart(seed)
                self.load(self.initial(seed) if document is None else document)
            if from_start:
                self.template.capture(self)
        with self.services.store.transaction() as transaction:
            for kind in (FAULTS, *outbox.RECORD_TYPES):
                transaction.clear(kind)
        self.journal.clear()
        return seed

    def load(self, document: Any) -> None:
        """Replaces the world by what a document says. Raises BadDocument, listing every problem, and changes nothing."""
        self._check(document)
        with self._restored_on_error(), self.services.store.exclusive() as transaction:
            self._fill(transaction, document)

    def _check(self, document: Any) -> None:
        problems = [Problem(found.pointer, found.message) for found in self.state.violations(document)]
        problems = problems or list(self._unknown_scenarios(document))
        if problems:
            raise BadDocument(problems)

    def _fill(self, transaction: Transaction, document: Document) -> None:
        frozen = document.get("clock")
        self.services.settings = self.base_settings.updated(document.get("settings") or {})
        self.services.clock.set(read_instant(frozen) if frozen else None)
        transaction.clear(TASKS)
        for name, api in self.apis.items():
            for kind in api.record_types:
                transaction.clear(kind)
            api.load(transaction, document.get(name) or {})
        orders = (order for name in self.apis for order in (document.get(name) or {}).get("orders", []))
        self.has_scenarios = any(order.get("scenario") is not None for order in orders)
        self._save(transaction)
        self._replaced += 1

    def add_order(self, api: str, document: Mapping[str, Any]) -> dict[str, Any]:
        """Adds one order to the world, with all that the document leaves out, and gives it back as in the state document.

        Raises BadDocument for an order that makes no sense, and changes nothing.
        """
        if not self._is_known(document.get("scenario")):
            raise BadDocument([Problem("/scenario", f"there is no scenario {document['scenario']}")])
        with self.services.store.transaction() as transaction:
            order = self.apis[api].add_order(transaction, document)
            if document.get("scenario") is not None and not self.has_scenarios:
                self.has_scenarios = True
                self._save(transaction)
        self._replaced += 1
        return order

    def change_settings(self, settings: WorkspaceSettings) -> None:
        """Another behaviour, for every process that shares the store."""
        self.services.settings = settings
        with self.services.store.transaction() as transaction:
            self._save(transaction)

    def set_clock(self, now: datetime | None, *, frozen: bool) -> None:
        """Another time, None for the real one; it stands still or runs on from there. What fell due by then is done."""
        real = datetime.now(UTC)
        now = now or real
        self.services.clock.set(now if frozen else None, timedelta(0) if frozen else now - real)
        with self.services.store.transaction() as transaction:
            self._save(transaction)
        self.refresh()
        self.schedule_delivery(self)

    def advance(self, by: timedelta, deliver: Callable[[], datetime | None]) -> None:
        """Moves the clock; what falls due on the way is done in order, each at its time.

        `deliver` sends the webhooks that are due and says when the next one is.
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
        """Keeps the world as it is under a name, in place of an older one of that name."""
        self.refresh()
        with self.services.store.transaction() as transaction:
            self._save(transaction)
        self.database.copy(self.name, snapshot_of(self.name, name), self.record_types)

    def restore_snapshot(self, name: str) -> None:
        """Goes back to a kept world; journal, faults and deliveries stay."""
        self.database.copy(snapshot_of(self.name, name), self.name, self.record_types)
        self._reload()

    def revision(self) -> tuple[Any, ...]:
        """Something that is different once the world was changed by others than the two APIs' calls."""
        self.refresh()
        seen = replace(self._seen, used="") if self._seen else None  # being in use is no change
        return self._replaced, seen, [(fault.id, fault.times, fault.skip) for fault in self.enabled]

    def _reload(self) -> None:
        self._replaced += 1
        with self.services.store.read_only() as transaction:
            self._seen = None
            self._apply(transaction.get(WORKSPACE_STATES, STATE_KEY))

    def _save(self, transaction: Transaction) -> None:
        clock = self.services.clock
        frozen, offset = clock.frozen, clock.offset.total_seconds()
        settings = self.services.settings.to_document()
        shown = write_instant(frozen) if frozen else None
        world = WorkspaceState(STATE_KEY, settings, shown, offset, _real_time(), self.has_scenarios)
        transaction.put(WORKSPACE_STATES, world)
        self._seen = world

    def _unknown_scenarios(self, document: Document) -> Iterator[Problem]:
        """The orders whose `scenario` is not in the catalogue."""
        for name in self.apis:
            for index, order in enumerate((document.get(name) or {}).get("orders", [])):
                scenario = order.get("scenario")
                if not self._is_known(scenario):
                    yield Problem(f"/{name}/orders/{index}/scenario", f"there is no scenario {scenario}")

    def _is_known(self, scenario: Any) -> bool:
        return scenario is None or scenario in self.services.faults.scenarios

    @contextmanager
    def _restored_on_error(self) -> Iterator[None]:
        """Settings, clock and ids as they were, when the block raises; the store undoes itself."""
        services = self.services
        settings, clock, ids = services.settings, services.clock, services.ids.random.getstate()
        frozen, offset, has_scenarios = clock.frozen, clock.offset, self.has_scenarios
        try:
            yield
        except BaseException:
            services.settings = settings
            clock.set(frozen, offset)
            self.has_scenarios = has_scenarios
            services.ids.random.setstate(ids)
            raise

    def dump(self) -> dict[str, Any]:
        """The whole world as a document that `load` takes."""
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
        """Writes what is not written yet."""
        self.journal.close()


def _real_time() -> str:
    return datetime.now(UTC).isoformat()


def state_schema(apis: Mapping[str, type[Api]]) -> dict[str, Any]:
    """The JSON Schema of the state document."""
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "clock": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
            "settings": {**record_schema.schema_of(WorkspaceSettings), "type": ["object", "null"]},
            **{name: {**api.section.SCHEMA, "type": ["object", "null"]} for name, api in apis.items()},
        },
    }
