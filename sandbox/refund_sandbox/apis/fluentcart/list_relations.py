"""Relations in `with[]` of orders, subscriptions, customers and log entries (group 11, group 22; reads of a running 1.3.25).

Assumed: an order has no rows of meta data, coupons and operations.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from refund_sandbox.apis.fluentcart import models
from refund_sandbox.apis.fluentcart.list_pages import Relation
from refund_sandbox.apis.fluentcart.records import (
    CUSTOMERS,
    ORDERS,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    Activity,
    Customer,
    Order,
    Subscription,
)
from refund_sandbox.apis.fluentcart.rendering import Row, transaction_row
from refund_sandbox.apis.fluentcart.shop import labels, order_taxes, product_views
from refund_sandbox.apis.fluentcart.shop.records import PRODUCTS, VARIANTS
from refund_sandbox.apis.fluentcart.views import Reader
from refund_sandbox.apis.fluentcart.wordpress.auth import has_permission

R = TypeVar("R", Order, Subscription)
Inner = TypeVar("Inner", Order, Customer)


def _address(kind: str) -> Callable[[Reader, Order], Row | None]:
    return lambda reader, order: reader.address_of_type(reader.addresses(order), kind)


def _labels(model: str) -> Callable[[Reader, Any], list[Row]]:
    return lambda reader, record: labels.relations_of(reader.store, model, record.id)


def _activities(reader: Reader, order: Order) -> list[Row]:
    """Return the log of an order, without the users who caused it."""
    entries = reader.activities(models.ORDER, order.id)
    return [{name: value for name, value in entry.items() if name != "user"} for entry in entries]


def _parent(reader: Reader, order: Order) -> Row | None:
    parent = reader.store.get(ORDERS, order.parent_id) if order.parent_id else None
    return reader.order(parent) if parent else None


def _children(reader: Reader, order: Order) -> list[Order]:
    return reader.store.where(ORDERS, "parent_id", order.id)


def _renewals(reader: Reader, order: Order) -> list[Row]:
    """Return the renewals of an order that were not ended early."""
    ended = ("canceled", "failed", "on-hold")
    return [reader.order(child) for child in _children(reader, order) if child.type == "renewal" and child.status not in ended]


def _customer_of_order(reader: Reader, order: Order) -> Row | None:
    """Return the customer of an order; since 1.6.1 with the primary billing address (22-141)."""
    customer = reader.customer_of(order)
    if customer is None or not reader.rules.allowed_relations:
        return customer
    return {**customer, "primary_billing_address": _primary_of(reader, customer["id"], "billing")}


def _primary(kind: str) -> Callable[[Reader, Customer], Row | None]:
    return lambda reader, customer: _primary_of(reader, customer.id, kind)


def _primary_of(reader: Reader, customer_id: int, kind: str) -> Row | None:
    """Return the primary address of a type, null without one."""
    return next((row for row in reader.customer_addresses(customer_id, kind) if row["is_primary"] == "1"), None)


def _addresses(kind: str) -> Callable[[Reader, Customer], list[Row]]:
    return lambda reader, customer: reader.customer_addresses(customer.id, kind)


def _subscriptions_of_customer(reader: Reader, customer: Customer) -> list[Row]:
    """Return the subscriptions of a customer, if the user may see them."""
    if not has_permission(reader.permissions, "subscriptions/view"):
        return []
    return [reader.subscription(record) for record in reader.store.where(SUBSCRIPTIONS, "customer_id", customer.id)]


def _transactions_of_subscription(reader: Reader, subscription: Subscription) -> list[Row]:
    """Return the transactions of a subscription, which belong to its first order and the renewals."""
    first = subscription.parent_order_id
    numbers = [first, *(renewal.id for renewal in reader.store.where(ORDERS, "parent_id", first))]
    rows = [row for number in numbers for row in reader.store.where(TRANSACTIONS, "order_id", number)]
    own = sorted((row for row in rows if row.subscription_id == subscription.id), key=lambda row: row.id)
    return [transaction_row(row, reader.rules) for row in own]


def _product(reader: Reader, subscription: Subscription) -> Row | None:
    product = reader.store.get(PRODUCTS, subscription.product_id)
    return product_views.ProductReader(reader.store, reader.url).whole(product, ()) if product else None


def _variation(reader: Reader, subscription: Subscription) -> Row | None:
    variant = reader.store.get(VARIANTS, subscription.variation_id)
    return product_views.variant_row(reader.store, variant) if variant else None


def _customer(reader: Reader, record: Order | Subscription) -> Customer | None:
    return reader.store.get(CUSTOMERS, record.customer_id) if record.customer_id else None


def _first_order(reader: Reader, subscription: Subscription) -> Order | None:
    return reader.store.get(ORDERS, subscription.parent_order_id)


def _inside(
    name: str,
    find: Callable[[Reader, R], Inner | None],
    row: Callable[[Reader, Inner], Row],
    relations: Mapping[str, Relation[Inner]],
) -> dict[str, Relation[R]]:
    """Return a relation to one record, and the relations of that record below its name, such as `customer.orders`."""

    def read(key: str, inner: Callable[[Reader, Inner], Any]) -> Callable[[Reader, R], Row | None]:
        def nested(reader: Reader, record: R) -> Row | None:
            found = find(reader, record)
            return {**row(reader, found), key: inner(reader, found)} if found else None

        return nested

    def plain(reader: Reader, record: R) -> Row | None:
        found = find(reader, record)
        return row(reader, found) if found else None

    return {name: (name, plain)} | {f"{name}.{inner}": (name, read(*relation)) for inner, relation in relations.items()}


OF_CUSTOMER: Mapping[str, Relation[Customer]] = {
    "orders": ("orders", Reader.orders_of),
    "billing_address": ("billing_address", _addresses("billing")),
    "shipping_address": ("shipping_address", _addresses("shipping")),
    "primary_billing_address": ("primary_billing_address", _primary("billing")),
    "primary_shipping_address": ("primary_shipping_address", _primary("shipping")),
    "labels": ("labels", _labels(models.CUSTOMER)),
}
OF_ONE_CUSTOMER: Mapping[str, Relation[Customer]] = {
    **OF_CUSTOMER,
    "subscriptions": ("subscriptions", _subscriptions_of_customer),
}
_OWN_OF_ORDER: Mapping[str, Relation[Order]] = {
    "order_items": ("order_items", Reader.items),
    "filteredOrderItems": ("filtered_order_items", Reader.items),
    "transactions": ("transactions", Reader.transactions),
    "transactionsCount": ("transactions_count", lambda reader, order: str(len(reader.transactions(order)))),
    "subscriptions": ("subscriptions", Reader.subscriptions),
    "parentOrder": ("parent_order", _parent),
    "children": ("children", lambda reader, order: [reader.order(child) for child in _children(reader, order)]),
    "renewals": ("renewals", _renewals),
    "order_addresses": ("order_addresses", Reader.addresses),
    "billing_address": ("billing_address", _address("billing")),
    "shipping_address": ("shipping_address", _address("shipping")),
    "labels": ("labels", _labels(models.ORDER)),
    "activities": ("activities", _activities),
    "orderTaxRates": ("order_tax_rates", lambda reader, order: order_taxes.plain_rates(reader.store, order)),
    "orderMeta": ("order_meta", lambda _reader, _order: []),
    "appliedCoupons": ("applied_coupons", lambda _reader, _order: []),
    "usedCoupons": ("used_coupons", lambda _reader, _order: []),
    "orderOperation": ("order_operation", lambda _reader, _order: None),
}
OF_ORDER: Mapping[str, Relation[Order]] = {
    **_inside("customer", _customer, Reader.customer, OF_CUSTOMER),
    "customer": ("customer", _customer_of_order),
    **_OWN_OF_ORDER,
}
OF_SUBSCRIPTION: Mapping[str, Relation[Subscription]] = {
    **_inside("customer", _customer, Reader.customer, OF_CUSTOMER),
    **_inside("order", _first_order, Reader.order, _OWN_OF_ORDER),
    "labels": ("labels", _labels(models.SUBSCRIPTION)),
    "transactions": ("transactions", _transactions_of_subscription),
    "product": ("product", _product),
    "variation": ("variation", _variation),
}
OF_ACTIVITY: Mapping[str, Relation[Activity]] = {
    "user": ("user", lambda reader, activity: reader.activity(activity)["user"]),
    "activity": ("activity", lambda _reader, _activity: None),  # the plugin looks for columns that the log does not have
}
