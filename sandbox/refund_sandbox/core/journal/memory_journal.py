"""Journal in the memory of this process."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any

from refund_sandbox.core.context import Reply, Request
from refund_sandbox.core.journal.journal import JournalEntry, RequestMetadata, new_entry, render
from refund_sandbox.stores.protocol import Transaction


class MemoryJournal:
    """The last `size` requests, of at most `max_bytes` bytes in all."""

    def __init__(self, size: int, max_bytes: int) -> None:
        self._entries: deque[JournalEntry] = deque()
        self._size = size
        self._max_bytes = max_bytes
        self._bytes = 0
        self._ids = count(1)

    def record(self, request: Request, reply: Reply, metadata: RequestMetadata) -> None:
        entry = new_entry(next(self._ids), request, reply, metadata)
        self._entries.append(entry)
        self._bytes += entry.size
        while len(self._entries) > self._size or self._bytes > self._max_bytes:
            self._bytes -= self._entries.popleft().size

    def find(
        self, filters: Mapping[str, Any], *, since: int = 0, before: int | None = None, limit: int = 100
    ) -> list[dict[str, Any]]:
        matches: list[dict[str, Any]] = []
        for entry in reversed(self._entries):
            if entry.id <= since or len(matches) == limit:
                break
            if before is not None and entry.id >= before:
                continue
            if all(str(getattr(entry, name)) == str(value) for name, value in filters.items()):
                matches.append(render(entry))
        return matches

    def get(self, entry_id: int) -> dict[str, Any] | None:
        return next((render(entry) for entry in self._entries if entry.id == entry_id), None)

    def clear(self) -> None:
        self._entries.clear()
        self._bytes = 0

    @contextmanager
    def clearing(self) -> Iterator[Callable[[Transaction], None]]:
        yield lambda _: None
        self.clear()

    def close(self) -> None:
        """Do nothing: every entry is in memory already."""
