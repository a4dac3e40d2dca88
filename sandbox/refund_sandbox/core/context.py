"""The request being processed (Context) and its reply, independent of HTTP servers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from refund_sandbox.core.faults.fault import Connection, Fault
from refund_sandbox.core.spec.operation import Operation
from refund_sandbox.core.validation.violation import Violation
from refund_sandbox.stores.protocol import Change


@dataclass
class Context:
    """One request, and what the stages of the pipeline find out about it.

    `path` is percent-encoded, as sent, without the host. Header names are in lower case.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    base_url: str = "http://127.0.0.1:8000"
    oversized: bool = False
    operation: Operation | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    document: Any = None
    """Parsed body."""
    caller: Any = None
    """Authenticated caller, of a type of the API's own."""
    violations: tuple[Violation, ...] = ()
    scenarios: tuple[str, ...] = ()
    """Scenarios that the request or its order names."""
    waited: tuple[Fault, ...] = ()
    """Faults that the request has waited for already."""
    earlier_read: Any = None
    """Records that the request had read before an `unlocked` fault made it wait."""
    changes: tuple[Change, ...] = ()
    """Changes to the ledger."""
    hits: tuple[Fault, ...] = ()
    """Faults that hit the request."""

    def note_hit(self, fault: Fault) -> None:
        """Add a fault to `hits`, once per phase even if the request runs several times."""
        if all(fault.id != hit.id or fault.at != hit.at for hit in self.hits):
            self.hits = (*self.hits, fault)

    @property
    def content_type(self) -> str:
        """Media type of the body in lower case, without parameters: `application/json`. Empty if none was sent."""
        return _media_type(self.headers.get("content-type", ""))


@lru_cache(64)
def _media_type(header: str) -> str:
    return header.partition(";")[0].strip().lower()


@dataclass  # not frozen: creating a frozen one takes four times as long, and each request creates several
class Reply:
    """One reply: a JSON value as `body`, or `content` in bytes. `connection` is what happens to the socket instead."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    connection: Connection | None = None

    def to_bytes(self) -> bytes:
        """Return the body as it is sent."""
        return self.content if self.content is not None else dump(self.body)


_write = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")).encode


def dump(value: Any) -> bytes:
    """Return compact JSON in UTF-8. A lone surrogate stays escaped. Infinity and NaN become null, as in JavaScript."""
    if value == {}:
        return b"{}"
    try:
        text = _write(value)
    except ValueError:
        return dump(json.loads(json.dumps(value), parse_constant=lambda _: None))
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode("ascii")
