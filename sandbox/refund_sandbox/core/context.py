"""What comes in and what goes out, below HTTP."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from refund_sandbox.core import json_writer
from refund_sandbox.core.faults.faults import Connection, Fault
from refund_sandbox.core.spec.loader import Operation
from refund_sandbox.core.validation.validator import Violation
from refund_sandbox.stores.protocol import Change


@dataclass
class Context:
    """One request, and what becomes known of it on its way. `path` is percent-encoded, as sent, without the host.

    Header names are lower-case. `scenarios` are the failures that the request or its order names, `waited` the faults that
    have held it already, and `seen` what it had read before an `unlocked` one did. `changes` gathers what it does to the
    ledger, `hits` what hit it.
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
    caller: Any = None
    violations: tuple[Violation, ...] = ()
    scenarios: tuple[str, ...] = ()
    waited: tuple[Fault, ...] = ()
    seen: Any = None
    changes: tuple[Change, ...] = ()
    hits: tuple[Fault, ...] = ()

    def note_hit(self, fault: Fault) -> None:
        """Remembers a fault for the journal, once however often the call runs."""
        if all(fault.id != known.id or fault.at != known.at for known in self.hits):
            self.hits = (*self.hits, fault)

    @property
    def content_type(self) -> str:
        """The media type alone, lower-case: `application/json`; empty when none was sent."""
        return _media_type(self.headers.get("content-type", ""))


@lru_cache(64)
def _media_type(header: str) -> str:
    return header.partition(";")[0].strip().lower()


@dataclass  # not frozen, though nobody changes one: each request makes some, and that would take four times as long
class Reply:
    """One answer: a JSON value as body, or `content` as it stands. `connection` is what happens to the socket instead."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    connection: Connection | None = None

    def to_bytes(self) -> bytes:
        """What goes over the wire."""
        return self.content if self.content is not None else dump(self.body)


_write = json_writer.writer(ensure_ascii=False, allow_nan=False)


def dump(value: Any) -> bytes:
    """Compact JSON in UTF-8. Half a surrogate pair stays escaped; a number beyond JSON's reach is null, as in JavaScript."""
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
