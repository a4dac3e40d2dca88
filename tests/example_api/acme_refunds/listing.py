"""What the console, the command line and tests need to see: orders, credentials, and the form of a refund."""

from collections.abc import Mapping, Sequence
from typing import Any

from acme_refunds.lifecycle import MOUNT
from acme_refunds.operations import refunds_of
from acme_refunds.records import ACCOUNTS, CHARGES, REFUNDS, Charge
from refund_sandbox.core.api import ClientRequest, FormField, OrderQuery, RefundRecord, TransactionSummary
from refund_sandbox.stores.protocol import PageQuery, ReadTransaction
from refund_sandbox.stores.query import Condition, Contains, In

STATES = ("paid", "partially_refunded", "refunded")
SEARCHED = "id"
ID_FIELD = "id"
SAMPLES: Mapping[str, Any] = {"charge_id": "ch_demo", "amount": 1000}
OPERATION = "createRefund"
REFUND_RECORD = RefundRecord(REFUNDS.name, "status", "succeeded", "amount")
MINOR_RECORDS: Sequence[str] = ()


def page(transaction: ReadTransaction, query: OrderQuery) -> tuple[list[dict[str, Any]], int]:
    where: list[Condition] = [In("id", (query.id,))] if query.id else []
    where += [Contains("id", query.search)] if query.search else []
    charges, total = transaction.page(CHARGES, PageQuery(query.offset, query.limit, True, tuple(where), "created_at"))
    return [_summary(charge) for charge in charges if query.state in ("", _state(charge))], total


def _summary(charge: Charge) -> dict[str, Any]:
    return {
        "id": charge.id, "customer": "", "amount": charge.amount, "currency": charge.currency, "decimals": 2,
        "paid": charge.amount, "refunded": charge.refunded, "pending": 0, "left": charge.refundable, "state": _state(charge),
        "status": _state(charge), "subscription": None, "scenario": charge.scenario, "created_at": charge.created_at,
    }  # fmt: skip


def _state(charge: Charge) -> str:
    return STATES[0] if not charge.refunded else STATES[1] if charge.refundable else STATES[2]


def transactions(transaction: ReadTransaction, order_id: str) -> list[TransactionSummary]:
    charge = transaction.get(CHARGES, order_id)
    assert charge is not None
    rows = [TransactionSummary(charge.id, "charge", "Charge", charge.amount, "succeeded", charge.created_at)]
    return rows + [
        TransactionSummary(one.id, "refund", "Refund", one.amount, one.status, one.created_at, counts=one.status != "failed")
        for one in refunds_of(transaction, charge)
    ]


def credentials(transaction: ReadTransaction) -> list[dict[str, Any]]:
    return [{"label": one.name, "headers": {"X-Acme-Key": one.key}} for one in transaction.all(ACCOUNTS)]


def quickstart(transaction: ReadTransaction, _settings: Any, url: str) -> str:
    key = next((one.key for one in transaction.all(ACCOUNTS)), "")
    curl = f"curl -H 'X-Acme-Key: {key}' -d '{{\"amount\":100}}' {url}{MOUNT}/charges/ch_demo/refunds"
    return f"Acme Pay       {url}{MOUNT}\n               X-Acme-Key: {key}\n{curl}"


def fields(transaction: ReadTransaction, _settings: Any, order_id: str) -> list[FormField]:
    charge = transaction.get(CHARGES, order_id)
    left = str(charge.refundable) if charge else ""
    return [
        FormField("amount", "amount", value=left, required=True, option="amount"),
        FormField("reason", "text", option="reason"),
    ]


def build_request(transaction: ReadTransaction, _settings: Any, order_id: str, values: Mapping[str, str]) -> ClientRequest:
    amount = values.get("amount", "")
    body: dict[str, Any] = {"amount": int(amount) if amount.isdigit() else amount}
    body |= {"reason": values["reason"]} if values.get("reason") else {}
    headers = {"Content-Type": "application/json", **credentials(transaction)[0]["headers"]}
    return ClientRequest("POST", f"{MOUNT}/charges/{order_id}/refunds", headers, body)
