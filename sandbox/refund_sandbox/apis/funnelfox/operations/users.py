"""Users: assets, payments, transactions, search and email addresses."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from refund_sandbox.apis.funnelfox import errors, rendering
from refund_sandbox.apis.funnelfox.bookkeeping import price_point_of, sales_of
from refund_sandbox.apis.funnelfox.context import FunnelFoxContext
from refund_sandbox.apis.funnelfox.records import (
    ONEOFFS,
    ORDERS,
    PRICE_POINTS,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    USERS,
    Order,
    Transaction,
    User,
)
from refund_sandbox.apis.funnelfox.rules import refunds
from refund_sandbox.apis.funnelfox.timestamps import read_time
from refund_sandbox.apis.funnelfox.webhooks import EventDraft
from refund_sandbox.core.clock import read_instant
from refund_sandbox.core.context import Reply
from refund_sandbox.stores.protocol import ReadTransaction

# Assumed: the API refuses the placeholders that the dashboard refuses (documented).
_PLACEHOLDER_END, _PLACEHOLDER_START = "example@example.com", "FIXME@"

DatedRow = tuple[datetime, Order, Transaction]


def list_assets(context: FunnelFoxContext) -> Reply:
    """POST /my_assets. Assumed: expired assets are listed, and an unknown user gets empty lists (facts §3.6)."""
    external_id, transaction = context.document["external_id"], context.transaction
    subscriptions = [
        rendering.subscription(subscription, price_point_of(transaction, subscription))
        for subscription in transaction.where(SUBSCRIPTIONS, "external_id", external_id)
        if subscription.org_id == context.org_id
    ]
    oneoffs = [
        rendering.oneoff(oneoff, transaction.get(PRICE_POINTS, oneoff.pp_ident))
        for oneoff in transaction.where(ONEOFFS, "external_id", external_id)
        if oneoff.org_id == context.org_id
    ]
    return Reply({"subscriptions": subscriptions, "oneoffs": oneoffs})


def list_payments(context: FunnelFoxContext) -> Reply:
    """POST /payments_history: settled orders. Assumed: without those of free trials."""
    orders = context.transaction.where(ORDERS, "external_id", context.document["external_id"])
    settled = [order for order in orders if (order.org_id, order.status) == (context.org_id, "settled") and order.amount]
    return Reply({"payments": [_payment(context.transaction, order) for order in settled]})


def _payment(transaction: ReadTransaction, order: Order) -> dict[str, Any]:
    sale = refunds.settled_sale(sales_of(transaction, order))
    return rendering.payment(order, sale, transaction.get(PRICE_POINTS, order.pp_ident))


def report_transactions(context: FunnelFoxContext) -> Reply:
    """POST /transaction_report: transactions created after a date.

    Assumed: oldest first. A page is longer than its limit if more rows have the time of its last row. That time then
    begins the next page without a gap.
    """
    document = context.document
    since, limit = read_instant(document["last_transaction_date"]), int(document.get("limit", 100))
    rows = [row for row in _dated_rows(context.transaction, context.org_id, document) if row[0] > since]
    rows.sort(key=lambda row: row[0])
    if len(rows) > limit:
        last_time = rows[limit - 1][0]
        rows = [row for row in rows if row[0] <= last_time]
    return Reply({"transactions": [rendering.transaction(row, order) for _, order, row in rows]})


def _dated_rows(transaction: ReadTransaction, org_id: str, document: Mapping[str, Any]) -> Iterator[DatedRow]:
    filters = {name: document[name].lower() for name in ("subs_id", "order_id", "oneoff_id") if document.get(name)}
    for order in _candidate_orders(transaction, filters):
        if order.org_id == org_id and all(getattr(order, name) == value for name, value in filters.items()):
            for row in transaction.where(TRANSACTIONS, "order_id", order.order_id):
                yield read_time(row.trx_created_at), order, row


def _candidate_orders(transaction: ReadTransaction, filters: Mapping[str, str]) -> list[Order]:
    if "order_id" in filters:
        order = transaction.get(ORDERS, filters["order_id"])
        return [order] if order else []
    if "subs_id" in filters:
        return transaction.where(ORDERS, "subs_id", filters["subs_id"])
    return transaction.all(ORDERS)


def search_users(context: FunnelFoxContext) -> Reply:
    """POST /search_users: by external_id or a part of the email address, in any case. Assumed: the whole operation."""
    query, limit = context.document["query"], int(context.document.get("limit", 100))
    users = [user for user in context.transaction.all(USERS) if user.external_id == query or _has_email(user, query.lower())]
    return Reply({"users": [rendering.user(user) for user in users[:limit]]})


def _has_email(user: User, text: str) -> bool:
    return any(text in email.lower() for email in (user.email, *user.email_aliases))


def update_email(context: FunnelFoxContext) -> Reply:
    """POST /user/update_email. Assumed: the previous address becomes an alias."""
    email = context.document["email_address"]
    if email.endswith(_PLACEHOLDER_END) or email.startswith(_PLACEHOLDER_START):
        raise errors.invalid_field("email_address", "A placeholder is no email address.")
    user = context.transaction.get(USERS, context.document["external_id"], for_update=True)
    if user is None:
        raise errors.user_not_found()
    aliases = [alias for alias in (*user.email_aliases, user.email) if alias and alias != email]
    context.transaction.put(USERS, replace(user, email=email, email_aliases=list(dict.fromkeys(aliases))))
    context.emit(EventDraft("user/update_email", context.org_id, user.external_id))
    return Reply({})
