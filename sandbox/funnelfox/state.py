"""The `funnelfox` section of the state document: its schema, and how it is written from the records."""

from collections.abc import Mapping
from typing import Any

from sandbox.engine import records
from sandbox.engine.money import to_text
from sandbox.funnelfox.records import (
    ONEOFFS,
    ORDERS,
    ORGS,
    PRICE_POINTS,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    USERS,
    Oneoff,
    Order,
    Org,
    PricePoint,
    Subscription,
    Transaction,
    User,
)
from sandbox.stores import Kind
from sandbox.stores import Transaction as StoreTransaction

PLAIN: Mapping[str, Kind[Any]] = {
    "orgs": ORGS,
    "users": USERS,
    "price_points": PRICE_POINTS,
    "subscriptions": SUBSCRIPTIONS,
    "oneoffs": ONEOFFS,
}
"""The lists beside the orders."""


def _list_of(record: type[Any], optional: str = "", **more: Any) -> dict[str, Any]:
    schema = dict(records.schema_of(record))
    required = [name for name in schema["required"] if name != optional]
    return {"type": "array", "items": {**schema, "required": required, "properties": {**schema["properties"], **more}}}


SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "orgs": _list_of(Org),
        "users": _list_of(User),
        "price_points": _list_of(PricePoint),
        "subscriptions": _list_of(Subscription),
        "oneoffs": _list_of(Oneoff),
        "orders": _list_of(Order, optional="org_id", transactions=_list_of(Transaction, optional="trx_id")),
    },
}


def dump(store: StoreTransaction) -> dict[str, Any]:
    """The whole section."""
    return {
        "orgs": [_org_document(org) for org in store.all(ORGS)],
        "users": [records.write(user) for user in store.all(USERS)],
        "price_points": [records.write(point) for point in store.all(PRICE_POINTS)],
        "orders": [order_document(store, order) for order in store.all(ORDERS)],
        "subscriptions": [records.write(subscription) for subscription in store.all(SUBSCRIPTIONS)],
        "oneoffs": [records.write(oneoff) for oneoff in store.all(ONEOFFS)],
    }


def _org_document(org: Org) -> dict[str, Any]:
    keys = [records.write(key) for key in org.keys]
    return {"id": org.id, "keys": keys, "webhooks": [records.write(hook) for hook in org.webhooks]}


def order_document(transaction: StoreTransaction, order: Order) -> dict[str, Any]:
    """One order with its transactions, as in the section.

    Assumed: amounts are written with all the decimals of their currency (§7, question 20).
    """
    rows = transaction.where(TRANSACTIONS, "order_id", order.order_id)
    return {
        **records.write(order),
        "amount": to_text(order.amount, order.decimals),
        "transactions": [{**records.write(row), "amount": to_text(row.amount, order.decimals)} for row in rows],
    }
