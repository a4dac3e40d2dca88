"""Tables of a workspace in memory, and their lock."""

import threading
from dataclasses import dataclass, field
from typing import Any

from refund_sandbox.stores.protocol import WouldWait, is_on_event_loop
from refund_sandbox.stores.record_types import RecordType
from refund_sandbox.stores.table import Table


@dataclass
class MemoryTables:
    """Tables of one workspace, by record type."""

    tables: dict[str, Table] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def copy_records(self) -> "MemoryTables":
        """Return a copy that shares the records, with indexes to be built."""
        return MemoryTables({name: table.copy_records() for name, table in self.tables.items()})

    def wait_for_lock(self) -> None:
        """Take the lock when another thread releases it. An event loop must not wait: raise WouldWait there."""
        if is_on_event_loop():
            raise WouldWait
        self.lock.acquire()

    def table(self, kind: RecordType[Any]) -> Table:
        """Return the table of a record type."""
        table = self.tables.get(kind.name)
        if table is None:
            table = self.tables[kind.name] = Table(kind)
        return table
