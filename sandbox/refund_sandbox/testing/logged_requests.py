"""Entries of the request log, and their text in the message of a failed test."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from refund_sandbox.testing.control_client import Client

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
    client: Client = field(repr=False, compare=False)

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
    def is_refund(self) -> bool:
        """Whether the request asks for a refund, booked or not."""
        return bool(self.operation == self._description()["refund_operation"])

    @property
    def refunded(self) -> bool:
        """Whether the request booked a refund."""
        refund = self._description()["refund_record"]
        new = [change["after"] for change in self.changes if change["record"] == refund["record"] and change["before"] is None]
        return any(record.get(refund["field"]) == refund["value"] for record in new)

    def __str__(self) -> str:
        loss = f", lost ({self.connection})" if self.connection else ""
        request = f"#{self.id} {self.method} {self.path} {_short(self.body)}"
        faults = [f"    fault: {fault['scenario'] or fault['id']}" for fault in self.document["faults"]]
        return "\n".join([request, f"    reply {self.status}{loss}: {_short(self.reply)}", *faults, *self._changed()])

    def _changed(self) -> list[str]:
        api = self._description()
        changes = [change for change in self.changes if change["record"] not in api["minor_records"]]
        lines = [f"    {_describe(change, api)}" for change in changes if change["before"] != change["after"]]
        return lines or ["    no changes"]

    def _description(self) -> Mapping[str, Any]:
        return self.client.apis()[self.api]


def read_logged_request(document: Mapping[str, Any], client: Client) -> LoggedRequest:
    """Return an entry from its document in `GET /_sandbox/requests`."""
    names = ("id", "api", "operation", "method", "path", "order", "status", "connection")
    return LoggedRequest(**{name: document[name] for name in names}, document=document, client=client)


def _describe(change: Mapping[str, Any], api: Mapping[str, Any]) -> str:
    record = f"{change['record'].partition('.')[2]} {change['key']}"
    if change["before"] is None:
        return f"new {record}{_amount(change, api['refund_record'])}"
    if change["after"] is None:
        return f"{record} deleted"
    return f"{record}: {', '.join(_steps(change)) or 'unchanged'}"


def _amount(change: Mapping[str, Any], refund: Mapping[str, str]) -> str:
    """Return kind and amount of a new transaction, nothing for other records."""
    if change["record"] != refund["record"]:
        return ""
    kind, amount = change["after"][refund["field"]], change["after"][refund["amount"]]
    return f": {'a refund of' if kind == refund['value'] else f'{kind},'} {amount} minor units"


def _steps(change: Mapping[str, Any]) -> list[str]:
    before, after = change["before"], change["after"]
    names = [name for name in {**before, **after} if not name.endswith("_at")]
    return [f"{name} {_short(before.get(name))} → {_short(after.get(name))}" for name in names]


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_TEXT_CHARS else f"{text[:_MAX_TEXT_CHARS]}…"
