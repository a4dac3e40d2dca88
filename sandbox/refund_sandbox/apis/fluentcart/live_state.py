"""State documents from replies of a shop: whole orders become orders, customers, products, labels and log entries."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from refund_sandbox.apis.fluentcart import models, php
from refund_sandbox.apis.fluentcart.records import (
    Activity,
    Customer,
    Item,
    Order,
    Subscription,
    Transaction,
    Variation,
)
from refund_sandbox.apis.fluentcart.shop.records import (
    CustomerAddress,
    Label,
    LabelRelationship,
    OrderAddress,
    Product,
    Variant,
)
from refund_sandbox.core.record_fields import fitting_fields, rows_with

Row = Mapping[str, Any]
Document = dict[str, Any]
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)\+00:00")
_VARIANT_NAMES = {"title": "variation_title", "price": "item_price"}
"""Fields of a variation that the plugin's replies name differently."""


def read_section(orders: Iterable[Row], rows: Iterable[Row], addresses: Iterable[Row]) -> Document:
    """Return the orders' part of the `fluentcart` section.

    `orders` are bodies of GET /orders/{id}, `rows` are orders of lists, `addresses` are those of customers. A whole order
    replaces its row.
    """
    section = _Section()
    for row in rows_with(list(rows), "id"):
        section.orders[row["id"]] = _document(Order, row)
    for body in orders:
        section.add(body)
    lists = {name: list(getattr(section, name).values()) for name in section.__struct_fields__}
    return {**lists, "customer_addresses": _documents(CustomerAddress, list(addresses), "customer_id")}


class _Section(Struct):
    """Lists of the section, by the id of their entries."""

    orders: dict[Any, Document] = {}
    customers: dict[Any, Document] = {}
    products: dict[Any, Document] = {}
    activities: dict[Any, Document] = {}
    labels: dict[Any, Document] = {}
    label_relationships: dict[Any, Document] = {}

    def add(self, body: Row) -> None:
        """Add a whole order with its relations."""
        order = body["order"]
        self.orders[order["id"]] = _order_document(order)
        for row in rows_with([order.get("customer")], "id"):
            self.customers[row["id"]] = _document(Customer, row)
        for row in rows_with(order.get("activities"), "id"):
            self.activities[row["id"]] = _document(Activity, row)
        for item in rows_with(order.get("order_items"), "id"):
            self._add_variant(item)
        for row in rows_with(order.get("labels"), "id", "label_id"):
            self._add_label(row, order["id"])

    def _add_variant(self, item: Row) -> None:
        """Add the variation of an item to its product."""
        for row in rows_with([item.get("variants")], "id"):
            number = php.to_int(row.get("post_id") or item.get("post_id"))
            product = self.products.setdefault(number, {**_product(item, number), "variants": []})
            known = (variant["id"] for other in self.products.values() for variant in other["variants"])
            if row["id"] not in known:
                product["variants"].append(_variant(row))

    def _add_label(self, row: Row, order_id: int) -> None:
        """Add the label that a relation names, and the relation."""
        label = next(iter(rows_with([row.get("label")], "id")), {"id": row["label_id"], "value": ""})
        self.labels[label["id"]] = _document(Label, label)
        self.label_relationships[row["id"]] = {"labelable_type": models.ORDER, "labelable_id": order_id} | _document(
            LabelRelationship, row
        )


def _order_document(order: Row) -> Document:
    """Return an order with its rows. A renewal shows the subscriptions of its first order, which are not its own."""
    subscriptions = rows_with(order.get("subscriptions"), "id", "parent_order_id")
    own = [row for row in subscriptions if php.to_int(row["parent_order_id"]) == order["id"]]
    return {
        **_document(Order, order),
        "transactions": _documents(Transaction, order.get("transactions")),
        "items": _documents(Item, order.get("order_items")),
        "subscriptions": [_document(Subscription, row) for row in own],
        "addresses": _documents(OrderAddress, order.get("order_addresses")),
    }


def _documents(record: type[Struct], rows: Any, *names: str) -> list[Document]:
    """Return a document for each row with an id."""
    documents = (_document(record, row) for row in rows_with(rows, "id", *names))
    return [document for document in documents if "id" in document]


def _product(item: Row, number: int) -> Document:
    title = item.get("post_title")
    return {"ID": number, **_document(Product, {"post_title": title, "fulfillment_type": item.get("fulfillment_type")})}


def _variant(row: Row) -> Document:
    named = {**row, **{name: row[live] for name, live in _VARIANT_NAMES.items() if live in row}}
    stock = _document(Variation, {**row, "manage_stock": row.get("manage_stock") in ("1", 1, True)})
    return {**stock, **_document(Variant, named)}


def _document(record: type[Struct], row: Row) -> Document:
    return fitting_fields(record, row, _value)


def _value(value: Any) -> Any:
    """Return a date without its zone, as the database stores it."""
    found = _ISO.fullmatch(value) if isinstance(value, str) else None
    return f"{found[1]} {found[2]}" if found else value
