"""Order summaries and credentials for the control API."""

from typing import Any

from refund_sandbox.apis.fluentcart import list_views
from refund_sandbox.apis.fluentcart.records import CUSTOMERS, ORDERS, SUBSCRIPTIONS, USERS, Order
from refund_sandbox.core.api import OrderQuery
from refund_sandbox.stores.protocol import PageQuery, ReadTransaction
from refund_sandbox.stores.query import AnyOf, Condition, In


def page(store: ReadTransaction, query: OrderQuery) -> tuple[list[dict[str, Any]], int]:
    """Return a page of orders by id, payment status and text in id, invoice, customer or titles, newest first."""
    where: list[Condition] = [In("payment_status", (query.state,))] if query.state else []
    if query.id:
        where.append(In("id", _ids(query.id)))
    if query.search:
        where.append(_search(query.search))
    orders, total = store.page(ORDERS, PageQuery(query.offset, query.limit, True, tuple(where)))
    return [_summary(store, order) for order in orders], total


def _search(text: str) -> Condition:
    ids = _ids(text)
    return AnyOf((In("id", ids), list_views.order_contains(text))) if ids else list_views.order_contains(text)


def _ids(text: str) -> tuple[int, ...]:
    """Return the text as an id, or nothing if it is not a number."""
    return (int(text),) if text.isascii() and text.isdigit() and len(text) < 19 else ()


def credentials(store: ReadTransaction) -> list[dict[str, Any]]:
    return [
        {"login": user.login, "application_password": user.application_password, "permissions": user.permissions}
        for user in store.all(USERS)
    ]


def _summary(store: ReadTransaction, order: Order) -> dict[str, Any]:
    customer = store.get(CUSTOMERS, order.customer_id) if order.customer_id else None
    subscriptions = store.where(SUBSCRIPTIONS, "parent_order_id", order.id)
    return {
        "id": str(order.id),
        "customer": (customer.full_name or customer.email) if customer else "",
        "amount": order.total_amount,
        "currency": order.currency,
        "decimals": 2,  # the plugin stores hundredths of every currency
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
