"""Answers what a shop's owner does to an order beside refunding it."""

from collections.abc import Iterable
from typing import Any

from refund_sandbox.apis.fluentcart import errors, php, rendering, views
from refund_sandbox.apis.fluentcart.operations.base import Action, Actions
from refund_sandbox.apis.fluentcart.records import (
    ACTIVITIES,
    CUSTOMERS,
    ITEMS,
    ORDERS,
    SITES,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    Customer,
    Item,
    Order,
    Transaction,
)
from refund_sandbox.apis.fluentcart.rules import order_creation, orders
from refund_sandbox.apis.fluentcart.rules.order_creation import Stamp
from refund_sandbox.apis.fluentcart.rules.orders import Log, Payment
from refund_sandbox.core.context import Context, Reply
from refund_sandbox.frozen import replace
from refund_sandbox.stores.protocol import RecordType


class OrderHandlers(Actions):
    """Orders and payments by hand, statuses, disputes, another customer, deletion."""

    def create_order(self, context: Context) -> Reply:
        """POST /orders: an order that waits for its payment, offline whatever method is sent (14-049)."""
        with self._open(context) as action:
            lines = order_creation.read_lines(context.document, action.version)
            customer = self._find_customer(action, action.text("customer_id"))
            stamp = self._stamp(action, ORDERS)
            ids = action.store.next_ids(ITEMS, len(lines))
            items = order_creation.make_items(lines, order_creation.read_discount(context.document), stamp, ids)
            order = order_creation.make_order(items, context.document, customer.id, stamp)
            self._put_new(action, order, items)
            action.books.log_order(order, "Order Created", "Order Created successfully!")
        return Reply({"message": "Order created successfully!", "order_id": order.id, "uuid": order.uuid})

    def _put_new(self, action: Action, order: Order, items: Iterable[Item]) -> None:
        """Keeps a new order with its lines, the payment that it waits for, and the subscription that it begins."""
        store, plan = action.store, order_creation.find_plan(items)
        store.put(ORDERS, order)
        for item in items:
            store.put(ITEMS, item)
        begun = order_creation.make_subscription(order, plan, self._stamp(action, SUBSCRIPTIONS)) if plan else None
        if begun:
            store.put(SUBSCRIPTIONS, begun)
        store.put(TRANSACTIONS, order_creation.make_charge(order, begun, self._stamp(action, TRANSACTIONS)))

    def _stamp(self, action: Action, kind: RecordType[Any]) -> Stamp:
        return Stamp(action.store.next_id(kind), self._services.ids.hex(32), action.now)

    def _find_customer(self, action: Action, wanted: str) -> Customer:
        """Raises the refusal of a customer who is not there (14-068)."""
        key = php.as_id(wanted)
        customer = action.store.get(CUSTOMERS, key) if key is not None else None
        if customer is None:
            raise errors.model_not_found("Customer", wanted)
        return customer

    def mark_order_as_paid(self, context: Context) -> Reply:
        """POST /orders/{order}/mark-as-paid."""
        with self._open(context) as action:
            order = action.order()
            due = orders.check_payable(order)
            fields = (action.text(name) for name in ("payment_method", "vendor_charge_id", "transaction_type", "mark_paid_note"))
            payment = Payment(*fields)
            charge = orders.find_pending(action.charges(order), action.version) or self._new_charge(action, order)
            action.store.put(TRANSACTIONS, orders.settle(charge, order, payment, due, action.version))
            paid, logged = orders.mark_paid(order, payment, action.version, action.now)
            self._pay(action, paid)
            self._log(action, paid, logged)
        return Reply({"message": "Order has been marked as paid"})

    def _new_charge(self, action: Action, order: Order) -> Transaction:
        """An empty charge; a new one has neither meta nor subscription, not even empty ones (14-007)."""
        return Transaction(
            id=action.store.next_id(TRANSACTIONS),
            order_id=order.id,
            subscription_id=None,
            uuid=self._services.ids.hex(32),
            meta=None,
            created_at=action.now,
            updated_at=action.now,
        )

    def _pay(self, action: Action, order: Order) -> None:
        """Keeps an order that was just paid: it gets its number, and its customer a purchase more."""
        action.store.get(SITES, 1, for_update=True)  # receipts are numbered one after the other
        action.store.put(ORDERS, orders.number(order, action.store.last(ORDERS, "receipt_number")))
        action.books.recount(order.customer_id)
        action.books.log_order(order, "Order Paid", "Order Paid successfully!")

    def _log(self, action: Action, order: Order, logged: Log) -> None:
        for title, content in logged:
            action.books.log_order(order, title, content)

    def update_order_statuses(self, context: Context) -> Reply:
        """PUT /orders/{order}/statuses."""
        with self._open(context) as action:
            wanted, statuses = context.document.get("action"), context.document.get("statuses")
            order, logged = orders.change_status(action.order(), wanted, statuses, action.now)
            action.store.put(ORDERS, order)
            if wanted == "change_shipping_status":
                self._fulfil(action, order)
            self._log(action, order, logged)
            data = action.reader.changed_order(order, with_variants=wanted == "change_order_status")
            if wanted == "change_order_status" and order.status == "completed":
                data["completed_at"] = views.php_date(action.now)
        return Reply({"message": "Status has been updated", "data": data})

    def _fulfil(self, action: Action, order: Order) -> None:
        """Physical lines count as fulfilled once they are shipped (read in the source)."""
        sent = order.shipping_status in ("shipped", "delivered")
        for item in action.store.where(ITEMS, "order_id", order.id):
            if item.fulfillment_type == "physical":
                action.store.put(ITEMS, replace(item, fulfilled_quantity=item.quantity if sent else 0))

    def sync_order_statuses(self, context: Context) -> Reply:
        """PUT /orders/{order}/sync-statuses."""
        with self._open(context) as action:
            order = self._sync(action, action.order())
            row = action.reader.order(order)
        body = {"message": "Order statuses synced successfully", "order": row}
        return Reply({**body, "payment_status": order.payment_status, "status": order.status})

    def _sync(self, action: Action, order: Order) -> Order:
        synced, logged = orders.sync(order, action.charges(order), action.now)
        action.store.put(ORDERS, synced)
        if synced.payment_status == "paid" != order.payment_status and order.type != "renewal":
            self._pay(action, synced)
        self._log(action, synced, logged)
        return action.store.get(ORDERS, order.id) or synced

    def update_transaction_status(self, context: Context) -> Reply:
        """PUT /orders/{order}/transactions/{transaction}/status. The order is not bound: an unknown one is another order's."""
        with self._open(context) as action:
            live = action.version == "1.3.25"
            wanted = context.document.get("status") if live else action.text("status")
            order, charge = action.find_order(context.params["order"]), action.transaction()
            orders.check_charge_status(order, charge, wanted, action.version)
            assert order is not None
            changed = replace(charge, status=php.to_text(wanted), updated_at=action.now)
            action.store.put(TRANSACTIONS, changed)
            order = orders.count_refund_rows(order, action.charges(order))
            if not live and wanted == "succeeded":
                self._sync(action, order)
            else:
                action.store.put(ORDERS, orders.follow_charge(order, wanted, action.now))
            row = {**rendering.transaction_row(changed, action.version), "status": wanted}
        return Reply({"transaction": row, "message": "Payment status has been successfully updated"})

    def sync_transaction(self, context: Context) -> Reply:
        """POST /orders/{order}/transactions/{transaction}/sync, since 1.6.0 (read in the source of 1.6.3).

        Assumed: the gateway says that a payment which it knows was made, unless a fault makes it refuse.
        """
        with self._open(context) as action:
            order, charge = action.find_order(context.params["order"]), action.transaction()
            orders.check_syncable(order, charge)
            assert order is not None
            error = action.books.failure("gateway")
            if error is not None:
                raise errors.refused(error)
            paid = replace(charge, status="succeeded", updated_at=action.now)
            action.store.put(TRANSACTIONS, paid)
            self._sync(action, order)
            row = rendering.transaction_row(paid, action.version)
        message = "Transaction has been synced from the payment gateway successfully!"
        return Reply({"message": message, "transaction": row})

    def accept_dispute(self, context: Context) -> Reply:
        """POST /orders/{order}/transactions/{transaction_id}/accept-dispute. The order in the path is not looked at."""
        with self._open(context) as action:
            key = php.as_id(context.params["transaction_id"])
            charge = action.store.get(TRANSACTIONS, key) if key is not None else None
            order = action.store.get(ORDERS, charge.order_id, for_update=True) if charge else None
            if charge is None or order is None:
                raise self._no_dispute(action)
            orders.check_disputed(charge)
            error = action.books.failure("gateway")
            if error is not None:
                return self._refused(error)
            note = action.text("dispute_note")
            lost, poorer = orders.lose_dispute(charge, order, note, action.now)
            action.store.put(TRANSACTIONS, lost)
            action.store.put(ORDERS, poorer)
            title = f"Dispute accepted on {charge.payment_method}"
            action.books.log_order(order, title, f"Dispute accepted! {note}", name="order")
        return Reply({"message": "Dispute accepted!"})

    def _no_dispute(self, action: Action) -> errors.Refusal:
        """What is said of a transaction that is not there: the plugin falls over it, which strict validation does not play."""
        if self._services.settings.validation == "strict":
            return errors.model_not_found("OrderTransaction", action.context.params["transaction_id"])
        return errors.plugin_exception("Call to a member function acceptDispute() on null", action.version)

    def change_order_customer(self, context: Context) -> Reply:
        """POST /orders/{order_id}/change-customer: the order, and those that belong to the same subscription."""
        with self._open(context) as action:
            wanted = action.text("customer_id")
            if php.is_empty(wanted):
                raise errors.refused("Customer id is required", 423)
            order = action.find_order(context.params["order_id"])
            if order is None:
                raise errors.model_not_found("Order", context.params["order_id"])
            if order.customer_id is not None and php.as_id(wanted) == order.customer_id:
                return Reply({"message": "Customer is already attached to this order"})
            self._hand_over(action, order, self._find_customer(action, wanted))
        return Reply({"message": "Customer changed successfully"})

    def _hand_over(self, action: Action, order: Order, customer: Customer) -> None:
        store, before = action.store, action.store.get(CUSTOMERS, order.customer_id or 0)
        for one in self._family(action, order):
            store.put(ORDERS, replace(one, customer_id=customer.id, updated_at=action.now))
            for subscription in store.where(SUBSCRIPTIONS, "parent_order_id", one.id):
                store.put(SUBSCRIPTIONS, replace(subscription, customer_id=customer.id))
        action.books.recount(customer.id)
        action.books.recount(order.customer_id)
        said = f"Customer changed from {before.full_name if before else ''} to {customer.full_name}"
        action.books.log_order(order, "Customer changed", said, name="order")

    def _family(self, action: Action, order: Order) -> list[Order]:
        """An order with the first one and the renewals of its subscription."""
        if order.type not in ("subscription", "renewal"):
            return [order]
        first = action.store.get(ORDERS, order.parent_id) if order.parent_id else order
        return [first, *action.store.where(ORDERS, "parent_id", first.id)] if first else [order]

    def delete_order(self, context: Context) -> Reply:
        """DELETE /orders/{order_id}."""
        with self._open(context) as action:
            order = action.find_order(context.params["order_id"])
            if order is None:
                raise errors.no_order_to_delete(context.params["order_id"])
            self._delete(action, order)
        data = {"order_id": order.id, "invoice_no": order.invoice_no, "status": "success"}
        return Reply({"message": f"Order {order.id} deleted successfully", "data": data, "errors": []})

    def do_bulk_action(self, context: Context) -> Reply:
        """POST /orders/do-bulk-action: of the plugin's actions the one that every version has, to delete orders."""
        with self._open(context) as action:
            sent = context.document.get("order_ids", [])
            wanted = [php.to_int(one) for one in php.values_of(sent)] if isinstance(sent, php.ARRAY) else []
            wanted = [order_id for order_id in wanted if order_id]
            if not wanted:
                raise errors.refused("Orders selection is required")
            if action.text("action") != "delete_orders":
                raise errors.refused("Selected action is invalid")
            failed = [order_id for order_id in wanted if not self._is_deleted(action, order_id)]
        return Reply(orders.deleted_together(wanted, failed))

    def _is_deleted(self, action: Action, order_id: int) -> bool:
        order = action.find_order(str(order_id))
        try:
            if order:
                self._delete(action, order)
        except errors.Refusal:
            return False
        return order is not None

    def _delete(self, action: Action, order: Order) -> None:
        """Forgets an order if that may be; the first of a subscription also with its renewals."""
        begun = action.store.where(SUBSCRIPTIONS, "parent_order_id", order.parent_id or order.id)
        orders.check_deletable(order, begun)
        self._forget(action, self._family(action, order) if order.type == "subscription" else [order])
        action.books.recount(order.customer_id)
        if order.mode != "test":
            action.books.log_order(order, "Order Deleted", "Order Deleted successfully!")

    def _forget(self, action: Action, orders: Iterable[Order]) -> None:
        """Forgets orders with their transactions, items and subscriptions; the log of a live order stays."""
        store = action.store
        for order in orders:
            for charge in store.where(TRANSACTIONS, "order_id", order.id):
                store.delete(TRANSACTIONS, charge.id)
            for item in store.where(ITEMS, "order_id", order.id):
                store.delete(ITEMS, item.id)
            if order.type == "subscription":
                for subscription in store.where(SUBSCRIPTIONS, "parent_order_id", order.id):
                    store.delete(SUBSCRIPTIONS, subscription.id)
            logged = store.where(ACTIVITIES, "module_id", order.id) if order.mode == "test" else []
            for line in logged:
                if line.module_type.endswith("\\Order"):
                    store.delete(ACTIVITIES, line.id)
            store.delete(ORDERS, order.id)
