"""Remembers the last requests and what was answered, bounded, without secrets."""

from collections import deque
from collections.abc import Mapping
from datetime import datetime
from itertools import count
from typing import Any, NamedTuple

from sandbox.engine.clock import write_instant
from sandbox.engine.errors import BadDocument
from sandbox.engine.messages import Call, Reply
from sandbox.engine.text import read_json

_SECRETS = frozenset(("authorization", "ff-secret-key", "cookie", "x-wp-nonce", "proxy-authorization"))
_MAX_BODY = 16 * 1024


class Entry(NamedTuple):
    """One request with its answer. A tuple of plain values: cheap to keep, rendered only when it is read."""

    id: int
    at: datetime
    api: str
    operation: str | None
    method: str
    target: str
    order: str | None
    status: int
    microseconds: int
    request_headers: tuple[tuple[str, str], ...]
    request_body: bytes
    reply_headers: tuple[tuple[str, str], ...]
    reply_body: bytes
    warnings: tuple[str, ...]


class Circumstances(NamedTuple):
    """What a request and its answer don't say themselves."""

    at: datetime
    api: str
    order: str | None
    microseconds: int
    warnings: tuple[str, ...]


class Journal:
    """The last `size` requests of one workspace, newest first when read."""

    def __init__(self, size: int) -> None:
        self._entries: deque[Entry] = deque(maxlen=size)
        self._ids = count(1)

    def record(self, call: Call, reply: Reply, about: Circumstances) -> None:
        """Keeps one request and its answer; the oldest one goes when there is no room."""
        entry = Entry(
            next(self._ids), about.at, about.api, call.operation.operation_id if call.operation else None, call.method,
            call.path + (f"?{call.query}" if call.query else ""), about.order, reply.status, about.microseconds,
            tuple(call.headers.items()), call.body[:_MAX_BODY],
            tuple(reply.headers.items()), reply.to_bytes()[:_MAX_BODY], about.warnings,
        )  # fmt: skip
        self._entries.append(entry)

    def find(self, wanted: Mapping[str, Any], *, since: int = 0, limit: int = 100) -> list[dict[str, Any]]:
        """The newest entries whose api, operation, status and order are the wanted ones, with an id above `since`."""
        found: list[dict[str, Any]] = []
        for entry in reversed(self._entries):
            if entry.id <= since or len(found) == limit:
                break
            if all(str(getattr(entry, name)) == str(value) for name, value in wanted.items()):
                found.append(render(entry))
        return found

    def get(self, entry_id: int) -> dict[str, Any] | None:
        """One entry by its id."""
        return next((render(entry) for entry in self._entries if entry.id == entry_id), None)

    def clear(self) -> None:
        """Forgets all; ids go on."""
        self._entries.clear()


def render(entry: Entry) -> dict[str, Any]:
    """An entry as a document. Secrets are replaced; a body that is JSON is shown as such, another as text."""
    return {
        "id": entry.id,
        "at": write_instant(entry.at),
        "api": entry.api,
        "operation": entry.operation,
        "method": entry.method,
        "path": entry.target,
        "order": entry.order,
        "status": entry.status,
        "duration_ms": entry.microseconds / 1000,
        "request": {"headers": _redact(entry.request_headers), "body": _readable(entry.request_body)},
        "reply": {"headers": dict(entry.reply_headers), "body": _readable(entry.reply_body)},
        "warnings": list(entry.warnings),
    }


def _redact(headers: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return {name: "***" if name in _SECRETS else value for name, value in headers}


def _readable(body: bytes) -> Any:
    text = body.decode("utf-8", "replace")
    try:
        return read_json(text) if text else None
    except BadDocument:
        return text
