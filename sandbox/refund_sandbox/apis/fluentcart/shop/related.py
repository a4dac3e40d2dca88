"""Records that an order names, for people: its customer, its products and its labels."""

from collections.abc import Iterator

from refund_sandbox.apis.fluentcart import models
from refund_sandbox.apis.fluentcart.records import CUSTOMERS, ITEMS, ORDERS, Order
from refund_sandbox.apis.fluentcart.shop import labels
from refund_sandbox.apis.fluentcart.shop.records import LABELS, PRODUCTS
from refund_sandbox.core.api_views import RelatedRecord
from refund_sandbox.stores.protocol import ReadTransaction


def related(store: ReadTransaction, order_id: str) -> list[RelatedRecord]:
    """Return the customer, the products and the labels of an order that exists."""
    order = store.get(ORDERS, int(order_id))
    assert order is not None
    return [*_customer(store, order), *_products(store, order), *_labels(store, order)]


def _customer(store: ReadTransaction, order: Order) -> Iterator[RelatedRecord]:
    customer = store.get(CUSTOMERS, order.customer_id) if order.customer_id else None
    if customer:
        yield RelatedRecord("customer", customer.full_name or customer.email, "getCustomer", str(customer.id))


def _products(store: ReadTransaction, order: Order) -> Iterator[RelatedRecord]:
    titles = {item.post_id: item.post_title for item in store.where(ITEMS, "order_id", order.id)}
    for number, title in titles.items():
        if store.get(PRODUCTS, number):
            yield RelatedRecord("product", title, "getProduct", str(number))


def _labels(store: ReadTransaction, order: Order) -> Iterator[RelatedRecord]:
    for row in labels.relationships(store, models.ORDER, order.id):
        label = store.get(LABELS, row.label_id)
        if label:
            yield RelatedRecord("label", label.value, "listLabels")
