"""What comes in and what goes out, below HTTP."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.engine.spec import Operation
from sandbox.engine.validation import Violation


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `path` is percent-encoded, as sent, without the host; header names are lower-case."""

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

    @property
    def content_type(self) -> str:
        """The media type alone, lower-case: `application/json`; empty when none was sent."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: a JSON value as body, or `text` as it stands."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None

    def to_bytes(self) -> bytes:
        """What goes over the wire."""
        return self.content if self.content is not None else dump(self.body)


def dump(value: Any) -> bytes:
    """Compact JSON in UTF-8. Half a surrogate pair stays escaped; a number beyond JSON's reach is null, as in JavaScript."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        return dump(json.loads(json.dumps(value), parse_constant=lambda _: None))
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode("ascii")
