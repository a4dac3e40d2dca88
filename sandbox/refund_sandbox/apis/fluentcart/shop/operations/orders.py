"""Changes of orders beyond those around a refund: edits, addresses, bulk actions (group 33)."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart import bookkeeping, errors, models, php, products
from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.errors import PluginCrash, Refusal, resource_error
from refund_sandbox.apis.fluentcart.operations import order_actions
from refund_sandbox.apis.fluentcart.php_json import stored
from refund_sandbox.apis.fluentcart.records import CUSTOMERS, ITEMS, ORDERS, TRANSACTIONS, Item, Order
from refund_sandbox.apis.fluentcart.rules import customers, orders
from refund_sandbox.apis.fluentcart.shop import fields, new_customers, order_deletion, order_taxes
from refund_sandbox.apis.fluentcart.shop.records import (
    CUSTOMER_ADDRESSES,
    ORDER_ADDRESSES,
    ORDER_TAX_RATES,
    OrderAddress,
    OrderTaxRate,
    new_id,
)
from refund_sandbox.apis.fluentcart.shop.rules import bulk_status, order_update
from refund_sandbox.apis.fluentcart.wordpress.plain_text import sanitize_text
from refund_sandbox.core.context import Reply

_ADDRESS_COLUMNS = ("name", "address_1", "address_2", "city", "state", "postcode", "country")


def update_order(context: FluentCartContext) -> Reply:
    """POST /orders/{order_id}: the whole order, in minor units."""
    order_update.check(context.document)
    found = context.find(ORDERS, context.params["order_id"])
    order = order_update.check_editable(found, context.text("status"))
    changed = order_update.update_order(order, context.document, context.rules, context.time)
    _update_items(context, order)
    bookkeeping.save_order(context, order, changed)
    for charge in bookkeeping.transactions_of(context, order):
        if charge.status == "pending" and not charge.is_refund:
            context.transaction.put(TRANSACTIONS, order_update.follow_total(charge, changed, context.time))
    _clear_tax(context, order)
    bookkeeping.log(context, models.ORDER, order.id, "Order Updated", "Order Updated successfully!")
    return Reply({"message": "Order updated successfully", "data": True})


def _update_items(context: FluentCartContext, order: Order) -> None:
    store = context.transaction
    deleted = set(map(php.to_int, php.entries(context.document.get("deletedItems"))))
    for number in deleted:
        store.delete(ITEMS, number)
    own = store.where(ITEMS, "order_id", order.id)
    known: Mapping[int, Item] = {item.id: item for item in own if item.id not in deleted}
    lines = [line for line in php.values_of(context.document["order_items"]) if isinstance(line, dict)]
    order_update.check_new_items((line for line in lines if order_update.is_new(line, deleted)), context.rules)
    find = products.finder(store)
    for position, line in enumerate(lines):
        item = known.get(php.to_int(line.get("id")))
        if item:
            store.put(ITEMS, order_update.update_item(item, line, context.time))
        elif order_update.is_new(line, deleted):
            sold, item_id = find(line.get("object_id")), new_id(store, ITEMS)
            new = order_update.make_item(order, line, item_id, sold, position=position, now=context.time)
            store.put(ITEMS, new)


def _clear_tax(context: FluentCartContext, order: Order) -> None:
    """Leave one row without tax, as each edit of an order does, and no tax of its items (33-001); 1.3.25 leaves them alone."""
    if not context.rules.generic_errors:
        return
    store, now = context.transaction, context.time
    rows = {row.tax_rate_id: row for row in store.where(ORDER_TAX_RATES, "order_id", order.id)}
    for row in rows.values():
        if row.tax_rate_id:
            store.delete(ORDER_TAX_RATES, row.id)
    row = rows.get(0) or OrderTaxRate(new_id(store, ORDER_TAX_RATES), order.id, created_at=now)
    meta = {"tax_country": "", "source": "admin_order_edit", "note": "tax_cleared"}
    store.put(ORDER_TAX_RATES, replace(row, order_tax=0, shipping_tax=0, total_tax=0, meta=meta, updated_at=now))
    for item in store.where(ITEMS, "order_id", order.id):
        if item.tax_amount and item.payment_type != "fee":
            store.put(ITEMS, replace(item, tax_amount=0))


def update_order_address(context: FluentCartContext) -> Reply:
    """PUT /orders/{order}/address/{address_id}: the ids of the body count, those of the path do not (33-043)."""
    order_id, number = (php.as_id(context.text(name)) for name in ("order_id", "id"))
    address = context.transaction.get(ORDER_ADDRESSES, number or 0, for_update=True)
    if address is None or address.order_id != order_id:
        raise resource_error(404, "The address information does not match")
    columns = {name: sanitize_text(context.document[name]) for name in _ADDRESS_COLUMNS if name in context.document}
    context.transaction.put(ORDER_ADDRESSES, replace(address, updated_at=context.time, **columns))
    order = context.transaction.get(ORDERS, address.order_id)
    if order:
        _clear_tax(context, order)
    return Reply(True)


def update_order_address_id(context: FluentCartContext) -> Reply:
    """POST /orders/{order_id}/update-address-id: copy an address of a customer, its type included (33-057)."""
    order = context.find(ORDERS, context.params["order_id"])
    if order is None:
        raise errors.not_found("Order not found")
    address = context.find(CUSTOMER_ADDRESSES, context.document.get("address_id"), for_update=False)
    if address:
        kind = "billing" if context.document.get("address_type", "billing") == "billing" else "shipping"
        columns: dict[str, Any] = {name: getattr(address, name) for name in ("type", *_ADDRESS_COLUMNS)}
        rows = context.transaction.where(ORDER_ADDRESSES, "order_id", order.id)
        before = next((row for row in rows if row.type == kind), None)
        row = before or OrderAddress(new_id(context.transaction, ORDER_ADDRESSES), order.id, created_at=context.time)
        context.transaction.put(ORDER_ADDRESSES, replace(row, updated_at=context.time, **columns))
        _clear_tax(context, order)
    body: dict[str, Any] = {"message": "Address updated successfully"}
    return Reply({**body, "order": _edited_order(context, order)} if context.rules.generic_errors else body)


def _edited_order(context: FluentCartContext, order: Order) -> dict[str, Any]:
    """Return the order with the keys that the edit of its address has loaded (33-058)."""
    row, has_taxes, store = context.reader.order(order), context.rules.tax_fields, context.transaction
    tax_number = {"customer_tax_number": "", **(order_taxes.fields(store, order) if has_taxes else {})}
    return {**row, **tax_number, "order_tax_rates": order_taxes.rates(store, order), "order_items": context.reader.items(order)}


def do_bulk_action(context: FluentCartContext) -> Reply:
    """POST /orders/do-bulk-action. The selection is checked before the action (33-066)."""
    action = context.text("action")
    if action == "delete_test_orders":
        return _delete_test_orders(context)
    order_ids = fields.ids(context.document, "order_ids")
    if not order_ids:
        raise errors.refused("Orders selection is required")
    handle = _ACTIONS.get(action)
    if handle is None:
        raise bulk_status.invalid_action()
    if context.rules.bulk_deletion_only and handle is not _delete_orders:
        context.warn(f"FluentCart {context.rules.version} itself refuses this: since 1.6.1 the bulk action only deletes orders.")
    return handle(context, order_ids)


def _existing(context: FluentCartContext, order_ids: list[int]) -> list[Order]:
    found = (context.transaction.get(ORDERS, number, for_update=True) for number in sorted(set(order_ids)))
    return [order for order in found if order]


def _delete_orders(context: FluentCartContext, order_ids: list[int]) -> Reply:
    failed = [order_id for order_id in order_ids if not order_actions.delete_if_allowed(context, order_id)]
    return Reply(orders.render_bulk_deletion(order_ids, failed))


def _change_shipping(context: FluentCartContext, _order_ids: list[int]) -> Reply:
    """Answer as if the shipping statuses were changed: the plugin writes nothing (33-091)."""
    bulk_status.check_status(context.text("new_status"), bulk_status.SHIPPING_STATUSES, "shipping")
    return Reply({"message": "Shipping Status has been changed for the selected orders"})


def _change_status(context: FluentCartContext, order_ids: list[int]) -> Reply:
    status = context.text("new_status")
    bulk_status.check_status(status, bulk_status.ORDER_STATUSES, "order")
    failed, done = [], 0
    for order in _existing(context, order_ids):
        try:
            statuses = {"order_status": status}
            changed, log_entries = orders.change_status(order, "change_order_status", statuses, context.rules, context.time)
        except Refusal:
            failed.append(order.id)
            continue
        bookkeeping.save_order(context, order, changed)
        bookkeeping.log_all(context, changed, log_entries)
        done += 1
    if not failed and not done:
        raise bulk_status.invalid_action()
    return Reply({"message": bulk_status.status_message(failed, done)})


def _change_payment(context: FluentCartContext, order_ids: list[int]) -> Reply:
    """Set the payment status of orders and of their newest charges. No gateway hears of it."""
    status = context.text("new_status")
    bulk_status.check_status(status, bulk_status.PAYMENT_STATUSES, "payment")
    failed, changed = [], []
    for order in _existing(context, order_ids):
        charge = bulk_status.latest_charge(bookkeeping.transactions_of(context, order))
        if charge is None or charge.status == status:
            failed.append(order.id)
            continue
        after, charge = bulk_status.change_payment(order, charge, status, context.time)
        context.transaction.put(TRANSACTIONS, charge)
        bookkeeping.save_order(context, order, after)
        text = f"Payment status has been updated from {order.payment_status} to {status}"
        bookkeeping.log(context, models.ORDER, after.id, "Payment status updated", text)
        changed.append(after)
    if not failed and not changed:
        raise bulk_status.invalid_action()
    message = bulk_status.payment_message(failed, len(changed), status)
    for customer_id in dict.fromkeys(order.customer_id for order in changed):
        _count_every_order(context, customer_id)
    return Reply({"message": message})


def _count_every_order(context: FluentCartContext, customer_id: int | None) -> None:
    store = context.transaction
    customer = store.get(CUSTOMERS, customer_id, for_update=True) if customer_id else None
    if customer:
        own = sorted(store.where(ORDERS, "customer_id", customer.id), key=lambda order: order.id)
        transactions = [row for order in own for row in bookkeeping.transactions_of(context, order)]
        store.put(CUSTOMERS, customers.count_every_order(customer, own, transactions, context.time))


def _capture(context: FluentCartContext, order_ids: list[int]) -> Reply:
    """Crash for every order that exists, as the plugin's function does not (33-115)."""
    if _existing(context, order_ids):
        raise PluginCrash("Call to undefined method FluentCart\\App\\Models\\Order::capturePayments()")
    return Reply({"message": "Selected payments has been successfully captured"})


_ACTIONS: Mapping[str, Callable[[FluentCartContext, list[int]], Reply]] = {
    "delete_orders": _delete_orders,
    "change_shipping_status": _change_shipping,
    "change_order_status": _change_status,
    "change_payment_status": _change_payment,
    "capture_payments": _capture,
}


def _delete_test_orders(context: FluentCartContext) -> Reply:
    """Delete the orders in test mode, 50 at a time, after `last_order_id`."""
    last = max(0, php.to_int(context.document.get("last_order_id")))
    total = order_deletion.count_test_orders(context.transaction)
    found = order_deletion.test_orders(context.transaction, last)
    batch = found[: order_deletion.BATCH]
    deleted = [number for number in batch if order_actions.delete_if_allowed(context, number)]
    return Reply(order_deletion.render_batch(found, deleted, total, last))


def create_custom_item(context: FluentCartContext) -> Reply:
    """POST /orders/{order}/create-custom: a product that is not in the catalog; nothing is saved (33-153)."""
    order: Order = context.bound("order")
    sent = context.document.get("product")
    product: Mapping[str, Any] = sent if isinstance(sent, dict) else {}
    price, quantity = product.get("item_price"), product.get("quantity")
    if php.is_empty(product.get("item_name")):
        raise errors.refused("Item must have a name!", 423)
    if php.is_empty(price) or php.is_empty(quantity):
        raise errors.refused("Price, Quantity field should not be empty or zero!", 423)
    if not (php.is_numeric(price) and php.is_numeric(quantity)):
        raise PluginCrash("Unsupported operand types: string * string")
    price, quantity = (_to_number(value) for value in (price, quantity))
    total = php.round_to_int(price * quantity)
    kind = php.to_text(product.get("fulfillment_type", "physical"))
    totals = {"item_total": total, "line_total": total, "tax_amount": 0, "discount_total": 0}
    numbers = {"order_id": order.id, "variation_type": kind, "item_price": price}
    return Reply({**stored(product), "quantity": quantity, **numbers, **totals})


def _to_number(value: Any) -> int | float:
    """Return a numeric text as PHP adds it up: `"2"` is 2, `"10.5"` is 10.5."""
    number = float(value)
    return int(number) if number.is_integer() else number


def generate_missing_licenses(context: FluentCartContext) -> Reply:
    """POST /orders/{order}/generate-missing-licenses: a crash without the Pro plugin (33-194)."""
    context.bound("order")
    raise errors.plugin_exception("Call to undefined relationship [licenses]", context.rules)


def create_and_change_customer(context: FluentCartContext) -> Reply:
    """POST /orders/{order_id}/create-and-change-customer. For an unknown order, the customer stays created."""
    customer = new_customers.create(context)
    new_customers.create_user(context, customer)
    order = context.find(ORDERS, context.params["order_id"])
    if order is None:
        refusal = errors.model_not_found("Order", context.params["order_id"])
        return Reply(refusal.body, refusal.status)
    order_actions.change_customer(context, order, customer)
    return Reply({"message": "Customer changed successfully"})


def calculate_tax(_context: FluentCartContext) -> Reply:
    """POST /orders/calculate-tax: none, as the shop has no tax rates (33-206)."""
    return Reply({"tax_total": 0, "shipping_tax": 0, "tax_lines": [], "tax_behavior": 0, "tax_country": ""})


def calculate_shipping(context: FluentCartContext) -> Reply:
    """POST /orders/calculate-shipping: a crash without a shipping method, of which the shop has none (33-205)."""
    raise errors.plugin_exception("Attempt to read property on null", context.rules)
