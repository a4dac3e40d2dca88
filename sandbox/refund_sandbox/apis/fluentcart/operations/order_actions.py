"""Changes of orders; reads are in reads.py and refunds in refunds.py."""

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart import bookkeeping, errors, models, php, products
from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.records import (
    ACTIVITIES,
    CUSTOMERS,
    ITEMS,
    ORDERS,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    Customer,
    Item,
    Order,
    Transaction,
)
from refund_sandbox.apis.fluentcart.rendering import php_date
from refund_sandbox.apis.fluentcart.rules import order_creation, orders
from refund_sandbox.apis.fluentcart.rules.order_creation import NewRecord
from refund_sandbox.apis.fluentcart.rules.orders import Payment
from refund_sandbox.apis.fluentcart.shop import order_deletion
from refund_sandbox.apis.fluentcart.shop.rules import order_update
from refund_sandbox.core.context import Reply
from refund_sandbox.stores.protocol import RecordType


def create_order(context: FluentCartContext) -> Reply:
    """POST /orders: an unpaid order, whose payment method is always offline (14-049). The fields are those of an edit."""
    order_update.check(context.document)
    find = products.finder(context.transaction)
    lines = order_creation.read_lines(context.document, context.rules, find)
    customer = _get_customer(context, context.text("customer_id"))
    new = _new_record(context, ORDERS)
    if context.rules.short_order_uuid:
        new = replace(new, uuid=context.ids.upper(12))
    item_ids = context.transaction.next_ids(ITEMS, len(lines))
    items = order_creation.make_items(lines, order_creation.read_discount(context.document), new, item_ids, find)
    order = order_creation.make_order(items, context.document, customer.id, new)
    _save_new(context, order, items)
    bookkeeping.log(context, models.ORDER, order.id, "Order Created", "Order Created successfully!")
    return Reply({"message": "Order created successfully!", "order_id": order.id, "uuid": order.uuid})


def _get_customer(context: FluentCartContext, customer_id: str) -> Customer:
    """Return a customer, or raise a refusal (14-068)."""
    customer = context.find(CUSTOMERS, customer_id, for_update=False)
    if customer is None:
        raise errors.model_not_found("Customer", customer_id)
    return customer


def _save_new(context: FluentCartContext, order: Order, items: Iterable[Item]) -> None:
    """Save a new order with its items, its pending charge and the subscription that it starts."""
    store, plan = context.transaction, order_creation.find_plan(items)
    store.put(ORDERS, order)
    for item in items:
        store.put(ITEMS, item)
    subscription = order_creation.make_subscription(order, plan, _new_record(context, SUBSCRIPTIONS)) if plan else None
    if subscription:
        store.put(SUBSCRIPTIONS, subscription)
    store.put(TRANSACTIONS, order_creation.make_charge(order, subscription, _new_record(context, TRANSACTIONS)))


def _new_record(context: FluentCartContext, record_type: RecordType[Any]) -> NewRecord:
    return NewRecord(context.transaction.next_id(record_type), context.ids.hex(32), context.time)


def mark_order_as_paid(context: FluentCartContext) -> Reply:
    """POST /orders/{order}/mark-as-paid."""
    order: Order = context.bound("order")
    amount_due = orders.check_payable(order)
    fields = (context.text(name) for name in ("payment_method", "vendor_charge_id", "transaction_type", "mark_paid_note"))
    payment = Payment(*fields)
    pending = orders.find_pending(bookkeeping.transactions_of(context, order), context.rules)
    charge = pending or _new_charge(context, order)
    context.transaction.put(TRANSACTIONS, orders.settle(charge, order, payment, amount_due, context.rules, context.time))
    paid, log_entries = orders.mark_paid(order, payment, context.rules, context.time)
    bookkeeping.save_paid(context, paid)
    bookkeeping.log_all(context, paid, log_entries)
    return Reply({"message": "Order has been marked as paid"})


def _new_charge(context: FluentCartContext, order: Order) -> Transaction:
    """Return an empty charge; its meta and subscription are null, not empty (14-007)."""
    return Transaction(
        id=context.transaction.next_id(TRANSACTIONS),
        order_id=order.id,
        subscription_id=None,
        status="pending",
        uuid=context.ids.hex(32),
        meta=None,
        created_at=context.time,
        updated_at=context.time,
    )


def update_order_statuses(context: FluentCartContext) -> Reply:
    """PUT /orders/{order}/statuses."""
    action, statuses = context.document.get("action"), context.document.get("statuses")
    before: Order = context.bound("order")
    order, log_entries = orders.change_status(before, action, statuses, context.rules, context.time)
    bookkeeping.save_order(context, before, order)
    if action == "change_shipping_status":
        _fulfil_items(context, order)
    bookkeeping.log_all(context, order, log_entries)
    is_sent = action == "change_shipping_status" and order.shipping_status in ("shipped", "delivered")
    data = context.reader.changed_order(order, with_variants=not is_sent)
    if action == "change_order_status" and order.status == "completed":
        data["completed_at"] = php_date(context.time)
    return Reply({"message": "Status has been updated", "data": data})


def _fulfil_items(context: FluentCartContext, order: Order) -> None:
    """Mark physical items as fulfilled once they are shipped (read in the source)."""
    is_shipped = order.shipping_status in ("shipped", "delivered")
    for item in context.transaction.where(ITEMS, "order_id", order.id):
        if item.fulfillment_type == "physical":
            context.transaction.put(ITEMS, replace(item, fulfilled_quantity=item.quantity if is_shipped else 0))


def sync_order_statuses(context: FluentCartContext) -> Reply:
    """PUT /orders/{order}/sync-statuses."""
    order = bookkeeping.sync_order(context, context.bound("order"))
    row = context.reader.order(order)
    body = {"message": "Order statuses synced successfully", "order": row}
    return Reply({**body, "payment_status": order.payment_status, "status": order.status})


def change_order_customer(context: FluentCartContext) -> Reply:
    """POST /orders/{order_id}/change-customer: also for the orders of the same subscription."""
    customer_id = context.text("customer_id")
    if php.is_empty(customer_id):
        raise errors.refused("Customer id is required", 423)
    order = context.find(ORDERS, context.params["order_id"])
    if order is None:
        raise errors.model_not_found("Order", context.params["order_id"])
    if order.customer_id is not None and php.as_id(customer_id) == order.customer_id:
        return Reply({"message": "Customer is already attached to this order"})
    change_customer(context, order, _get_customer(context, customer_id))
    return Reply({"message": "Customer changed successfully"})


def change_customer(context: FluentCartContext, order: Order, customer: Customer) -> None:
    """Assign an order, and the orders of the same subscription, to a customer."""
    store, previous = context.transaction, context.transaction.get(CUSTOMERS, order.customer_id or 0)
    for related in _related_orders(context, order):
        store.put(ORDERS, replace(related, customer_id=customer.id, updated_at=context.time))
        for subscription in store.where(SUBSCRIPTIONS, "parent_order_id", related.id):
            store.put(SUBSCRIPTIONS, replace(subscription, customer_id=customer.id))
    bookkeeping.recalculate_customer(context, customer.id)
    bookkeeping.recalculate_customer(context, order.customer_id)
    content = f"Customer changed from {previous.full_name if previous else ''} to {customer.full_name}"
    bookkeeping.log(context, models.ORDER, order.id, "Customer changed", content, name="order")


def _related_orders(context: FluentCartContext, order: Order) -> list[Order]:
    """Return the order itself, or the first order and all renewals of its subscription."""
    if order.type not in ("subscription", "renewal"):
        return [order]
    first = context.transaction.get(ORDERS, order.parent_id) if order.parent_id else order
    return [first, *context.transaction.where(ORDERS, "parent_id", first.id)] if first else [order]


def delete_order(context: FluentCartContext) -> Reply:
    """DELETE /orders/{order_id}."""
    order = context.find(ORDERS, context.params["order_id"])
    if order is None:
        raise errors.no_order_to_delete(context.params["order_id"])
    _delete(context, order)
    data = {"order_id": order.id, "invoice_no": order.invoice_no, "status": "success"}
    return Reply({"message": f"Order {order.id} deleted successfully", "data": data, "errors": []})


def delete_if_allowed(context: FluentCartContext, order_id: int) -> bool:
    """Delete an order; return False for an unknown order and for one that cannot be deleted."""
    order = context.find(ORDERS, order_id)
    try:
        if order:
            _delete(context, order)
    except errors.Refusal:
        return False
    return order is not None


def _delete(context: FluentCartContext, order: Order) -> None:
    """Delete an order if allowed; the first order of a subscription with its renewals."""
    subscriptions = context.transaction.where(SUBSCRIPTIONS, "parent_order_id", order.parent_id or order.id)
    orders.check_deletable(order, subscriptions)
    for related in _related_orders(context, order) if order.type == "subscription" else [order]:
        _delete_records(context, related)
    bookkeeping.recalculate_customer(context, order.customer_id)
    if order.mode != "test":
        bookkeeping.log(context, models.ORDER, order.id, "Order Deleted", "Order Deleted successfully!")


def _delete_records(context: FluentCartContext, order: Order) -> None:
    """Delete an order with its transactions, items and subscriptions. The log of an order in live mode stays."""
    store = context.transaction
    for charge in store.where(TRANSACTIONS, "order_id", order.id):
        store.delete(TRANSACTIONS, charge.id)
    for item in store.where(ITEMS, "order_id", order.id):
        store.delete(ITEMS, item.id)
    if order.type == "subscription":
        for subscription in store.where(SUBSCRIPTIONS, "parent_order_id", order.id):
            store.delete(SUBSCRIPTIONS, subscription.id)
    activities = store.where(ACTIVITIES, "module_id", order.id) if order.mode == "test" else []
    for activity in activities:
        if activity.module_type.endswith("\\Order"):
            store.delete(ACTIVITIES, activity.id)
    order_deletion.delete_belongings(context, order)
    store.delete(ORDERS, order.id)
