"""Journal that also passes each request to an observer. A journal without an observer is not wrapped, and costs nothing more."""

from collections.abc import Callable

from refund_sandbox.core.context import Reply, Request
from refund_sandbox.core.journal.journal import Journal, RequestMetadata

Observer = Callable[[str, Request, Reply, RequestMetadata], None]
"""Function that gets the name of a workspace, and a request with its reply. It must return at once."""


class ObservedJournal:
    """Journal of the workspace `name` with an observer."""

    def __init__(self, name: str, journal: Journal, observe: Observer) -> None:
        self.find, self.after, self.get, self.newest_id = journal.find, journal.after, journal.get, journal.newest_id
        self.dropped = journal.dropped
        self.clear, self.clearing, self.close = journal.clear, journal.clearing, journal.close
        self._name = name
        self._record = journal.record
        self._observe = observe

    def record(self, request: Request, reply: Reply, metadata: RequestMetadata) -> None:
        self._record(request, reply, metadata)
        self._observe(self._name, request, reply, metadata)
