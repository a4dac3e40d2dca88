"""Entries of the request log, and their text in the message of a failed test."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_REFUNDS = {"funnelfox.transaction": ("psp_transaction_type", "REFUND"), "fluentcart.transaction": ("transaction_type", "refund")}
_OMITTED = ("fluentcart.activity", "fluentcart.customer", "fluentcart.item")
"""Records that change with every refund and explain nothing."""
_MAX_TEXT_CHARS = 300


@dataclass(frozen=True)
class LoggedRequest:
    """Request with its reply. `document` is the whole entry; `connection` is the fault that lost the reply, or None."""

    id: int
    api: str
    operation: str | None
    method: str
    path: str
    order: str | None
    status: int
    connection: str | None
    document: Mapping[str, Any]

    @property
    def body(self) -> Any:
        """Body of the request: the decoded document, or text."""
        return self.document["request"]["body"]

    @property
    def reply(self) -> Any:
        """Body of the reply, even if the reply was lost."""
        return self.document["reply"]["body"]

    @property
    def changes(self) -> list[Mapping[str, Any]]:
        """Changes in the ledger: `{"record", "key", "before", "after"}` with the fields that differ."""
        changes: list[Mapping[str, Any]] = self.document["changes"]
        return changes

    @property
    def refunded(self) -> bool:
        """Whether the request booked a refund."""
        return any(_is_refund(change) for change in self.changes)

    def __str__(self) -> str:
        loss = f", lost ({self.connection})" if self.connection else ""
        request = f"#{self.id} {self.method} {self.path} {_short(self.body)}"
        faults = [f"    fault: {fault['scenario'] or fault['id']}" for fault in self.document["faults"]]
        return "\n".join([request, f"    reply {self.status}{loss}: {_short(self.reply)}", *faults, *self._changed()])

    def _changed(self) -> list[str]:
        changes = [change for change in self.changes if change["record"] not in _OMITTED and change["before"] != change["after"]]
        return [f"    {_describe(change)}" for change in changes] or ["    no changes"]


def read_logged_request(document: Mapping[str, Any]) -> LoggedRequest:
    """An entry from its document in `GET /_sandbox/requests`."""
    names = ("id", "api", "operation", "method", "path", "order", "status", "connection")
    return LoggedRequest(**{name: document[name] for name in names}, document=document)


def _is_refund(change: Mapping[str, Any]) -> bool:
    name, value = _REFUNDS.get(change["record"], ("", None))
    return change["before"] is None and bool(name) and change["after"].get(name) == value


def _describe(change: Mapping[str, Any]) -> str:
    record = f"{change['record'].partition('.')[2]} {change['key']}"
    if change["before"] is None:
        new = change["after"]
        amount = new.get("amount", new.get("total"))
        return f"new {record}" if amount is None else f"new {record}: {_kind(new)}of {amount} minor units"
    if change["after"] is None:
        return f"{record} deleted"
    return f"{record}: {', '.join(_steps(change)) or 'unchanged'}"


def _kind(transaction: Mapping[str, Any]) -> str:
    kind = transaction.get("psp_transaction_type", transaction.get("transaction_type", ""))
    return f"a {kind.lower()} " if kind else ""


def _steps(change: Mapping[str, Any]) -> list[str]:
    before, after = change["before"], change["after"]
    names = [name for name in {**before, **after} if not name.endswith("_at")]
    return [f"{name} {_short(before.get(name))} → {_short(after.get(name))}" for name in names]


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_TEXT_CHARS else f"{text[:_MAX_TEXT_CHARS]}…"
