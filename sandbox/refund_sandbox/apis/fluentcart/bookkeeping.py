"""Changes that several operations share: activity log, customer statistics, payment, sync and cancellation."""

from typing import Any

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart import gateways, models, webhooks
from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.gateways import Cancellation
from refund_sandbox.apis.fluentcart.records import (
    ACTIVITIES,
    CUSTOMERS,
    ORDERS,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    Activity,
    Order,
    Subscription,
    Transaction,
)
from refund_sandbox.apis.fluentcart.rules import customers, orders, refunds
from refund_sandbox.apis.fluentcart.rules.orders import LogEntries
from refund_sandbox.apis.fluentcart.site_records import SITES

_EMPTY_ENTRY = Activity(0, "", "", "", 0, "", "", "")
"""Prototype of a log entry. A copy of it takes a third of the time of a new record."""


def transactions_of(context: FluentCartContext, order: Order) -> list[Transaction]:
    """Return the order's charges and refunds, by id."""
    return sorted(context.transaction.where(TRANSACTIONS, "order_id", order.id), key=lambda transaction: transaction.id)


def save_order(context: FluentCartContext, before: Order, after: Order) -> None:
    """Save a changed order, and emit the events that its new statuses trigger."""
    context.transaction.put(ORDERS, after)
    if before.payment_status != after.payment_status == "refunded":
        webhooks.emit(context, "order_fully_refunded", after.id)
    if before.status != after.status == "canceled":
        webhooks.emit(context, "order_status_changed_to_canceled", after.id)


def save_subscription(context: FluentCartContext, before: Subscription, after: Subscription) -> None:
    """Save a changed subscription, and emit the event of its cancellation."""
    context.transaction.put(SUBSCRIPTIONS, after)
    if before.status != after.status == "canceled":
        webhooks.emit(context, "subscription_canceled", after.parent_order_id)


def recalculate_customer(context: FluentCartContext, customer_id: int | None) -> None:
    """Recalculate a customer from all orders. The lock comes first: another refund may be adding up the same orders."""
    transaction = context.transaction
    customer = transaction.get(CUSTOMERS, customer_id, for_update=True) if customer_id else None
    if customer:
        own = transaction.where(ORDERS, "customer_id", customer.id)
        transaction.put(CUSTOMERS, customers.recalculate(customer, own, context.time))


def save_paid(context: FluentCartContext, order: Order) -> None:
    """Save an order that was just paid: assign its numbers, recalculate its customer and log the payment."""
    transaction = context.transaction
    transaction.get(SITES, 1, for_update=True)  # a lock: receipt numbers are consecutive
    transaction.put(ORDERS, orders.assign_numbers(order, transaction.last(ORDERS, "receipt_number")))
    recalculate_customer(context, order.customer_id)
    log(context, models.ORDER, order.id, "Order Paid", "Order Paid successfully!")


def sync_order(context: FluentCartContext, order: Order) -> Order:
    """Recalculate an order's totals and statuses from its transactions, and save it."""
    synced, log_entries = orders.sync(order, transactions_of(context, order), context.rules, context.time)
    save_order(context, order, synced)
    if synced.payment_status == "paid" != order.payment_status and order.type != "renewal":
        save_paid(context, synced)
    log_all(context, synced, log_entries)
    return context.transaction.get(ORDERS, order.id) or synced


def cancel_subscription(
    context: FluentCartContext, subscription: Subscription, reason: str, *, immediately: bool, **fault_fields: Any
) -> Cancellation:
    """Cancel a subscription at its gateway and in the shop, and return the gateway's reply."""
    if subscription.status == "canceled":
        return Cancellation(False, "This subscription is already cancelled.")
    cancellation = gateways.cancel(subscription, context.rules, lambda: context.gateway_error("cancel", **fault_fields))
    if cancellation.cancelled:
        end_subscription(context, subscription, reason, immediately=immediately)
    return cancellation


def end_subscription(context: FluentCartContext, subscription: Subscription, reason: str, *, immediately: bool) -> None:
    """Cancel a subscription in the shop only."""
    ended = refunds.cancel_subscription(subscription, reason, context.time, immediately=immediately, rules=context.rules)
    save_subscription(context, subscription, ended)
    if ended.status == "canceled":
        title = "Subscription Canceled"
        log(context, models.SUBSCRIPTION, subscription.id, title, f"{title} successfully!", name="Subscription")


def log_all(context: FluentCartContext, order: Order, log_entries: LogEntries) -> None:
    for title, content in log_entries:
        log(context, models.ORDER, order.id, title, content)


def log(
    context: FluentCartContext,
    model: str,
    record_id: int,
    title: str,
    content: str,
    *,
    name: str = "Order",
    status: str = "success",
    log_type: str = "activity",
) -> None:
    """Add an entry about a record to the activity log. `name` is `module_name`, which the plugin spells in different ways."""
    user = context.caller.user
    activity = replace(
        _EMPTY_ENTRY,
        id=context.transaction.next_id(ACTIVITIES),
        status=status,
        log_type=log_type,
        module_type=model,
        module_id=record_id,
        module_name=name,
        title=title,
        content=content,
        created_by=user.login if user else "",
        user_id=context.caller.user_number,
        created_at=context.time,
    )
    context.transaction.put(ACTIVITIES, activity)
