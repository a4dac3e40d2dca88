"""Order summaries, transactions and credentials for the control API, and the quickstart of the start banner."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from refund_sandbox.apis.fluentcart import list_views
from refund_sandbox.apis.fluentcart.records import CUSTOMERS, DECIMALS, ORDERS, SUBSCRIPTIONS, TRANSACTIONS, Order, Transaction
from refund_sandbox.apis.fluentcart.rules import refunds
from refund_sandbox.apis.fluentcart.settings import FluentCartSettings
from refund_sandbox.apis.fluentcart.site_records import USERS, User
from refund_sandbox.apis.fluentcart.versions import RULES
from refund_sandbox.apis.fluentcart.wordpress.auth import has_permission
from refund_sandbox.apis.fluentcart.wordpress.request import NAMESPACE
from refund_sandbox.core.api_views import OrderQuery, TransactionSummary
from refund_sandbox.stores.protocol import PageQuery, ReadTransaction
from refund_sandbox.stores.query import AnyOf, Condition, In

_QUICKSTART_ORDERS = PageQuery(0, 50)
"""The orders that the quickstart searches; a store can hold millions."""
STATES: Sequence[str] = ("paid", "partially_refunded", "refunded", "pending", "failed", "partially_paid")
SEARCHED = "id, invoice, customer, title"
ID_FIELD = "id"
SAMPLES: Mapping[str, Any] = {
    **dict.fromkeys(("order_id", "order"), 1001),
    **dict.fromkeys(("transaction_id", "transaction"), 129237),
    **dict.fromkeys(("subscription_id", "subscription"), 301),
    "amount": 2500,
    "customer_id": 11,
    "action": "change_order_status",
    "order_ids": [1010],
    "cancel_reason": "customer_request",
    "reason": "requested_by_customer",
}
_NO_GATEWAY_REFUND = "The payment gateway returned no money, but the order counts the amount as refunded."
"""The plugin books a refund whatever the gateway replies. Such a refund has no id of the gateway (measured: group 07)."""
_DISPUTED = "The bank of the customer disputes the charge."


def page(transaction: ReadTransaction, query: OrderQuery) -> tuple[list[dict[str, Any]], int]:
    """Return a page of orders by id, payment status and text in id, invoice, customer or titles, newest first."""
    where: list[Condition] = [In("payment_status", (query.state,))] if query.state else []
    if query.id:
        where.append(In("id", _ids(query.id)))
    if query.search:
        where.append(_search(query.search))
    orders, total = transaction.page(ORDERS, PageQuery(query.offset, query.limit, True, tuple(where)))
    return [_summary(transaction, order) for order in orders], total


def _search(text: str) -> Condition:
    ids = _ids(text)
    return AnyOf((In("id", ids), list_views.order_contains(text))) if ids else list_views.order_contains(text)


def _ids(text: str) -> tuple[int, ...]:
    """Return the text as an id, or nothing if it is not a number."""
    return (int(text),) if text.isascii() and text.isdigit() and len(text) < 19 else ()


def credentials(transaction: ReadTransaction) -> list[dict[str, Any]]:
    return [
        {
            "login": user.login,
            "application_password": user.application_password,
            "permissions": user.permissions,
            "label": user.login,
            "headers": auth_headers(user),
        }
        for user in transaction.all(USERS)
    ]


def quickstart(transaction: ReadTransaction, settings: FluentCartSettings, url: str) -> str:
    """Return base URL, credentials of a user who may refund, and a curl command that refunds 1.00."""
    users = transaction.all(USERS)
    user = next((user for user in users if has_permission(user.permissions, "orders/can_refund")), None)
    orders, _ = transaction.page(ORDERS, _QUICKSTART_ORDERS)
    charges = (charge for order in orders for charge in transaction.where(TRANSACTIONS, "order_id", order.id))
    charge = next((charge for charge in charges if refunds.refundable(charge) >= 100), None)
    login = f"{user.login}:{user.application_password}" if user else ""
    base = f"{url}/wp-json{NAMESPACE}"
    lines = [f"FluentCart     {base}", f"               {login}"]
    if charge:
        amount = 100 if RULES[settings.version].minor_units else 1
        body = f'{{"refund_info":{{"transaction_id":{charge.id},"amount":{amount}}}}}'
        command = f"curl -u '{login}' -H 'Content-Type: application/json' -d '{body}'"
        lines.append(f"{command} {base}/orders/{charge.order_id}/refund")
    return "\n".join(lines)


def auth_headers(user: User) -> dict[str, str]:
    """Return the header of Basic authentication with the application password."""
    login = b64encode(f"{user.login}:{user.application_password}".encode()).decode()
    return {"Authorization": f"Basic {login}"}


def transactions(transaction: ReadTransaction, order_id: str) -> list[TransactionSummary]:
    return [_transaction(row) for row in transaction.where(TRANSACTIONS, "order_id", int(order_id))]


def _transaction(row: Transaction) -> TransactionSummary:
    kind = row.transaction_type
    reason = row.meta.get("reason") if isinstance(row.meta, dict) else None
    notes = (row.payment_method, reason and f"reason {reason}", f"transaction {row.id}", row.vendor_charge_id)
    return TransactionSummary(
        id=str(row.id),
        kind="refund" if kind == "refund" else "charge" if kind == "charge" else "other",
        title=kind.replace("_", " ").capitalize(),
        amount=row.total,
        state=row.status,
        at=row.created_at,
        notes=tuple(note for note in notes if note),
        counts=row.is_refund if kind == "refund" else row.status == "succeeded",
        warning=_NO_GATEWAY_REFUND if row.is_refund and not row.vendor_charge_id else _DISPUTED if kind == "dispute" else "",
    )


def _summary(transaction: ReadTransaction, order: Order) -> dict[str, Any]:
    customer = transaction.get(CUSTOMERS, order.customer_id) if order.customer_id else None
    subscriptions = transaction.where(SUBSCRIPTIONS, "parent_order_id", order.id)
    return {
        "id": str(order.id),
        "customer": (customer.full_name or customer.email) if customer else "",
        "amount": order.total_amount,
        "currency": order.currency,
        "decimals": DECIMALS,
        "paid": order.total_paid,
        "refunded": order.total_refund,
        "pending": 0,
        "left": order.total_paid - order.total_refund,
        "state": order.payment_status,
        "status": order.status,
        "subscription": ", ".join(subscription.status for subscription in subscriptions) or None,
        "scenario": order.scenario,
        "created_at": order.created_at,
    }
