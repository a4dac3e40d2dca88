"""Order list, transactions, credentials and quick start, for the control API and the start banner."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from refund_sandbox.apis.funnelfox.records import ORDERS, ORGS, SUBSCRIPTIONS, TRANSACTIONS, Order, Org, SecretKey, Transaction
from refund_sandbox.core.api_views import OrderQuery, TransactionSummary
from refund_sandbox.core.json_writer import dump
from refund_sandbox.stores.protocol import PageQuery, ReadTransaction
from refund_sandbox.stores.query import AnyOf, Condition, Contains, EqualsText, In

_EXAMPLE_CANDIDATES = PageQuery(0, 50)
"""Orders from which the quick start chooses its example. A store may hold a million."""
_FAILED_REFUND = "The payment gateway failed to settle this refund. No money was returned; the amount is refundable again."
STATES: Sequence[str] = ("paid", "partially_refunded", "refunded", "authorized", "declined", "cancelled", "processing")
SEARCHED = "order or customer id"
ID_FIELD = "order_id"
SAMPLES: Mapping[str, Any] = {
    "org_id": "your-org-id",
    "external_id": "user_456",
    "order_id": "3c90c3cc-0d44-4b50-8888-8dd25736052a",
    "amount": "4.99",
    "subs_id": "00000000-0000-4000-9000-000000000001",
    "pp_ident": "premium_monthly_999",
    "email": "user@example.test",
    "email_address": "user@example.test",
    "region": "default",
    "integration_type": "primer",
    "payment_method_token": "pm_4242424242424242",
}


def page(transaction: ReadTransaction, query: OrderQuery) -> tuple[list[dict[str, Any]], int]:
    """Return a page of order summaries, newest first, and the number of all matches. `search` matches id and customer."""
    conditions: list[Condition] = [EqualsText("state", query.state)] if query.state else []
    if query.id:
        conditions.append(In("order_id", (query.id.lower(),)))
    if query.search:
        conditions.append(AnyOf((Contains("order_id", query.search), Contains("external_id", query.search))))
    orders, total = transaction.page(ORDERS, PageQuery(query.offset, query.limit, True, tuple(conditions), "created_at"))
    return [_summary(transaction, order) for order in orders], total


def credentials(transaction: ReadTransaction) -> list[dict[str, Any]]:
    """Return the enabled keys of every organisation."""
    return [_credential(org.id, key) for org in transaction.all(ORGS) for key in org.keys if key.enabled]


def _credential(org_id: str, key: SecretKey) -> dict[str, Any]:
    label, headers = f"{key.key} ({key.group})", {"ff-secret-key": key.key}
    return {"org_id": org_id, "key": key.key, "group": key.group, "label": label, "headers": headers}


def transactions(transaction: ReadTransaction, order_id: str) -> list[TransactionSummary]:
    """Return the transactions of an order. Refunds count from their acceptance until they fail."""
    return [_transaction(row) for row in transaction.where(TRANSACTIONS, "order_id", order_id.lower())]


def _transaction(row: Transaction) -> TransactionSummary:
    is_refund = row.psp_transaction_type == "REFUND"
    flags = (row.soft_refund and "soft refund", row.is_fallback and "fallback")
    notes = (row.psp_reason_message, row.reason and f"reason {row.reason}", row.comment, *flags, row.psp)
    return TransactionSummary(
        id=row.trx_id,
        kind="refund" if is_refund else "charge",
        title="Refund" if is_refund else "Charge",
        amount=row.amount,
        state=row.psp_status.lower(),
        at=row.trx_created_at or row.psp_date,
        notes=tuple(note for note in notes if note),
        counts=row.psp_status != "FAILED" if is_refund else row.psp_status == "SETTLED",
        warning=_FAILED_REFUND if is_refund and row.psp_status == "FAILED" else "",
    )


def quickstart(transaction: ReadTransaction, _settings: Any, url: str) -> str:
    """Return the base URL, a key of the first organisation, and a refund of its first refundable order."""
    org = next(iter(transaction.all(ORGS)), Org("{org_id}"))
    orders, _ = transaction.page(ORDERS, _EXAMPLE_CANDIDATES)
    order = next((order for order in orders if _is_example(order, org)), None)
    key = next((key.key for key in org.keys if key.enabled and key.group == "admin"), "")
    base = f"{url}/{quote(org.id, safe='{}')}/v1"
    lines = [f"FunnelFox      {base}", f"               ff-secret-key: {key}"]
    if order:
        body = dump({"external_id": order.external_id, "order_id": order.order_id, "amount": "1"}).decode()
        headers = ("-H", "Content-Type: application/json", "-H", f"ff-secret-key: {key}")
        lines.append(shlex.join(("curl", *headers, "-d", body, f"{base}/payment/refund")))
    return "\n".join(lines)


def _is_example(order: Order, org: Org) -> bool:
    return order.org_id == org.id and order.status == "settled" and order.refundable >= 10**order.decimals


def _summary(transaction: ReadTransaction, order: Order) -> dict[str, Any]:
    paid = order.amount if order.status == "settled" else 0
    subscription = transaction.get(SUBSCRIPTIONS, order.subs_id) if order.subs_id else None
    return {
        "id": order.order_id,
        "customer": order.external_id,
        "amount": order.amount,
        "currency": order.currency_code,
        "decimals": order.decimals,
        "paid": paid,
        "refunded": order.refunded,
        "pending": order.reserved,
        "left": paid - order.refunded - order.reserved,
        "state": order.state,
        "status": order.status,
        "subscription": ", ".join(subscription.status) if subscription else None,
        "scenario": order.scenario,
        "created_at": order.created_at,
    }
