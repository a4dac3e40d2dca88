"""The `funnelfox` section of the state document: JSON Schema, loading and export."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from refund_sandbox.apis.funnelfox import factory
from refund_sandbox.apis.funnelfox.operations import refunds, renewals
from refund_sandbox.apis.funnelfox.records import CHECKOUTS, ORDERS, ORGS, TRANSACTIONS, Order, Org
from refund_sandbox.apis.funnelfox.state_entries import ORDER_LIST, RECORD_LISTS
from refund_sandbox.apis.funnelfox.state_loading import Loader
from refund_sandbox.apis.funnelfox.timestamps import write_time
from refund_sandbox.core import record_schema
from refund_sandbox.core.context import UnitOfWork
from refund_sandbox.core.money import to_text
from refund_sandbox.core.record_schema import WrittenList
from refund_sandbox.stores.protocol import ReadTransaction

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        **{name: record_schema.list_schema(record_type.record) for name, record_type in RECORD_LISTS.items()},
        "orders": ORDER_LIST,
    },
}


def dump(transaction: ReadTransaction) -> dict[str, Any]:
    lists = {name: WrittenList(transaction.all(kind)) for name, kind in RECORD_LISTS.items()}
    orgs = [_org_document(org) for org in transaction.all(ORGS)]
    return {**lists, "orgs": orgs, "orders": WrittenList(transaction.all(ORDERS), partial(_order_document, transaction))}


def load(work: UnitOfWork, section: Mapping[str, Any]) -> None:
    """Fill the store and schedule pending settlements and checks."""
    Loader(work.transaction, work.ids, write_time(work.now)).load(section)
    refunds.schedule_pending(work)
    renewals.schedule_checks(work)


def find_order(transaction: ReadTransaction, order_id: str) -> dict[str, Any] | None:
    order = transaction.get(ORDERS, order_id.lower())
    return _order_document(transaction, order) if order else None


def find_order_id(transaction: ReadTransaction, order_id: str) -> str | None:
    """Return the id in lower case, if there is an order or a checkout of one."""
    key = order_id.lower()
    return key if transaction.get(ORDERS, key) or transaction.get(CHECKOUTS, key) else None


def add_order(work: UnitOfWork, document: Mapping[str, Any]) -> dict[str, Any]:
    """Add an order. `factory.complete` fills in its missing fields."""
    complete = factory.complete(document, work.ids)
    order = Loader(work.transaction, work.ids, write_time(work.now)).add_order(complete)
    return _order_document(work.transaction, order)


def _org_document(org: Org) -> dict[str, Any]:
    keys = [record_schema.write(key) for key in org.keys]
    return {"id": org.id, "keys": keys, "webhooks": [record_schema.write(webhook) for webhook in org.webhooks]}


def _order_document(transaction: ReadTransaction, order: Order) -> dict[str, Any]:
    """Return one order with its transactions, in the section's form.

    Assumed: amounts have all the decimals of their currency (§7, question 20).
    """
    rows = transaction.where(TRANSACTIONS, "order_id", order.order_id)
    return {
        **record_schema.write(order),
        "amount": to_text(order.amount, order.decimals),
        "transactions": [{**record_schema.write(row), "amount": to_text(row.amount, order.decimals)} for row in rows],
    }
