"""The `funnelfox` section of the state document: JSON Schema and export."""

from collections.abc import Mapping
from typing import Any

from refund_sandbox.apis.funnelfox.records import (
    CHECKOUTS,
    FEATURES,
    ONEOFFS,
    ORDERS,
    ORGS,
    PAYMENT_METHODS,
    PRICE_POINTS,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    USERS,
    Order,
    Org,
    Transaction,
)
from refund_sandbox.core import record_schema
from refund_sandbox.core.money import to_text
from refund_sandbox.stores.protocol import ReadTransaction, RecordType

RECORD_LISTS: Mapping[str, RecordType[Any]] = {
    "orgs": ORGS,
    "users": USERS,
    "features": FEATURES,
    "price_points": PRICE_POINTS,
    "subscriptions": SUBSCRIPTIONS,
    "oneoffs": ONEOFFS,
    "payment_methods": PAYMENT_METHODS,
    "checkouts": CHECKOUTS,
}
"""Record types of the section's lists, except orders."""


def _list_of(record_class: type[Any], optional: str = "", **properties: Any) -> dict[str, Any]:
    schema = dict(record_schema.schema_of(record_class))
    required = [name for name in schema["required"] if name != optional]
    return {"type": "array", "items": {**schema, "required": required, "properties": {**schema["properties"], **properties}}}


SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        **{name: _list_of(record_type.record) for name, record_type in RECORD_LISTS.items()},
        "orders": _list_of(Order, optional="org_id", transactions=_list_of(Transaction, optional="trx_id")),
    },
}


def dump(store: ReadTransaction) -> dict[str, Any]:
    lists = {
        name: [record_schema.write(record) for record in store.all(record_type)] for name, record_type in RECORD_LISTS.items()
    }
    orgs = [_org_document(org) for org in store.all(ORGS)]
    return {**lists, "orgs": orgs, "orders": [order_document(store, order) for order in store.all(ORDERS)]}


def _org_document(org: Org) -> dict[str, Any]:
    keys = [record_schema.write(key) for key in org.keys]
    return {"id": org.id, "keys": keys, "webhooks": [record_schema.write(webhook) for webhook in org.webhooks]}


def order_document(transaction: ReadTransaction, order: Order) -> dict[str, Any]:
    """Return one order with its transactions, in the section's form.

    Assumed: amounts have all the decimals of their currency (§7, question 20).
    """
    rows = transaction.where(TRANSACTIONS, "order_id", order.order_id)
    return {
        **record_schema.write(order),
        "amount": to_text(order.amount, order.decimals),
        "transactions": [{**record_schema.write(row), "amount": to_text(row.amount, order.decimals)} for row in rows],
    }
