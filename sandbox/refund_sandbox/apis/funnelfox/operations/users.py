"""Answers what there is to know about users: assets, payments, transactions; and changes their email address."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from refund_sandbox.apis.funnelfox import errors, parsing, rendering
from refund_sandbox.apis.funnelfox.operations.charging import Billing
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
from refund_sandbox.apis.funnelfox.webhooks import News
from refund_sandbox.core.clock import read_instant
from refund_sandbox.core.context import Context, Reply
from refund_sandbox.frozen import replace
from refund_sandbox.stores.protocol import Transaction as StoreTransaction

# Assumed: the dashboard refuses these (documented), and so does the API.
_PLACEHOLDERS = ("example@example.com", "FIXME@")

Row = tuple[datetime, Order, Transaction]


class Information(Billing):
    """What is listed, and the email address."""

    def list_assets(self, context: Context) -> Reply:
        """POST /my_assets. Assumed: what is over is listed too, and nobody is an empty list (facts §3.6)."""
        external_id, org_id = self._read(context)["external_id"], context.params["org_id"]
        with self._services.store.read_only() as transaction:
            held = transaction.where(SUBSCRIPTIONS, "external_id", external_id)
            bought = transaction.where(ONEOFFS, "external_id", external_id)
            return Reply(
                {
                    "subscriptions": [
                        rendering.subscription(one, self._point_of(transaction, one)) for one in held if one.org_id == org_id
                    ],
                    "oneoffs": [
                        rendering.oneoff(one, transaction.get(PRICE_POINTS, one.pp_ident))
                        for one in bought
                        if one.org_id == org_id
                    ],
                }
            )

    def list_payments(self, context: Context) -> Reply:
        """POST /payments_history: orders that were paid. Assumed: a free trial is none."""
        external_id, org_id = self._read(context)["external_id"], context.params["org_id"]
        with self._services.store.read_only() as transaction:
            orders = transaction.where(ORDERS, "external_id", external_id)
            paid = [order for order in orders if (order.org_id, order.status) == (org_id, "settled") and order.amount]
            return Reply({"payments": [self._payment(transaction, order) for order in paid]})

    def _payment(self, transaction: StoreTransaction, order: Order) -> dict[str, Any]:
        sale = refunds.settled_sale(self._sales(transaction, order))
        return rendering.payment(order, sale, transaction.get(PRICE_POINTS, order.pp_ident))

    def report_transactions(self, context: Context) -> Reply:
        """POST /transaction_report: created after a date, oldest first.

        Assumed: the direction; and a page goes on for as long as its last rows have the same time, so that the last one's
        leads to the next page without a gap.
        """
        wanted = self._read(context)
        since, limit = read_instant(wanted["last_transaction_date"]), int(wanted.get("limit", 100))
        with self._services.store.read_only() as transaction:
            found = [row for row in self._rows(transaction, context.params["org_id"], wanted) if row[0] > since]
        found.sort(key=lambda row: row[0])
        if len(found) > limit:
            last = found[limit - 1][0]
            found = [row for row in found if row[0] <= last]
        return Reply({"transactions": [rendering.transaction(row, order) for _, order, row in found]})

    def _rows(self, transaction: StoreTransaction, org_id: str, wanted: Mapping[str, Any]) -> Iterator[Row]:
        filters = {name: wanted[name].lower() for name in ("subs_id", "order_id", "oneoff_id") if wanted.get(name)}
        for order in self._orders(transaction, filters):
            if order.org_id == org_id and all(getattr(order, name) == value for name, value in filters.items()):
                for row in transaction.where(TRANSACTIONS, "order_id", order.order_id):
                    yield parsing.read_time(row.trx_created_at), order, row

    def _orders(self, transaction: StoreTransaction, filters: Mapping[str, str]) -> list[Order]:
        if "order_id" in filters:
            order = transaction.get(ORDERS, filters["order_id"])
            return [order] if order else []
        if "subs_id" in filters:
            return transaction.where(ORDERS, "subs_id", filters["subs_id"])
        return transaction.all(ORDERS)

    def search_users(self, context: Context) -> Reply:
        """POST /search_users: by the whole external_id, or a part of the email address in any case. Assumed: all of it."""
        wanted = self._read(context)
        with self._services.store.read_only() as transaction:
            found = [user for user in transaction.all(USERS) if _fits(user, wanted["query"])]
        return Reply({"users": [rendering.user(user) for user in found[: int(wanted.get("limit", 100))]]})

    def update_email(self, context: Context) -> Reply:
        """POST /user/update_email. Assumed: the address before stays as an alias."""
        document = self._read(context)
        email = document["email_address"]
        if email.endswith(_PLACEHOLDERS[0]) or email.startswith(_PLACEHOLDERS[1]):
            raise errors.invalid_field("email_address", "A placeholder is no email address.")
        with self.transaction(context) as transaction:
            user = transaction.get(USERS, document["external_id"], for_update=True)
            if user is None:
                raise errors.user_not_found()
            others = [alias for alias in (*user.email_aliases, user.email) if alias and alias != email]
            transaction.put(USERS, replace(user, email=email, email_aliases=list(dict.fromkeys(others))))
            self._tell(transaction, News("user", "update_email", context.params["org_id"], user.external_id))
        return Reply({})


def _fits(user: User, query: str) -> bool:
    return user.external_id == query or any(query.lower() in email.lower() for email in (user.email, *user.email_aliases))
