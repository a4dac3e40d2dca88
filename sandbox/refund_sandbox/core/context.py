"""A request (Request), one run of it in one transaction (Context), and its Reply, independent of HTTP servers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

from refund_sandbox.core.faults.fault import Connection, Fault, FaultPoint, Phase, RetryAfterFault
from refund_sandbox.core.faults.fault_store import FaultStore
from refund_sandbox.core.ids import Ids
from refund_sandbox.core.json_writer import dump
from refund_sandbox.core.spec.operation import SpecOperation
from refund_sandbox.core.spec.router import Spec
from refund_sandbox.core.validation.violation import Violations
from refund_sandbox.stores.protocol import Transaction
from refund_sandbox.workspace_settings import Validation

_NO_VIOLATIONS = Violations()
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


class Request(Struct, frozen=True):
    """One HTTP request.

    `path` is percent-encoded, as sent, without the host. Header names are in lower case.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    base_url: str = "http://127.0.0.1:8000"
    oversized: bool = False
    """Whether the body was larger than the limit. `body` is empty then."""

    @property
    def content_type(self) -> str:
        """Media type of the body in lower case, without parameters: `application/json`. Empty if none was sent."""
        return _media_type(self.headers.get("content-type", ""))


@lru_cache(64)
def _media_type(header: str) -> str:
    return header.partition(";")[0].strip().lower()


@dataclass
class UnitOfWork:
    """One transaction of a workspace, and what code of an API needs to change the ledger in it.

    `now` is the time of every change: the clock is read once. `settings` are those of the API.
    """

    transaction: Transaction
    now: datetime
    ids: Ids
    settings: Any
    drafts: list[Any] = field(default_factory=list, init=False)
    """Drafts of the events to emit before the commit, of a type of the API's own."""
    scenarios: tuple[str, ...] = field(default=(), init=False)
    """Scenarios that the request or its order names."""

    def emit(self, draft: Any) -> None:
        """Emit an event before the commit. The API's `build_events` builds it from the draft."""
        self.drafts.append(draft)


@dataclass
class Context(UnitOfWork):
    """One run of a request, from routing to the commit.

    Each API has a subclass with the types of `caller` and `settings`. A request runs again after a wait, and after a conflict
    with another transaction. Each run has a context of its own.
    """

    request: Request
    spec: Spec
    operation: SpecOperation | None
    """Operation at the path, or None."""
    params: Mapping[str, str]
    """Path parameters, decoded."""
    validation: Validation
    faults: FaultStore
    enabled: Sequence[Fault]
    """Enabled faults of the workspace."""
    has_scenarios: bool
    """Whether an order of the workspace names a scenario."""
    max_depth: int
    """Maximum nesting depth of a JSON body. An API may have a lower limit of its own."""
    waited: tuple[Fault, ...] = ()
    """Faults that earlier runs have waited for."""
    earlier: Any = None
    """Records that an `unlocked` request has read: an operation sets them, and the run after the wait gets them."""
    hits: tuple[Fault, ...] = ()
    """Faults that hit the request, in this run and in earlier ones."""
    caller: Any = field(default=None, init=False)
    """Authenticated caller, of a type of the API's own. Set by `authorize_and_parse`."""
    document: Any = field(default=None, init=False)
    """Parsed body. Set by `authorize_and_parse`."""
    violations: Violations = field(default=_NO_VIOLATIONS, init=False)
    """Departures of the document from the spec."""
    warnings: tuple[str, ...] = field(default=(), init=False)
    """Texts of the API about the request, for `X-Sandbox-Warning` and the request log, next to those of `violations`."""
    passed: list[Fault] = field(default_factory=list, init=False)
    """Faults that let the request pass before it was handled, because they skip the first requests."""

    def fault_fields(self) -> Mapping[str, Any]:
        """Return the fields of the request that a fault's `match` is compared with. Tools match an order by `order_id`.

        The default is the fields of the document and the order's id.
        """
        return {**(self.document if isinstance(self.document, Mapping) else {}), "order_id": self.order_id()}

    def warn(self, message: str) -> None:
        """Add a warning for the header `X-Sandbox-Warning` and the request log, without line breaks of a client's text."""
        self.warnings = (*self.warnings, _CONTROLS.sub("?", message))

    @classmethod
    def fault_field_names(cls, operation: SpecOperation) -> frozenset[str]:
        """Return the names that `fault_fields` of requests to an operation can have."""
        return (operation.body.properties() if operation.body else frozenset()) | {"order_id"}

    def order_id(self) -> str | None:
        """Return the id of the order that the request is about, as sent, for the request log."""
        return None

    def order_scenario(self) -> str | None:
        """Return the scenario that the request's order names in the state document."""
        return None

    def claim_fault(self, at: Phase, **fields: Any) -> Fault | None:
        """Return the fault that hits the request in this phase, and count the hit in its transaction.

        `fields` are compared with the fault's `match`, in addition to `fault_fields`.
        Raise RetryAfterFault if the request must wait before the commit.
        """
        if self.operation is None or not (self.enabled or self.scenarios or self.waited):
            return None
        point = FaultPoint(at, self.operation.api, self.operation.operation_id)
        for waited in self.waited:
            if waited.is_at(point):
                return waited
        if not self.faults.could_hit(self.enabled, point, self.scenarios):
            return None
        fields = {**self.fault_fields(), **fields}
        fault = self.faults.claim(self.transaction, self.enabled, point, fields, self.scenarios)
        if fault is None:
            return None
        if fault.has_wait and at != "after":
            raise RetryAfterFault(fault)
        self.note_hit(fault)
        return fault

    def note_passed(self) -> None:
        """Save the faults that have just been counted, for the case that this run is undone."""
        if self.enabled:
            self.passed = [change.after for change in self.transaction.changes() if change.after is not None]

    def note_hit(self, fault: Fault) -> None:
        """Add a fault to `hits`, once per phase even if the request runs several times."""
        if all(fault.id != hit.id or fault.at != hit.at for hit in self.hits):
            self.hits = (*self.hits, fault)


class Reply(Struct, frozen=True):
    """One reply: a JSON value as `body`, or `content` in bytes. `connection` is what happens to the socket instead."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    content: bytes | None = None
    connection: Connection | None = None

    def to_bytes(self) -> bytes:
        """Return the body as it is sent."""
        return self.content if self.content is not None else dump(self.body)
