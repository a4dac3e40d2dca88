"""The `fluentcart` section of the state document: its import, its export from records, and single orders of it."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from refund_sandbox.apis.fluentcart import factory
from refund_sandbox.apis.fluentcart.parsing import write_time
from refund_sandbox.apis.fluentcart.records import (
    ITEMS,
    ORDERS,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    Item,
    Order,
    Subscription,
    Transaction,
)
from refund_sandbox.apis.fluentcart.shop import sections
from refund_sandbox.apis.fluentcart.site_records import SITES, USERS, Site
from refund_sandbox.apis.fluentcart.state_loading import SCHEMA, TOP_LEVEL_LISTS, Loader
from refund_sandbox.core import record_schema
from refund_sandbox.core.context import UnitOfWork
from refund_sandbox.core.record_schema import WrittenList
from refund_sandbox.stores.protocol import ReadTransaction

__all__ = ["SCHEMA", "add_order", "dump", "find_order", "load"]

R = TypeVar("R", Transaction, Item, Subscription)
_MAX_ID_DIGITS = 19


def load(work: UnitOfWork, section: Mapping[str, Any]) -> None:
    """Fill an empty store from a section. Raise BadDocument with every duplicate id."""
    Loader(work.transaction, write_time(work.now)).load(section)


def add_order(work: UnitOfWork, document: Mapping[str, Any]) -> dict[str, Any]:
    """Add an order and return it. `factory` completes missing fields."""
    now = write_time(work.now)
    whole = factory.complete(document, work.transaction.next_id, now)
    return _order_document(work.transaction, Loader(work.transaction, now).add_order(whole))


def find_order(transaction: ReadTransaction, order_id: str) -> dict[str, Any] | None:
    """Return one order with its transactions, items and subscriptions."""
    if not (order_id.isascii() and order_id.isdigit() and len(order_id) <= _MAX_ID_DIGITS):
        return None
    order = transaction.get(ORDERS, int(order_id))
    return _order_document(transaction, order) if order else None


def dump(transaction: ReadTransaction) -> dict[str, Any]:
    lists = {name: transaction.all(record_type) for name, record_type in TOP_LEVEL_LISTS.items()}
    lists["subscriptions"] = [row for row in lists["subscriptions"] if transaction.get(ORDERS, row.parent_order_id) is None]
    site: Site | None = transaction.get(SITES, 1)
    return {
        "site": record_schema.write(site or Site()),
        "users": [record_schema.write(user) for user in transaction.all(USERS)],
        **{name: WrittenList(records) for name, records in lists.items()},
        **sections.dump(transaction),
        "orders": WrittenList(transaction.all(ORDERS), partial(_order_document, transaction)),
    }


def _order_document(transaction: ReadTransaction, order: Order) -> dict[str, Any]:
    """Return one order with its transactions, items and subscriptions, as in the section."""
    return {
        **record_schema.write(order),
        "transactions": _write_by_id(transaction.where(TRANSACTIONS, "order_id", order.id)),
        "items": _write_by_id(transaction.where(ITEMS, "order_id", order.id)),
        "subscriptions": _write_by_id(transaction.where(SUBSCRIPTIONS, "parent_order_id", order.id)),
        "addresses": sections.addresses_document(transaction, order.id),
    }


def _write_by_id(rows: Sequence[R]) -> list[dict[str, Any]]:
    """Write the records of an order by id, as they are imported. Concurrent requests may have committed in another order."""
    return [record_schema.write(row) for row in sorted(rows, key=lambda row: row.id)]
