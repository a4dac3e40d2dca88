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
from sandbox.engine.validation import Validator
from sandbox.settings import WorldSettings

Document = Mapping[str, Any]


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

    def run_due(self) -> None:
        """Does what has fallen due since the last call."""
        now = self.services.clock.now()
        while task := self.services.schedule.take_due(now):
            self.apis[task.api].run(task.action, task.subject, task.due)

    def reset(self, seed: int | None = None, document: Document | None = None) -> int:
        """Back to the initial document, or to another; journal and faults are emptied, ids start again from the seed.

        Gives back the seed: the one that the workspace was made with, unless another is named.

        Raises BadDocument for a document that makes no sense, and changes nothing.
        """
        seed = self.seed if seed is None else seed
        with self._undone_on_error():
            self.services.ids.random.seed(seed)
            self.load(self.initial(seed) if document is None else document)
        self.services.faults.clear()
        self.journal.clear()
        return seed

    def load(self, document: Any) -> None:
        """Replaces the world by what a document says. Raises BadDocument, listing every problem, and changes nothing."""
        problems = [Problem(found.pointer, found.message) for found in self.state.violations(document)]
        problems = problems or list(self._unknown_scenarios(document))
        if problems:
            raise BadDocument(problems)
        frozen = document.get("clock")
        with self._undone_on_error(), self.services.store.transaction() as transaction:
            self.services.settings = self.base_settings.updated(document.get("settings") or {})
            self.services.clock.freeze(read_instant(frozen) if frozen else None)
            self.services.schedule.clear()
            transaction.clear()
            for name, api in self.apis.items():
                api.load(transaction, document.get(name) or {})

    def _unknown_scenarios(self, document: Document) -> Iterator[Problem]:
        """The orders whose `scenario` is not in the catalogue."""
        for name in self.apis:
            for index, order in enumerate((document.get(name) or {}).get("orders", [])):
                scenario = order.get("scenario")
                if scenario is not None and scenario not in self.services.faults.catalogue:
                    yield Problem(f"/{name}/orders/{index}/scenario", f"there is no scenario {scenario}")

    @contextmanager
    def _undone_on_error(self) -> Iterator[None]:
        """Settings, clock, planned work and ids as they were, when the block raises; the store undoes itself."""
        services = self.services
        settings, frozen = services.settings, services.clock.frozen
        tasks, ids = services.schedule.tasks, services.ids.random.getstate()
        try:
            yield
        except BaseException:
            services.settings = settings
            services.clock.freeze(frozen)
            services.schedule.tasks = tasks
            services.ids.random.setstate(ids)
            raise

    def dump(self) -> dict[str, Any]:
        """The whole world as a document that `load` takes."""
        self.run_due()
        frozen = self.services.clock.frozen
        with self.services.store.transaction() as transaction:
            sections = {name: api.section.dump(transaction) for name, api in self.apis.items()}
        return {
            "clock": write_instant(frozen) if frozen else None,
            "settings": self.services.settings.to_document(),
            **sections,
        }


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
