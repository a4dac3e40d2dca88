"""The ledger for people and tools: the section of the state document, lists, and the form of a refund."""

from collections.abc import Mapping
from typing import Any

from acme_refunds.lifecycle import BASE, KEY
from acme_refunds.records import CHARGES, ENDPOINTS, REFUNDS, Charge, Endpoint, Refund

from refund_sandbox.core.api_views import ClientRequest, FormField, OrderQuery, RefundRecord, TransactionSummary
from refund_sandbox.core.clock import write_instant
from refund_sandbox.core.context import UnitOfWork
from refund_sandbox.core.record_schema import list_schema, read, write
from refund_sandbox.stores.protocol import PageQuery, ReadTransaction
from refund_sandbox.stores.query import Condition, Contains, EqualsText, In

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "endpoints": list_schema(Endpoint),
        "orders": list_schema(Charge, optional=("id",), refunds=list_schema(Refund, optional=("id", "charge"))),
    },
}
STATES, SEARCHED, ID_FIELD = ("paid", "partially_refunded", "refunded"), "id", "id"
SAMPLES: Mapping[str, Any] = {"charge_id": "ch_demo", "amount": 1000}
OPERATION, MINOR_RECORDS = "createRefund", ()
REFUND_RECORD = RefundRecord(REFUNDS.name, "status", "succeeded", "amount")


def load(work: UnitOfWork, section: Mapping[str, Any]) -> None:
    for endpoint in section.get("endpoints", []):
        work.transaction.put(ENDPOINTS, read(Endpoint, endpoint))
    for order in section.get("orders", [{"id": "ch_demo", "amount": 5000}]):
        add_order(work, order)


def add_order(work: UnitOfWork, document: Mapping[str, Any]) -> dict[str, Any]:
    """Add a charge with its refunds. The sum of those that succeeded is computed."""
    charge_id = document.get("id") or f"ch_{work.ids.hex(12)}"
    sent = document.get("refunds", [])
    refunds = [read(Refund, {"id": f"re_{work.ids.hex(12)}", **refund, "charge": charge_id}) for refund in sent]
    refunded = sum(refund.amount for refund in refunds if refund.status == "succeeded")
    fields = {"created_at": write_instant(work.now), **document, "id": charge_id, "refunded": refunded}
    work.transaction.put(CHARGES, read(Charge, fields))
    for refund in refunds:
        work.transaction.put(REFUNDS, refund)
    return find_order(work.transaction, charge_id) or {}


def find_order(transaction: ReadTransaction, order_id: str) -> dict[str, Any] | None:
    charge = transaction.get(CHARGES, order_id)
    return charge and {**write(charge), "refunds": [write(one) for one in transaction.where(REFUNDS, "charge", order_id)]}


def dump(transaction: ReadTransaction) -> dict[str, Any]:
    return {
        "endpoints": [write(endpoint) for endpoint in transaction.all(ENDPOINTS)],
        "orders": [find_order(transaction, charge.id) for charge in transaction.all(CHARGES)],
    }


def page(transaction: ReadTransaction, query: OrderQuery) -> tuple[list[dict[str, Any]], int]:
    where: list[Condition] = [In("id", (query.id,))] if query.id else []
    where += [Contains("id", query.search)] if query.search else []
    where += [EqualsText("state", query.state)] if query.state else []
    charges, total = transaction.page(CHARGES, PageQuery(query.offset, query.limit, True, tuple(where), "created_at"))
    others = {"pending": 0, "decimals": 2, "customer": "", "subscription": None, "scenario": None}
    return [
        {**write(one), **others, "paid": one.amount, "left": one.amount - one.refunded, "state": one.state, "status": one.state}
        for one in charges
    ], total


def transactions(transaction: ReadTransaction, order_id: str) -> list[TransactionSummary]:
    charge = transaction.get(CHARGES, order_id)
    rows = [("charge", charge.id, charge.amount, "succeeded", charge.created_at)] if charge else []
    rows += [("refund", one.id, one.amount, one.status, one.created_at) for one in transaction.where(REFUNDS, "charge", order_id)]
    return [
        TransactionSummary(key, kind, kind.capitalize(), amount, status, at, counts=status != "failed")  # type: ignore[arg-type]
        for kind, key, amount, status, at in rows
    ]


def credentials(_transaction: ReadTransaction) -> list[dict[str, Any]]:
    return [{"label": KEY, "headers": {"X-Acme-Key": KEY}}]


def quickstart(_transaction: ReadTransaction, _settings: Any, url: str) -> str:
    return f"Acme Pay       {url}{BASE}\n               X-Acme-Key: {KEY}"


def fields(transaction: ReadTransaction, _settings: Any, order_id: str) -> list[FormField]:
    charge = transaction.get(CHARGES, order_id)
    left = str(charge.amount - charge.refunded) if charge else ""
    return [FormField("amount", "amount", value=left, option="amount"), FormField("reason", "text", option="reason")]


def build_request(transaction: ReadTransaction, settings: Any, order_id: str, values: Mapping[str, str]) -> ClientRequest:
    amount = values.get("amount") or fields(transaction, settings, order_id)[0].value
    body = {"amount": int(amount) if amount.isdigit() else amount, "reason": values.get("reason", "")}
    return ClientRequest("POST", f"{BASE}/charges/{order_id}/refunds", {"X-Acme-Key": KEY}, body)
