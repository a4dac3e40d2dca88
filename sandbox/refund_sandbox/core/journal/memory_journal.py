"""Journal in the memory of this process."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any

from refund_sandbox.core.context import Reply, Request
from refund_sandbox.core.journal.journal import BoundedEntries, EntryJson, RequestMetadata, new_entry
from refund_sandbox.stores.protocol import Transaction


class MemoryJournal:
    """The last `size` requests, of at most `max_bytes` bytes in all. Several threads may read it."""

    def __init__(self, size: int, max_bytes: int) -> None:
        self._bounded = BoundedEntries(size, max_bytes)
        self._last_id = 0

    def record(self, request: Request, reply: Reply, metadata: RequestMetadata) -> None:
        self._last_id += 1
        self._bounded.append(new_entry(self._last_id, request, reply, metadata))

    def find(self, filters: Mapping[str, Any], *, since: int = 0, before: int | None = None, limit: int = 100) -> list[EntryJson]:
        newest = list(islice(reversed(self._bounded.entries), max(self._last_id - since, 0)))  # no other thread runs meanwhile
        matches = (
            entry for entry in newest if entry.id > since and (before is None or entry.id < before) and entry.matches(filters)
        )
        return [self._bounded.to_json(entry) for entry in islice(matches, limit)]

    def after(self, entry_id: int, limit: int) -> list[EntryJson]:
        newer = list(islice(reversed(self._bounded.entries), max(self._last_id - entry_id, 0)))
        return [self._bounded.to_json(entry) for entry in newer[: -limit - 1 : -1]]

    def get(self, entry_id: int) -> bytes | None:
        found = self.find({}, since=entry_id - 1, before=entry_id + 1, limit=1)
        return found[0].json if found else None

    def newest_id(self) -> int:
        return self._last_id

    def clear(self) -> None:
        self._bounded.take_all()

    @contextmanager
    def clearing(self) -> Iterator[Callable[[Transaction], None]]:
        yield lambda _: None
        self.clear()

    def close(self) -> None:
        """Do nothing: every entry is in memory already."""
