"""The `fluentcart` section of the state document: its schema, and its export from records."""

from collections.abc import Mapping
from typing import Any

from refund_sandbox.apis.fluentcart.records import (
    ACTIVITIES,
    CUSTOMERS,
    ITEMS,
    ORDERS,
    SITES,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    USERS,
    VARIATIONS,
    WEBHOOKS,
    Activity,
    Customer,
    Item,
    Order,
    Site,
    Subscription,
    Transaction,
    User,
    Variation,
    Webhook,
)
from refund_sandbox.core import record_schema
from refund_sandbox.stores.protocol import ReadTransaction, RecordType


def _list_of(record: type[Any], **more: Any) -> dict[str, Any]:
    schema = dict(record_schema.schema_of(record))
    return {"type": "array", "items": {**schema, "properties": {**schema["properties"], **more}}}


SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "site": record_schema.schema_of(Site),
        "users": _list_of(User),
        "customers": _list_of(Customer),
        "variations": _list_of(Variation),
        "activities": _list_of(Activity),
        "webhooks": _list_of(Webhook),
        "subscriptions": _list_of(Subscription),
        "orders": _list_of(Order, transactions=_list_of(Transaction), items=_list_of(Item), subscriptions=_list_of(Subscription)),
    },
}


# Top-level lists but `users` and `orders`. `subscriptions` has those whose parent order is not in the document.
TOP_LEVEL_LISTS: Mapping[str, RecordType[Any]] = {
    "customers": CUSTOMERS,
    "variations": VARIATIONS,
    "activities": ACTIVITIES,
    "webhooks": WEBHOOKS,
    "subscriptions": SUBSCRIPTIONS,
}


def dump(store: ReadTransaction) -> dict[str, Any]:
    sites = store.all(SITES)
    without_order = [row for row in store.all(SUBSCRIPTIONS) if store.get(ORDERS, row.parent_order_id) is None]
    return {
        "site": record_schema.write(sites[0] if sites else Site()),
        "users": [record_schema.write(user) for user in store.all(USERS)],
        "customers": [record_schema.write(customer) for customer in store.all(CUSTOMERS)],
        "variations": [record_schema.write(variation) for variation in store.all(VARIATIONS)],
        "activities": [record_schema.write(activity) for activity in store.all(ACTIVITIES)],
        "webhooks": [record_schema.write(webhook) for webhook in store.all(WEBHOOKS)],
        "subscriptions": [record_schema.write(subscription) for subscription in without_order],
        "orders": [order_document(store, order) for order in store.all(ORDERS)],
    }


def order_document(store: ReadTransaction, order: Order) -> dict[str, Any]:
    """Return one order with its transactions, items and subscriptions, as in the section."""
    return {
        **record_schema.write(order),
        "transactions": [record_schema.write(row) for row in store.where(TRANSACTIONS, "order_id", order.id)],
        "items": [record_schema.write(row) for row in store.where(ITEMS, "order_id", order.id)],
        "subscriptions": [record_schema.write(row) for row in store.where(SUBSCRIPTIONS, "parent_order_id", order.id)],
    }
