"""One isolated world: its records, its services, its APIs, and the document that describes all of it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sandbox.engine import records
from sandbox.engine.api import Api, Services
from sandbox.engine.clock import read_instant, write_instant
from sandbox.engine.errors import BadDocument, Problem
from sandbox.engine.journal import Journal
from sandbox.engine.schedule import TASKS, Task, next_due
from sandbox.engine.validation import Validator
from sandbox.engine.webhooks import DELIVERIES
from sandbox.settings import WorldSettings
from sandbox.stores import Kind, Transaction

Document = Mapping[str, Any]


@dataclass(frozen=True)
class World:
    """What of a workspace belongs to no API: its settings, and where its clock stands still."""

    name: str
    settings: dict[str, Any]
    clock: str | None


WORLD = "world"
WORLDS = Kind("sandbox.world", World, "name")


@dataclass
class Workspace:
    """A world with a name. `initial` is the document that `reset` goes back to."""

    name: str
    services: Services
    journal: Journal
    apis: Mapping[str, Api]
    initial: Callable[[int], Document]
    base_settings: WorldSettings
    seed: int
    state: Validator
    _seen: World | None = None

    def refresh(self) -> None:
        """Sees what other processes have changed, and does what has fallen due since the last call."""
        store, due = self.services.store, None
        with store.reading() as transaction:
            if store.shared:
                self._see(transaction.get(WORLDS, WORLD))
            due = next_due(transaction, self.services.clock.now())
        while due:
            due = self._run(due)

    def _see(self, world: World | None) -> None:
        if world and world != self._seen:
            self.services.settings = self.base_settings.updated(world.settings)
            self.services.clock.freeze(read_instant(world.clock) if world.clock else None)
            self._seen = world

    def _run(self, task: Task) -> Task | None:
        """Does a task, unless another process has done it, and finds the next one."""
        with self.services.store.transaction() as transaction:
            if transaction.get(TASKS, task.id, for_update=True):
                transaction.delete(TASKS, task.id)
                self.apis[task.api].run(transaction, task.action, task.subject, task.at)
            return next_due(transaction, self.services.clock.now())

    def start(self) -> None:
        """Goes on with the world that the store holds, or makes the first one. Of processes that start together, one makes it."""
        store, world = self.services.store, None
        if store.shared:
            with store.reading() as transaction:
                world = transaction.get(WORLDS, WORLD)
        self._see(world or self._make_first())

    def _make_first(self) -> World | None:
        """Makes the first world, or finds that another process was faster."""
        self.services.ids.restart(self.seed)
        document = self.initial(self.seed)
        self._check(document)
        with self._undone_on_error(), self.services.store.alone() as transaction:
            world = transaction.get(WORLDS, WORLD)
            if world is None:
                self._fill(transaction, document)
        return world

    def reset(self, seed: int | None = None, document: Document | None = None) -> int:
        """Back to the initial document, or to another; journal and faults are emptied, ids start again from the seed.

        Gives back the seed: the one that the workspace was made with, unless another is named.

        Raises BadDocument for a document that makes no sense, and changes nothing.
        """
        seed = self.seed if seed is None else seed
        with self._undone_on_error():
            self.services.ids.restart(seed)
            self.load(self.initial(seed) if document is None else document)
        self.services.faults.clear()
        self.journal.clear()
        return seed

    def load(self, document: Any) -> None:
        """Replaces the world by what a document says. Raises BadDocument, listing every problem, and changes nothing."""
        self._check(document)
        with self._undone_on_error(), self.services.store.transaction() as transaction:
            self._fill(transaction, document)

    def _check(self, document: Any) -> None:
        problems = [Problem(found.pointer, found.message) for found in self.state.violations(document)]
        problems = problems or list(self._unknown_scenarios(document))
        if problems:
            raise BadDocument(problems)

    def _fill(self, transaction: Transaction, document: Document) -> None:
        frozen = document.get("clock")
        self.services.settings = self.base_settings.updated(document.get("settings") or {})
        self.services.clock.freeze(read_instant(frozen) if frozen else None)
        transaction.clear(TASKS)
        transaction.clear(DELIVERIES)
        for name, api in self.apis.items():
            for kind in api.kinds:
                transaction.clear(kind)
            api.load(transaction, document.get(name) or {})
        self._keep(transaction)

    def change_settings(self, settings: WorldSettings) -> None:
        """Another behaviour, for every process that shares the store."""
        self.services.settings = settings
        with self.services.store.transaction() as transaction:
            self._keep(transaction)

    def _keep(self, transaction: Transaction) -> None:
        frozen = self.services.clock.frozen
        world = World(WORLD, self.services.settings.to_document(), write_instant(frozen) if frozen else None)
        transaction.put(WORLDS, world)
        self._seen = world

    def _unknown_scenarios(self, document: Document) -> Iterator[Problem]:
        """The orders whose `scenario` is not in the catalogue."""
        for name in self.apis:
            for index, order in enumerate((document.get(name) or {}).get("orders", [])):
                scenario = order.get("scenario")
                if scenario is not None and scenario not in self.services.faults.catalogue:
                    yield Problem(f"/{name}/orders/{index}/scenario", f"there is no scenario {scenario}")

    @contextmanager
    def _undone_on_error(self) -> Iterator[None]:
        """Settings, clock and ids as they were, when the block raises; the store undoes itself."""
        services = self.services
        settings, frozen, ids = services.settings, services.clock.frozen, services.ids.random.getstate()
        try:
            yield
        except BaseException:
            services.settings = settings
            services.clock.freeze(frozen)
            services.ids.random.setstate(ids)
            raise

    def dump(self) -> dict[str, Any]:
        """The whole world as a document that `load` takes."""
        self.refresh()
        frozen = self.services.clock.frozen
        with self.services.store.reading() as transaction:
            sections = {name: api.section.dump(transaction) for name, api in self.apis.items()}
        return {
            "clock": write_instant(frozen) if frozen else None,
            "settings": self.services.settings.to_document(),
            **sections,
        }

    def close(self) -> None:
        """Writes what is not written yet and lets go of the store."""
        self.journal.close()
        self.services.store.close()


def state_schema(apis: Mapping[str, type[Api]]) -> dict[str, Any]:
    """The JSON Schema of the state document."""
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "clock": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
            "settings": {**records.schema_of(WorldSettings), "type": ["object", "null"]},
            **{name: {**api.section.SCHEMA, "type": ["object", "null"]} for name, api in apis.items()},
        },
    }
