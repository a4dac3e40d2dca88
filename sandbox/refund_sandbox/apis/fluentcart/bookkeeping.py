"""Keeps the shop's books through one call, step by step in the plugin's order, each step written before the next."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from refund_sandbox.apis.fluentcart import gateways, php
from refund_sandbox.apis.fluentcart.gateways import Answer, Cancellation
from refund_sandbox.apis.fluentcart.records import (
    ACTIVITIES,
    CUSTOMERS,
    ITEMS,
    ORDERS,
    SITES,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    VARIATIONS,
    Activity,
    Item,
    Order,
    Subscription,
    Transaction,
)
from refund_sandbox.apis.fluentcart.rules import refunds
from refund_sandbox.apis.fluentcart.rules.refunds import PluginCrash, Wanted
from refund_sandbox.core.ids import Ids
from refund_sandbox.frozen import replace
from refund_sandbox.stores.protocol import Transaction as StoreTransaction

_ORDER_MODEL = "FluentCart\\App\\Models\\Order"
_SUBSCRIPTION_MODEL = "FluentCart\\App\\Models\\Subscription"
_EVENT = "FluentCart\\App\\Events\\Order\\OrderRefund"

_LINE = Activity(0, "", "", "", 0, "", "", "")
"""A line of the log that says nothing yet: copied in a third of the time that it takes to make one."""

Failure = Callable[[str], str | None]
"""Says whether a fault hits at `gateway` or `cancel`, and with which message."""


class Books:
    """The records of one order while they change. Raises PluginCrash where PHP would fall over."""

    def __init__(self, store: StoreTransaction, ids: Ids, now: str, user: str, failure: Failure) -> None:
        self._store = store
        self._ids = ids
        self._now = now
        self._user = user
        self.failure = failure

    def refund(self, order: Order, charge: Transaction, wanted: Wanted) -> dict[str, Any]:
        """Books the refund, asks the gateway, and gives back the three-part answer.

        The refund stays in the books whatever the gateway says. Measured: facts of group 07 and 12.
        """
        row_id, uuid = self._store.next_id(TRANSACTIONS), self._ids.hex(32)
        gateway = gateways.refund(charge, self._ids, lambda: self.failure("gateway"))
        row = refunds.refund_row(
            order, charge, wanted, row_id=row_id, uuid=uuid, vendor_charge_id=gateway.refund_id, now=self._now
        )
        self._store.put(TRANSACTIONS, row)
        self._store.put(TRANSACTIONS, refunds.count_refund(charge, wanted.amount, self._now))
        self._follow(order, wanted)
        if gateway.error is not None:
            self._log_gateway(order, charge, gateway)
        return refunds.result(charge, gateway, self._cancel(charge) if wanted.cancel_subscription else None)

    def _follow(self, order: Order, wanted: Wanted) -> None:
        """Order, items, customer, log and stock follow the new row."""
        rows = order.refund_rows + wanted.amount
        synced, moved = refunds.sync_order(order, rows, self._now)
        crash = _find_crash(wanted, moved)
        self._store.put(ORDERS, replace(order, refund_rows=rows) if crash else synced)
        if crash:
            raise crash
        if moved:
            self._share(synced, wanted.item_ids, moved)
            self.recount(synced.customer_id)
        self.log_order(synced, "Order Refund", "Order Refund successfully!")
        if moved:
            self._restock(synced, wanted)

    def _share(self, order: Order, item_ids: list[Any] | dict[str, Any], amount: int) -> None:
        if len(item_ids) == 1:
            only = item_ids[0] if isinstance(item_ids, list) else item_ids.get("0")
            item = self._find_item(only, "refund_total")
            if item is None:
                raise PluginCrash('Attempt to assign property "refund_total" on null')
            self._store.put(ITEMS, replace(item, refund_total=item.refund_total + amount, updated_at=self._now))
            return
        listed = [self._find_item(item_id, "line_total") for item_id in php.values_of(item_ids)]
        own = self._store.where(ITEMS, "order_id", order.id)
        items: Sequence[Item | None] = listed or own
        for shared in refunds.share(items, amount, self._now):
            if isinstance(shared, PluginCrash):
                raise shared
            self._store.put(ITEMS, shared)

    def _find_item(self, item_id: Any, wanted: str) -> Item | None:
        """An item of any order: nothing checks whose it is (09-029)."""
        if isinstance(item_id, php.ARRAY):
            raise PluginCrash(f"Property [{wanted}] does not exist on this collection instance.")
        key = php.as_id(item_id)
        return None if key is None else self._store.get(ITEMS, key, for_update=True)

    def recount(self, customer_id: int | None) -> None:
        """The figures of a customer, counted anew over all of their orders."""
        customer = self._store.get(CUSTOMERS, customer_id) if customer_id else None
        if customer:
            orders = self._store.where(ORDERS, "customer_id", customer.id)
            self._store.put(CUSTOMERS, replace(refunds.recount(customer, orders), updated_at=self._now))

    def _restock(self, order: Order, wanted: Wanted) -> None:
        rows = php.values_of(wanted.refunded_items)
        if any(isinstance(row, str) for row in rows):
            raise PluginCrash("Cannot access offset of type string on string")  # Assumed: not recorded, PHP 8.2's own words
        site = self._store.get(SITES, 1)
        if not wanted.manage_stock or site is None or not site.stock_management:
            return
        restored: dict[int, int] = {}
        for row in (row for row in rows if isinstance(row, Mapping)):
            variation_id = php.as_id(row.get("variation_id"))
            quantity = php.to_int(row.get("restore_quantity"))
            variation = self._store.get(VARIATIONS, variation_id, for_update=True) if variation_id is not None else None
            if variation is None or not variation.manage_stock or quantity <= 0:
                continue
            order, variation = refunds.restock(order, variation, row.get("id"), quantity)
            self._store.put(VARIATIONS, variation)
            restored[variation.id] = quantity
        if restored:
            self._store.put(ORDERS, order)
            self._return_items(order, restored)

    def _return_items(self, order: Order, restored: Mapping[int, int]) -> None:
        """The order's lines lose the pieces that came back; a line without pieces goes (12-010, 12-012)."""
        for item in self._store.where(ITEMS, "order_id", order.id):
            left = item.quantity - restored.get(php.to_int(item.object_id), 0)
            if left > 0:
                self._store.put(ITEMS, replace(item, quantity=left))
            else:
                self._store.delete(ITEMS, item.id)

    def _cancel(self, charge: Transaction) -> Cancellation | None:
        """Cancels the subscription that the charge paid for; None when it paid for none (group 08)."""
        subscription = self._store.get(SUBSCRIPTIONS, charge.subscription_id) if charge.subscription_id else None
        return self.cancel(subscription, "refunded", answer_batch=True) if subscription else None

    def cancel(self, subscription: Subscription, reason: str, *, answer_batch: bool) -> Cancellation:
        """Cancels a subscription with its gateway and in the shop, and says what came of it."""
        if subscription.status == "canceled":
            return Cancellation(False, "This subscription is already cancelled.")
        cancellation = gateways.cancel(subscription, lambda: self.failure("cancel"))
        if cancellation.cancelled:
            self.end(subscription, reason, answer_batch=answer_batch)
        return cancellation

    def end(self, subscription: Subscription, reason: str, *, answer_batch: bool) -> None:
        """Cancels a subscription in the shop alone."""
        ended = refunds.cancelled(subscription, reason, self._now, answer_batch=answer_batch)
        self._store.put(SUBSCRIPTIONS, ended)
        if ended.status == "canceled":
            title = "Subscription Canceled"
            self._log(_SUBSCRIPTION_MODEL, subscription.id, "Subscription", title, f"{title} successfully!")

    def log_order(self, order: Order, title: str, content: str, *, name: str = "Order") -> None:
        """A line in the log of an order."""
        self._log(_ORDER_MODEL, order.id, name, title, content)

    def log_subscription(self, subscription: Subscription, title: str, content: str) -> None:
        """A remark in the log of a subscription."""
        self._log(_SUBSCRIPTION_MODEL, subscription.id, "subscription", title, content, status="info")

    def _log_gateway(self, order: Order, charge: Transaction, gateway: Answer) -> None:
        title = f"Refund failed on {refunds.method_title(charge)}"
        self._log(_ORDER_MODEL, order.id, "order", title, gateway.error or "", status="warning", log_type="api")

    def _log(
        self,
        model: str,
        record_id: int,
        name: str,
        title: str,
        content: str,
        *,
        status: str = "success",
        log_type: str = "activity",
    ) -> None:
        activity = replace(
            _LINE,
            id=self._store.next_id(ACTIVITIES),
            status=status,
            log_type=log_type,
            module_type=model,
            module_id=record_id,
            module_name=name,
            title=title,
            content=content,
            created_by=self._user,
            created_at=self._now,
        )
        self._store.put(ACTIVITIES, activity)


def _find_crash(wanted: Wanted, moved: int) -> PluginCrash | None:
    """Where PHP falls over the event of a refund: its lists must be arrays, the second one where there is something to share."""
    if not isinstance(wanted.item_ids, php.ARRAY):
        given = php.type_name(wanted.item_ids)
        wrong = f"Argument #3 ($refundedItemIds) must be of type array, {given} given"
        return PluginCrash(f"{_EVENT}::__construct(): {wrong}, called in <path>/Refund.php on line 97")
    if moved and not isinstance(wanted.refunded_items, php.ARRAY):
        given = php.type_name(wanted.refunded_items)
        return PluginCrash(f"Cannot assign {given} to property {_EVENT}::$refundedItems of type array")
    return None
