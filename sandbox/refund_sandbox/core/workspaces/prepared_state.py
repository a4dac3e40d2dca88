"""State that is built in tables of its own, before it replaces the state in a store: nobody waits for it meanwhile."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from refund_sandbox.core.api import Api
from refund_sandbox.core.clock import read_instant, write_instant
from refund_sandbox.core.context import UnitOfWork
from refund_sandbox.core.ids import Ids
from refund_sandbox.core.work_progress import Progress
from refund_sandbox.core.workspaces.state_document import Document, has_scenarios
from refund_sandbox.core.workspaces.workspace_state import WORKSPACE_STATES, WorkspaceState, new_state
from refund_sandbox.stores.memory_transactions import TableBuilder
from refund_sandbox.stores.protocol import RecordType, Transaction
from refund_sandbox.workspace_settings import WorkspaceSettings


class InitialState(NamedTuple):
    """State that workspaces start with: a state document, and a number of fake orders of each API."""

    document: Document
    orders: int = 0


class StateParts(NamedTuple):
    """Parts of a sandbox that a state is built with."""

    apis: Mapping[str, Api]
    base_settings: WorkspaceSettings
    progress: Progress


class PreparedState(NamedTuple):
    """State that is in no store yet. `ids` is the sequence that its ids are from."""

    state: WorkspaceState
    records: TableBuilder
    ids: Ids

    def replace(self, transaction: Transaction, record_types: Iterable[RecordType[Any]]) -> None:
        """Replace all records of a store by those of this state, whose tables belong to the store then."""
        for record_type in record_types:
            transaction.replace(record_type, self.records.table(record_type))
        transaction.put(WORKSPACE_STATES, self.state)


def prepare(initial: InitialState, seed: int, ids: Ids, parts: StateParts) -> PreparedState:
    """Build a state from a document that fits the schema, and fake orders for a seed. Raise BadDocument."""
    document = initial.document
    settings = parts.base_settings.updated(document.get("settings") or {})
    frozen = document.get("clock")
    clock = write_instant(read_instant(frozen)) if frozen else None
    state = new_state(settings.to_document(), clock, scenarios=has_scenarios(document, parts.apis))
    now, records = state.now(), TableBuilder()
    sections = {name: document.get(name) or {} for name in parts.apis}
    with parts.progress.of("orders", _count(sections, initial, parts)):
        for name, api in parts.apis.items():
            work = UnitOfWork(records, now, ids, settings.of(name))
            api.descriptor.state.load(work, _counted(sections[name], parts.progress))
            if initial.orders and api.descriptor.fake:
                for _ in api.descriptor.fake.add_orders(work, initial.orders, seed):
                    parts.progress.done += 1
    return PreparedState(state, records, ids)


def _count(sections: Mapping[str, Document], initial: InitialState, parts: StateParts) -> int:
    """Return the number of orders."""
    given = sum(len(section.get("orders", ())) for section in sections.values())
    return given + initial.orders * sum(api.descriptor.fake is not None for api in parts.apis.values())


def _counted(section: Document, progress: Progress) -> Document:
    """Return a section whose orders are counted when they are read."""
    return {**section, "orders": _CountedList(section["orders"], progress)} if "orders" in section else section


class _CountedList(list[Any]):
    """List whose reading is progress. An API may read it more than once."""

    def __init__(self, entries: Iterable[Any], progress: Progress) -> None:
        super().__init__(entries)
        self._progress = progress
        self._before = progress.done

    def __iter__(self) -> Iterator[Any]:
        for number, entry in enumerate(super().__iter__(), self._before):
            self._progress.done = number
            yield entry
        self._progress.done = self._before + len(self)
