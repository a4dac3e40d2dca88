"""Entries of the request log, and their text in the message of a failed test."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from refund_sandbox.testing.control_client import CallRejected, Client

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
        return bool(self.refund_keys)

    @property
    def refund_keys(self) -> list[Any]:
        """Ids of the refunds that the request booked."""
        refund = self._description()["refund_record"]
        new = [change for change in self.changes if change["record"] == refund["record"] and change["before"] is None]
        return [change["key"] for change in new if is_booked(refund, change["after"])]

    def __str__(self) -> str:
        loss = f", lost ({self.connection})" if self.connection else ""
        request = f"#{self.id} {self.method} {self.path} {_short(self.body)}"
        faults = [f"    fault: {fault['scenario'] or fault['id']}" for fault in self.document["faults"]]
        return "\n".join([request, f"    reply {self.status}{loss}: {_short(self.reply)}", *faults, *self._changed()])

    def _changed(self) -> list[str]:
        api = self._description()
        changes = [change for change in self.changes if change["record"] not in api["minor_records"]]
        lines = [f"    {_describe(change, self._amount(change))}" for change in changes if change["before"] != change["after"]]
        return lines or ["    no changes"]

    def _amount(self, change: Mapping[str, Any]) -> str:
        """Return kind and amount of a new transaction, as the API writes amounts. Nothing for other records."""
        refund = self._description()["refund_record"]
        if change["record"] != refund["record"] or change["before"] is not None:
            return ""
        kind, amount = change["after"][refund["field"]], change["after"][refund["amount"]]
        text = f"{Decimal(amount).scaleb(-self._decimals()):f}" if isinstance(amount, int) else amount
        if kind != refund["value"]:
            return f": {kind}, {text}"
        return f": a refund of {text}" if is_booked(refund, change["after"]) else f": a failed refund of {text}"

    def _decimals(self) -> int:
        """Return the number of decimals that the API writes amounts of this order with: 0 for minor units."""
        try:
            fields = self.client.get(f"/{self.api}/orders/{quote(str(self.order), safe='')}/refund-form")["fields"]
        except CallRejected:  # the order is gone
            return 0
        return next((int(field["decimals"]) for field in fields if field["kind"] == "amount"), 0)

    def _description(self) -> Mapping[str, Any]:
        return self.client.apis()[self.api]


def is_booked(refund: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    """Whether a new record is a booked refund. `refund` is the `refund_record` of the API."""
    is_failed = any(record.get(name) == value for name, value in refund["failed"].items())
    return bool(record.get(refund["field"]) == refund["value"]) and not is_failed


def read_logged_request(document: Mapping[str, Any], client: Client) -> LoggedRequest:
    """Return an entry from its document in `GET /_sandbox/requests`."""
    names = ("id", "api", "operation", "method", "path", "order", "status", "connection")
    return LoggedRequest(**{name: document[name] for name in names}, document=document, client=client)


def _describe(change: Mapping[str, Any], amount: str) -> str:
    record = f"{change['record'].partition('.')[2]} {change['key']}"
    if change["before"] is None:
        return f"new {record}{amount}"
    if change["after"] is None:
        return f"{record} deleted"
    return f"{record}: {', '.join(_steps(change)) or 'unchanged'}"


def _steps(change: Mapping[str, Any]) -> list[str]:
    before, after = change["before"], change["after"]
    names = [name for name in {**before, **after} if not name.endswith("_at")]
    return [step for name in names for step in _differences(name, before.get(name), after.get(name))]


def _differences(name: str, before: Any, after: Any) -> list[str]:
    """Return `name before → after`, for the members of an object that differ. PHP writes an empty object as a list."""
    old, new = before or {}, after or {}
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
        return [f"{name} {_short(before)} → {_short(after)}"]
    members = [member for member in {**old, **new} if old.get(member) != new.get(member)]
    return [f"{name}.{member} {_short(old.get(member))} → {_short(new.get(member))}" for member in members]


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_TEXT_CHARS else f"{text[:_MAX_TEXT_CHARS]}…"
