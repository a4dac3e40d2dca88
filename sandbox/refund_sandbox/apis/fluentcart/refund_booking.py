"""The steps of a refund in the plugin's order. Each is written before the next, as a crash does not undo earlier steps."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart import bookkeeping, gateways, models, php
from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.errors import PluginCrash
from refund_sandbox.apis.fluentcart.gateways import Cancellation, GatewayReply
from refund_sandbox.apis.fluentcart.records import (
    ITEMS,
    ORDERS,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    VARIATIONS,
    Item,
    Order,
    Transaction,
)
from refund_sandbox.apis.fluentcart.rules import refunds
from refund_sandbox.apis.fluentcart.rules.refunds import RefundRequest
from refund_sandbox.stores.protocol import Transaction as StoreTransaction

_EVENT = "FluentCart\\App\\Events\\Order\\OrderRefund"


def book(context: FluentCartContext, order: Order, charge: Transaction, request: RefundRequest) -> dict[str, Any]:
    """Book the refund, call the gateway, and return the three-part reply.

    Raise PluginCrash at the steps where PHP raises an uncaught error. The refund stays booked whatever the gateway replies.
    Measured: facts of groups 07 and 12.
    """
    transaction, ids, now = context.transaction, context.ids, context.time
    row_id, uuid = transaction.next_id(TRANSACTIONS), ids.hex(32)
    gateway = gateways.refund(
        charge, request.reason, context.rules, ids, lambda: context.gateway_error("gateway", transaction_id=charge.id)
    )
    row = refunds.refund_row(order, charge, request, row_id=row_id, uuid=uuid, vendor_charge_id=gateway.refund_id, now=now)
    transaction.put(TRANSACTIONS, row)
    transaction.put(TRANSACTIONS, refunds.add_refunded_total(charge, request.amount, now))
    _update_order(context, order, request, gateway)
    if gateway.error is not None:
        title = f"Refund failed on {refunds.method_title(charge)}"
        bookkeeping.log(context, models.ORDER, order.id, title, gateway.error, name="order", status="warning", log_type="api")
    return refunds.render_result(charge, gateway, _cancel(context, charge) if request.cancel_subscription else None)


def _update_order(context: FluentCartContext, order: Order, request: RefundRequest, gateway: GatewayReply) -> None:
    """Update order, items, customer, log and stock after the new refund row."""
    refund_rows = order.refund_rows + request.amount
    synced, change = refunds.sync_totals(order, refund_rows, context.rules, context.time)
    crash = _find_crash(request, gateway, change)
    bookkeeping.save_order(context, order, replace(order, refund_rows=refund_rows) if crash else synced)
    if crash:
        raise crash
    if change:
        _allocate(context, synced, request.item_ids, change)
        bookkeeping.recalculate_customer(context, synced.customer_id)
    bookkeeping.log(context, models.ORDER, synced.id, "Order Refund", "Order Refund successfully!")
    if change and request.refunded_items:
        _restock(context, synced, request)


def _allocate(context: FluentCartContext, order: Order, item_ids: list[Any] | dict[str, Any], amount: int) -> None:
    """Add the amount to the refund totals of the requested items, or of all items of the order."""
    transaction = context.transaction
    if len(item_ids) == 1:
        item_id = item_ids[0] if isinstance(item_ids, list) else item_ids.get("0")
        item = _find_item(context, item_id, "refund_total")
        if item is None:
            raise PluginCrash('Attempt to assign property "refund_total" on null')
        transaction.put(ITEMS, replace(item, refund_total=item.refund_total + amount, updated_at=context.time))
        return
    items: Sequence[Item | None]
    if item_ids:
        items = [_find_item(context, item_id, "line_total") for item_id in php.values_of(item_ids)]
    else:
        items = [*transaction.where(ITEMS, "order_id", order.id)]
    for changed in refunds.allocate(items, amount, context.time):
        if isinstance(changed, PluginCrash):
            raise changed
        transaction.put(ITEMS, changed)


def _find_item(context: FluentCartContext, item_id: Any, column: str) -> Item | None:
    """Return an item of any order: the plugin does not check the order (09-029). `column` is the one that PHP reads."""
    if isinstance(item_id, php.ARRAY):
        raise PluginCrash(f"Property [{column}] does not exist on this collection instance.")
    return context.find(ITEMS, item_id)


def _restock(context: FluentCartContext, order: Order, request: RefundRequest) -> None:
    rows, transaction = php.values_of(request.refunded_items), context.transaction
    if any(isinstance(row, str) for row in rows):
        raise PluginCrash("Cannot access offset of type string on string")  # Assumed: PHP 8.2's message, not recorded
    if not request.manage_stock or not context.site.stock_management:
        return
    restored: dict[int, int] = {}
    for row in (row for row in rows if isinstance(row, Mapping)):
        quantity = php.to_int(row.get("restore_quantity"))
        variation = context.find(VARIATIONS, row.get("variation_id"))
        if variation is None or not variation.manage_stock or quantity <= 0:
            continue
        order, variation = refunds.restock(order, variation, row.get("id"), quantity)
        transaction.put(VARIATIONS, variation)
        restored[variation.id] = quantity
    if restored:
        transaction.put(ORDERS, order)
        _reduce_items(transaction, order, restored)


def _reduce_items(transaction: StoreTransaction, order: Order, restored: Mapping[int, int]) -> None:
    """Reduce the quantities of the order's items; an item with quantity 0 is deleted (12-010, 12-012)."""
    for item in transaction.where(ITEMS, "order_id", order.id):
        quantity = item.quantity - restored.get(php.to_int(item.object_id), 0)
        if quantity > 0:
            transaction.put(ITEMS, replace(item, quantity=quantity))
        else:
            transaction.delete(ITEMS, item.id)


def _cancel(context: FluentCartContext, charge: Transaction) -> Cancellation | None:
    """Cancel the subscription that the charge paid for; None without one (group 08)."""
    subscription = context.transaction.get(SUBSCRIPTIONS, charge.subscription_id or 0, for_update=True)
    if subscription is None:
        return None
    return bookkeeping.cancel_subscription(context, subscription, "refunded", immediately=True, transaction_id=charge.id)


def _find_crash(request: RefundRequest, gateway: GatewayReply, change: int) -> PluginCrash | None:
    """Return the PHP error of the gateway, or of a list that is not an array.

    The second list is typed only if the totals change.
    """
    if gateway.crash is not None:
        return PluginCrash(gateway.crash)
    if not isinstance(request.item_ids, php.ARRAY):
        type_name = php.type_name(request.item_ids)
        problem = f"Argument #3 ($refundedItemIds) must be of type array, {type_name} given"
        return PluginCrash(f"{_EVENT}::__construct(): {problem}, called in <path>/Refund.php on line 97")
    if change and not isinstance(request.refunded_items, php.ARRAY):
        type_name = php.type_name(request.refunded_items)
        return PluginCrash(f"Cannot assign {type_name} to property {_EVENT}::$refundedItems of type array")
    return None
