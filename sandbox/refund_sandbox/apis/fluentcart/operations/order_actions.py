"""Changes of orders; reads are in orders.py and refunds in refunds.py."""

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart import errors, php, views
from refund_sandbox.apis.fluentcart.operations.base import BaseOperations, UnitOfWork
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
from refund_sandbox.apis.fluentcart.rules import order_creation, orders
from refund_sandbox.apis.fluentcart.rules.order_creation import NewRecord
from refund_sandbox.apis.fluentcart.rules.orders import Payment
from refund_sandbox.core.context import Context, Reply
from refund_sandbox.stores.protocol import RecordType


class OrderActionOperations(BaseOperations):
    """Creation, payment by hand, statuses, change of customer, deletion."""

    def create_order(self, context: Context) -> Reply:
        """POST /orders: an unpaid order, whose payment method is always offline (14-049)."""
        with self._unit_of_work(context) as work:
            lines = order_creation.read_lines(context.document, work.version)
            customer = work.get_customer(work.text("customer_id"))
            new = self._new_record(work, ORDERS)
            item_ids = work.store.next_ids(ITEMS, len(lines))
            items = order_creation.make_items(lines, order_creation.read_discount(context.document), new, item_ids)
            order = order_creation.make_order(items, context.document, customer.id, new)
            self._save_new(work, order, items)
            work.bookkeeping.log_order(order, "Order Created", "Order Created successfully!")
        return Reply({"message": "Order created successfully!", "order_id": order.id, "uuid": order.uuid})

    def _save_new(self, work: UnitOfWork, order: Order, items: Iterable[Item]) -> None:
        """Save a new order with its items, its pending charge and the subscription that it starts."""
        store, plan = work.store, order_creation.find_plan(items)
        store.put(ORDERS, order)
        for item in items:
            store.put(ITEMS, item)
        subscription = order_creation.make_subscription(order, plan, self._new_record(work, SUBSCRIPTIONS)) if plan else None
        if subscription:
            store.put(SUBSCRIPTIONS, subscription)
        store.put(TRANSACTIONS, order_creation.make_charge(order, subscription, self._new_record(work, TRANSACTIONS)))

    def _new_record(self, work: UnitOfWork, record_type: RecordType[Any]) -> NewRecord:
        return NewRecord(work.store.next_id(record_type), self._services.ids.hex(32), work.now)

    def mark_order_as_paid(self, context: Context) -> Reply:
        """POST /orders/{order}/mark-as-paid."""
        with self._unit_of_work(context) as work:
            order = work.order()
            amount_due = orders.check_payable(order)
            fields = (work.text(name) for name in ("payment_method", "vendor_charge_id", "transaction_type", "mark_paid_note"))
            payment = Payment(*fields)
            pending = orders.find_pending(work.bookkeeping.transactions(order), work.version)
            charge = pending or self._new_charge(work, order)
            work.store.put(TRANSACTIONS, orders.settle(charge, order, payment, amount_due, work.version))
            paid, log_entries = orders.mark_paid(order, payment, work.version, work.now)
            work.bookkeeping.save_paid(paid)
            work.bookkeeping.log_all(paid, log_entries)
        return Reply({"message": "Order has been marked as paid"})

    def _new_charge(self, work: UnitOfWork, order: Order) -> Transaction:
        """Return an empty charge; its meta and subscription are null, not empty (14-007)."""
        return Transaction(
            id=work.store.next_id(TRANSACTIONS),
            order_id=order.id,
            subscription_id=None,
            uuid=self._services.ids.hex(32),
            meta=None,
            created_at=work.now,
            updated_at=work.now,
        )

    def update_order_statuses(self, context: Context) -> Reply:
        """PUT /orders/{order}/statuses."""
        with self._unit_of_work(context) as work:
            action, statuses = context.document.get("action"), context.document.get("statuses")
            order, log_entries = orders.change_status(work.order(), action, statuses, work.now)
            work.store.put(ORDERS, order)
            if action == "change_shipping_status":
                self._fulfil_items(work, order)
            work.bookkeeping.log_all(order, log_entries)
            data = work.reader.changed_order(order, with_variants=action == "change_order_status")
            if action == "change_order_status" and order.status == "completed":
                data["completed_at"] = views.php_date(work.now)
        return Reply({"message": "Status has been updated", "data": data})

    def _fulfil_items(self, work: UnitOfWork, order: Order) -> None:
        """Mark physical items as fulfilled once they are shipped (read in the source)."""
        is_shipped = order.shipping_status in ("shipped", "delivered")
        for item in work.store.where(ITEMS, "order_id", order.id):
            if item.fulfillment_type == "physical":
                work.store.put(ITEMS, replace(item, fulfilled_quantity=item.quantity if is_shipped else 0))

    def sync_order_statuses(self, context: Context) -> Reply:
        """PUT /orders/{order}/sync-statuses."""
        with self._unit_of_work(context) as work:
            order = work.bookkeeping.sync_order(work.order())
            row = work.reader.order(order)
        body = {"message": "Order statuses synced successfully", "order": row}
        return Reply({**body, "payment_status": order.payment_status, "status": order.status})

    def change_order_customer(self, context: Context) -> Reply:
        """POST /orders/{order_id}/change-customer: also for the orders of the same subscription."""
        with self._unit_of_work(context) as work:
            customer_id = work.text("customer_id")
            if php.is_empty(customer_id):
                raise errors.refused("Customer id is required", 423)
            order = work.find_order(context.params["order_id"])
            if order is None:
                raise errors.model_not_found("Order", context.params["order_id"])
            if order.customer_id is not None and php.as_id(customer_id) == order.customer_id:
                return Reply({"message": "Customer is already attached to this order"})
            self._change_customer(work, order, work.get_customer(customer_id))
        return Reply({"message": "Customer changed successfully"})

    def _change_customer(self, work: UnitOfWork, order: Order, customer: Customer) -> None:
        store, previous = work.store, work.store.get(CUSTOMERS, order.customer_id or 0)
        for related in self._related_orders(work, order):
            store.put(ORDERS, replace(related, customer_id=customer.id, updated_at=work.now))
            for subscription in store.where(SUBSCRIPTIONS, "parent_order_id", related.id):
                store.put(SUBSCRIPTIONS, replace(subscription, customer_id=customer.id))
        work.bookkeeping.recalculate_customer(customer.id)
        work.bookkeeping.recalculate_customer(order.customer_id)
        content = f"Customer changed from {previous.full_name if previous else ''} to {customer.full_name}"
        work.bookkeeping.log_order(order, "Customer changed", content, name="order")

    def _related_orders(self, work: UnitOfWork, order: Order) -> list[Order]:
        """Return the order itself, or the first order and all renewals of its subscription."""
        if order.type not in ("subscription", "renewal"):
            return [order]
        first = work.store.get(ORDERS, order.parent_id) if order.parent_id else order
        return [first, *work.store.where(ORDERS, "parent_id", first.id)] if first else [order]

    def delete_order(self, context: Context) -> Reply:
        """DELETE /orders/{order_id}."""
        with self._unit_of_work(context) as work:
            order = work.find_order(context.params["order_id"])
            if order is None:
                raise errors.no_order_to_delete(context.params["order_id"])
            self._delete(work, order)
        data = {"order_id": order.id, "invoice_no": order.invoice_no, "status": "success"}
        return Reply({"message": f"Order {order.id} deleted successfully", "data": data, "errors": []})

    def do_bulk_action(self, context: Context) -> Reply:
        """POST /orders/do-bulk-action: only `delete_orders`, the one action that every version has."""
        with self._unit_of_work(context) as work:
            values = context.document.get("order_ids", [])
            numbers = [php.to_int(value) for value in php.values_of(values)] if isinstance(values, php.ARRAY) else []
            order_ids = [number for number in numbers if number]
            if not order_ids:
                raise errors.refused("Orders selection is required")
            if work.text("action") != "delete_orders":
                raise errors.refused("Selected action is invalid")
            failed = [order_id for order_id in order_ids if not self._delete_if_allowed(work, order_id)]
        return Reply(orders.render_bulk_deletion(order_ids, failed))

    def _delete_if_allowed(self, work: UnitOfWork, order_id: int) -> bool:
        """Delete an order; return False for an unknown order and for one that cannot be deleted."""
        order = work.find_order(str(order_id))
        try:
            if order:
                self._delete(work, order)
        except errors.Refusal:
            return False
        return order is not None

    def _delete(self, work: UnitOfWork, order: Order) -> None:
        """Delete an order if allowed; the first order of a subscription with its renewals."""
        subscriptions = work.store.where(SUBSCRIPTIONS, "parent_order_id", order.parent_id or order.id)
        orders.check_deletable(order, subscriptions)
        for related in self._related_orders(work, order) if order.type == "subscription" else [order]:
            self._delete_records(work, related)
        work.bookkeeping.recalculate_customer(order.customer_id)
        if order.mode != "test":
            work.bookkeeping.log_order(order, "Order Deleted", "Order Deleted successfully!")

    def _delete_records(self, work: UnitOfWork, order: Order) -> None:
        """Delete an order with its transactions, items and subscriptions. The log of an order in live mode stays."""
        store = work.store
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
        store.delete(ORDERS, order.id)
