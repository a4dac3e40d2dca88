"""Order list and credentials for the control API."""

from typing import Any

from refund_sandbox.apis.funnelfox.records import ORDERS, ORGS, SUBSCRIPTIONS, Order
from refund_sandbox.core.api import OrderQuery
from refund_sandbox.stores.protocol import PageQuery, ReadTransaction
from refund_sandbox.stores.query import AnyOf, Condition, Contains, EqualsText, In


def page(store: ReadTransaction, query: OrderQuery) -> tuple[list[dict[str, Any]], int]:
    """Return a page of order summaries, newest first, and the number of all matches. `search` matches id and customer."""
    conditions: list[Condition] = [EqualsText("state", query.state)] if query.state else []
    if query.id:
        conditions.append(In("order_id", (query.id.lower(),)))
    if query.search:
        conditions.append(AnyOf((Contains("order_id", query.search), Contains("external_id", query.search))))
    orders, total = store.page(ORDERS, PageQuery(query.offset, query.limit, True, tuple(conditions), "created_at"))
    return [_summary(store, order) for order in orders], total


def credentials(store: ReadTransaction) -> list[dict[str, Any]]:
    """Return the enabled keys of every organisation."""
    return [{"org_id": org.id, "key": key.key, "group": key.group} for org in store.all(ORGS) for key in org.keys if key.enabled]


def _summary(store: ReadTransaction, order: Order) -> dict[str, Any]:
    paid = order.amount if order.status == "settled" else 0
    subscription = store.get(SUBSCRIPTIONS, order.subs_id) if order.subs_id else None
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
