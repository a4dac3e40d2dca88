"""Replacement of the whole state of a workspace: by the initial state, a state document, the template or a snapshot."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from zlib import crc32

from msgspec.structs import replace

from refund_sandbox.core.faults.fault import FAULTS
from refund_sandbox.core.ids import Ids
from refund_sandbox.core.journal.journal import Journal
from refund_sandbox.core.schedule import TASKS
from refund_sandbox.core.webhooks import outbox
from refund_sandbox.core.workspaces.prepared_state import InitialState, StateParts, prepare
from refund_sandbox.core.workspaces.state_document import Document
from refund_sandbox.core.workspaces.template import WorkspaceTemplate
from refund_sandbox.core.workspaces.workspace_state import (
    WORKSPACE_STATES,
    find_state,
    is_stored,
    real_time,
    snapshot_of,
)
from refund_sandbox.stores.protocol import Database, RecordType, Store, Transaction

_ID_RANGES, _IDS_IN_RANGE = 1_000_000, 1000
"""Ranges of ids that `own_ids` chooses from. All ids fit into 32 bits."""


@dataclass
class StateReplacer:
    """Replaces the state of one workspace.

    `initial` is the state that `reset` restores, for a seed. `check` raises BadDocument for a document that does not fit.
    """

    name: str
    store: Store
    database: Database
    ids: Ids
    journal: Journal
    parts: StateParts
    initial: InitialState
    template: WorkspaceTemplate
    check: Callable[[Any], None]

    @property
    def record_types(self) -> list[RecordType[Any]]:
        """Types of the records that the state consists of."""
        of_apis = (record_type for api in self.parts.apis.values() for record_type in api.descriptor.record_types)
        return [WORKSPACE_STATES, TASKS, *of_apis]

    def start(self, check_room: Callable[[], None]) -> None:
        """Continue with the state in the store, or create the initial one. Of several processes, only one creates it."""
        if self.store.is_shared:
            with self.store.read_only() as transaction:
                exists = is_stored(transaction)
            if not exists:
                check_room()
                self.database.open(self.name)  # another process may have deleted its sequences of ids
                self._create_initial()
        elif not self._apply_template():
            self._create_initial()

    def _create_initial(self) -> None:
        """Create the initial state, unless another process was faster."""
        seed = self.template.seed
        self.check(self.initial.document)
        with self.store.exclusive() as transaction:
            if not is_stored(transaction):
                prepared = prepare(self.initial, seed, self.ids.fork(seed), self.parts)
                prepared.replace(transaction, self.record_types)
                self.ids.continue_from(prepared.ids)
        self.template.capture(self.name, self.record_types, self.ids)

    def _apply_template(self, finish: Callable[[Transaction], None] | None = None) -> bool:
        """Copy the template, if there is one."""

        def end(transaction: Transaction) -> None:
            self._replace_epoch(transaction)
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
        self.check(initial.document)
        prepared = prepare(initial, seed, self.ids.fork(seed), self.parts)
        with self.store.exclusive() as transaction:
            find_state(transaction, self.name)  # raises WorkspaceGone: somebody may have deleted the workspace meanwhile
            prepared.replace(transaction, self.record_types)
            self.ids.continue_from(prepared.ids)
            finish(transaction)

    def _skip_ids(self, transaction: Transaction, own_ids: str) -> None:
        """Skip a part of the numbers that records of the APIs get as ids. The part follows from a text."""
        count = (crc32(own_ids.encode()) % _ID_RANGES + 1) * _IDS_IN_RANGE
        for api in self.parts.apis.values():
            for record_type in api.descriptor.record_types:
                if _is_numbered(record_type):
                    transaction.next_ids(record_type, count)

    def load(self, document: Any) -> None:
        """Replace the state by a state document. Raise BadDocument, listing every mistake, and change nothing then."""
        self.check(document)
        with self._fork_of_ids() as ids:
            prepared = prepare(InitialState(document), self.template.seed, ids, self.parts)
        with self.store.exclusive() as transaction:
            find_state(transaction, self.name)  # raises WorkspaceGone: somebody may have deleted the workspace meanwhile
            prepared.replace(transaction, self.record_types)

    def save_snapshot(self, name: str) -> None:
        """Save the state as a snapshot. A snapshot of the same name is replaced."""

        def note_time(transaction: Transaction) -> None:
            transaction.put(WORKSPACE_STATES, replace(find_state(transaction, self.name), used=real_time()))

        self.database.copy_workspace(self.name, snapshot_of(self.name, name), self.record_types, note_time)

    def restore_snapshot(self, name: str) -> None:
        """Restore the state of a snapshot. Request log, faults and deliveries stay."""
        self.database.copy_workspace(snapshot_of(self.name, name), self.name, self.record_types, self._replace_epoch)

    def _replace_epoch(self, transaction: Transaction) -> None:
        """Give a state that was copied an epoch of its own."""
        transaction.put(WORKSPACE_STATES, find_state(transaction, self.name).replaced())

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
