"""Journal in the memory of this process."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any

from refund_sandbox.core.context import Reply, Request
from refund_sandbox.core.journal.journal import BoundedEntries, EntryJson, RequestMetadata, new_entry
from refund_sandbox.stores.protocol import Transaction

_MANY = 500
"""Number of entries after which a thread renders them. Fewer are rendered in no time when somebody reads them."""
_AT_ONCE = 10
"""Number of entries that are rendered while the event loop may have to wait, for less than 1 ms."""
_IDLE_S = 0.05
"""Time without a request after which the thread begins."""


class MemoryJournal:
    """The last `size` requests, of at most `max_bytes` bytes in all. Several threads may read it.

    Entries of a long request log are rendered while no requests come, so that nobody waits for that.
    """

    def __init__(self, size: int, max_bytes: int) -> None:
        self._bounded = BoundedEntries(size, max_bytes)
        self._last_id = 0
        self._renderer: threading.Thread | None = None
        self._closed = False

    def record(self, request: Request, reply: Reply, metadata: RequestMetadata) -> None:
        self._last_id += 1
        self._bounded.append(new_entry(self._last_id, request, reply, metadata))
        if self._last_id % _MANY == 0:
            self._start_renderer()

    def _start_renderer(self) -> None:
        if self._renderer is None or not self._renderer.is_alive():
            self._renderer = threading.Thread(target=self._render_when_idle, name="journal", daemon=True)
            self._renderer.start()

    def _render_when_idle(self) -> None:
        last_id = 0
        while not (self._closed or self._render_until(last_id)):
            last_id = self._last_id
            time.sleep(_IDLE_S)

    def _render_until(self, last_id: int) -> bool:
        """Render all entries. Return False when there is another entry than that with the last id."""
        for number, entry in enumerate(tuple(self._bounded.entries)):  # no other thread runs meanwhile
            if self._last_id != last_id:
                return False
            self._bounded.to_json(entry)
            if number % _AT_ONCE == 0:
                time.sleep(0)  # a request must not wait for all entries
        return self._last_id == last_id

    def find(self, filters: Mapping[str, Any], *, since: int = 0, before: int | None = None, limit: int = 100) -> list[EntryJson]:
        last_id = self._last_id if before is None else before - 1
        newest = list(islice(reversed(self._bounded.entries), max(self._last_id - since, 0)))  # no other thread runs meanwhile
        matches = (entry for entry in newest if since < entry.id <= last_id and (not filters or entry.matches(filters)))
        return [self._bounded.to_json(entry) for entry in islice(matches, limit)]

    def after(self, entry_id: int, limit: int) -> list[EntryJson]:
        newer = list(islice(reversed(self._bounded.entries), max(self._last_id - entry_id, 0)))
        return [self._bounded.to_json(entry) for entry in newer[: -limit - 1 : -1]]

    def get(self, entry_id: int) -> bytes | None:
        found = self.find({}, since=entry_id - 1, before=entry_id + 1, limit=1)
        return found[0].json if found else None

    def dropped(self) -> int:
        return self._bounded.dropped

    def newest_id(self) -> int:
        return self._last_id

    def clear(self) -> None:
        self._bounded.take_all()
        self._bounded.dropped = 0

    @contextmanager
    def clearing(self) -> Iterator[Callable[[Transaction], object]]:
        yield lambda _: None
        self.clear()

    def close(self) -> None:
        """End the thread. Every entry is in memory already."""
        self._closed = True
