"""The steps of a refund in the plugin's order. Each is written before the next, as a crash does not undo earlier steps."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart import gateways, php
from refund_sandbox.apis.fluentcart.bookkeeping import Bookkeeping
from refund_sandbox.apis.fluentcart.errors import PluginCrash
from refund_sandbox.apis.fluentcart.gateways import Cancellation
from refund_sandbox.apis.fluentcart.records import (
    ITEMS,
    ORDERS,
    SITES,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    VARIATIONS,
    Item,
    Order,
    Transaction,
)
from refund_sandbox.apis.fluentcart.rules import refunds
from refund_sandbox.apis.fluentcart.rules.refunds import RefundRequest

_EVENT = "FluentCart\\App\\Events\\Order\\OrderRefund"


class RefundBooking:
    """One refund of one charge. Raises PluginCrash at the steps where PHP raises an uncaught error."""

    def __init__(self, bookkeeping: Bookkeeping) -> None:
        self._bookkeeping = bookkeeping
        self._store = bookkeeping.store
        self._now = bookkeeping.now

    def refund(self, order: Order, charge: Transaction, request: RefundRequest) -> dict[str, Any]:
        """Book the refund, call the gateway, and return the three-part reply.

        The refund stays booked whatever the gateway replies. Measured: facts of groups 07 and 12.
        """
        ids = self._bookkeeping.ids
        row_id, uuid = self._store.next_id(TRANSACTIONS), ids.hex(32)
        gateway = gateways.refund(charge, ids, lambda: self._bookkeeping.claim_error("gateway"))
        row = refunds.refund_row(
            order, charge, request, row_id=row_id, uuid=uuid, vendor_charge_id=gateway.refund_id, now=self._now
        )
        self._store.put(TRANSACTIONS, row)
        self._store.put(TRANSACTIONS, refunds.add_refunded_total(charge, request.amount, self._now))
        self._update_order(order, request)
        if gateway.error is not None:
            self._bookkeeping.log_gateway_error(order, f"Refund failed on {refunds.method_title(charge)}", gateway.error)
        return refunds.render_result(charge, gateway, self._cancel(charge) if request.cancel_subscription else None)

    def _update_order(self, order: Order, request: RefundRequest) -> None:
        """Update order, items, customer, log and stock after the new refund row."""
        refund_rows = order.refund_rows + request.amount
        synced, change = refunds.sync_totals(order, refund_rows, self._now)
        crash = _find_crash(request, change)
        self._store.put(ORDERS, replace(order, refund_rows=refund_rows) if crash else synced)
        if crash:
            raise crash
        if change:
            self._allocate(synced, request.item_ids, change)
            self._bookkeeping.recalculate_customer(synced.customer_id)
        self._bookkeeping.log_order(synced, "Order Refund", "Order Refund successfully!")
        if change:
            self._restock(synced, request)

    def _allocate(self, order: Order, item_ids: list[Any] | dict[str, Any], amount: int) -> None:
        """Add the amount to the refund totals of the requested items, or of all items of the order."""
        if len(item_ids) == 1:
            item_id = item_ids[0] if isinstance(item_ids, list) else item_ids.get("0")
            item = self._find_item(item_id, "refund_total")
            if item is None:
                raise PluginCrash('Attempt to assign property "refund_total" on null')
            self._store.put(ITEMS, replace(item, refund_total=item.refund_total + amount, updated_at=self._now))
            return
        requested = [self._find_item(item_id, "line_total") for item_id in php.values_of(item_ids)]
        own = self._store.where(ITEMS, "order_id", order.id)
        items: Sequence[Item | None] = requested or own
        for changed in refunds.allocate(items, amount, self._now):
            if isinstance(changed, PluginCrash):
                raise changed
            self._store.put(ITEMS, changed)

    def _find_item(self, item_id: Any, column: str) -> Item | None:
        """Return an item of any order: the plugin does not check the order (09-029). `column` is the one that PHP reads."""
        if isinstance(item_id, php.ARRAY):
            raise PluginCrash(f"Property [{column}] does not exist on this collection instance.")
        key = php.as_id(item_id)
        return None if key is None else self._store.get(ITEMS, key, for_update=True)

    def _restock(self, order: Order, request: RefundRequest) -> None:
        rows = php.values_of(request.refunded_items)
        if any(isinstance(row, str) for row in rows):
            raise PluginCrash("Cannot access offset of type string on string")  # Assumed: PHP 8.2's message, not recorded
        site = self._store.get(SITES, 1)
        if not request.manage_stock or site is None or not site.stock_management:
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
            self._reduce_items(order, restored)

    def _reduce_items(self, order: Order, restored: Mapping[int, int]) -> None:
        """Reduce the quantities of the order's items; an item with quantity 0 is deleted (12-010, 12-012)."""
        for item in self._store.where(ITEMS, "order_id", order.id):
            quantity = item.quantity - restored.get(php.to_int(item.object_id), 0)
            if quantity > 0:
                self._store.put(ITEMS, replace(item, quantity=quantity))
            else:
                self._store.delete(ITEMS, item.id)

    def _cancel(self, charge: Transaction) -> Cancellation | None:
        """Cancel the subscription that the charge paid for; None without one (group 08)."""
        subscription = self._store.get(SUBSCRIPTIONS, charge.subscription_id) if charge.subscription_id else None
        return self._bookkeeping.cancel_subscription(subscription, "refunded", immediately=True) if subscription else None


def _find_crash(request: RefundRequest, change: int) -> PluginCrash | None:
    """Return the PHP error of a list that is not an array. The second list is typed only if the totals change."""
    if not isinstance(request.item_ids, php.ARRAY):
        type_name = php.type_name(request.item_ids)
        problem = f"Argument #3 ($refundedItemIds) must be of type array, {type_name} given"
        return PluginCrash(f"{_EVENT}::__construct(): {problem}, called in <path>/Refund.php on line 97")
    if change and not isinstance(request.refunded_items, php.ARRAY):
        type_name = php.type_name(request.refunded_items)
        return PluginCrash(f"Cannot assign {type_name} to property {_EVENT}::$refundedItems of type array")
    return None
