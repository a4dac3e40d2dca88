"""Journal: the request log of a workspace. Its entries, how they are rendered, and the protocol of its two implementations."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct

from refund_sandbox.core import record_schema
from refund_sandbox.core.clock import write_instant
from refund_sandbox.core.context import Reply, Request
from refund_sandbox.core.faults.fault import Fault
from refund_sandbox.core.redaction import hide_body, hide_headers, hide_url, hide_value
from refund_sandbox.stores.protocol import Change, Transaction

_MAX_BODY_BYTES = 16 * 1024
"""Bytes of a body that the journal stores."""


class JournalEntry(Struct, frozen=True, gc=False):
    """One request with its reply. It holds plain values, since most entries are never rendered."""

    id: int
    at: datetime
    api: str
    operation: str | None
    method: str
    target: str
    order: str | None
    status: int
    microseconds: int
    request_headers: Mapping[str, str]
    request_body: bytes
    reply_headers: Mapping[str, str]
    reply_body: bytes
    warnings: tuple[str, ...]
    faults: tuple[Fault, ...]
    changes: tuple[Change, ...]
    connection: str | None
    size: int
    """Approximate size in bytes, without the changes: they share their records with the ledger."""


class RequestMetadata(Struct, frozen=True, gc=False):
    """Facts of an entry that are neither in the request nor in the reply. `order` is the id of the order as sent."""

    at: datetime
    api: str
    operation: str | None
    order: str | None
    microseconds: int
    warnings: tuple[str, ...]
    faults: tuple[Fault, ...]
    changes: tuple[Change, ...]


def new_entry(entry_id: int, request: Request, reply: Reply, facts: RequestMetadata) -> JournalEntry:
    target = request.path + (f"?{request.query}" if request.query else "")
    request_body, reply_body = request.body[:_MAX_BODY_BYTES], reply.to_bytes()[:_MAX_BODY_BYTES]
    size = 1000 + len(target) + sum(map(len, request.headers.values())) + len(request_body) + len(reply_body)
    return JournalEntry(
        entry_id, facts.at, facts.api, facts.operation, request.method, target, facts.order, reply.status, facts.microseconds,
        request.headers, request_body, reply.headers, reply_body, facts.warnings, facts.faults, facts.changes,
        reply.connection, size,
    )  # fmt: skip


class Journal(Protocol):
    """The last requests of one workspace."""

    def record(self, request: Request, reply: Reply, metadata: RequestMetadata) -> None:
        """Add one request and its reply. The oldest entry is removed if the journal is full."""

    def find(
        self, filters: Mapping[str, Any], *, since: int = 0, before: int | None = None, limit: int = 100
    ) -> list[dict[str, Any]]:
        """Return the newest entries between the ids `since` and `before`, newest first.

        `filters` are api, operation, status and order.
        """

    def get(self, entry_id: int) -> dict[str, Any] | None:
        """Return one entry."""

    def clear(self) -> None:
        """Remove all entries. Ids continue."""

    def clearing(self) -> AbstractContextManager[Callable[[Transaction], None]]:
        """Remove all entries at the end of the block, together with a transaction that is committed in it.

        The value is a function that removes the stored ones in the transaction.
        """

    def close(self) -> None:
        """Write pending entries."""


def render(entry: JournalEntry) -> dict[str, Any]:
    """Return an entry as a document. Secrets are redacted. A JSON body is a value, any other body is text."""
    return {
        "id": entry.id,
        "at": write_instant(entry.at),
        "api": entry.api,
        "operation": entry.operation,
        "method": entry.method,
        "path": hide_url(entry.target),
        "order": entry.order,
        "status": entry.status,
        "duration_ms": entry.microseconds / 1000,
        "request": _render_message(entry.request_headers, entry.request_body),
        "reply": _render_message(entry.reply_headers, entry.reply_body),
        "warnings": list(entry.warnings),
        "faults": [hide_value(fault.describe()) for fault in entry.faults],
        "connection": entry.connection,
        "changes": [_render_change(change) for change in entry.changes if not change.kind.startswith("sandbox.")],
    }


def _render_change(change: Change) -> dict[str, Any]:
    """Return the changed fields of one record of the ledger, before and after a request."""
    before = record_schema.write(change.before) if change.before is not None else {}
    after = record_schema.write(change.after) if change.after is not None else {}
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {
        "record": change.kind,
        "key": change.key,
        "before": hide_value({name: before[name] for name in names if name in before}) if before else None,
        "after": hide_value({name: after[name] for name in names if name in after}) if after else None,
    }


def _render_message(headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    return {"headers": hide_headers(headers), "body": hide_body(body, headers.get("content-type", ""))}
