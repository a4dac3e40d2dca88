"""The shop's sections of a state document: schema, import and export."""

from collections.abc import Callable, Mapping
from typing import Any

from refund_sandbox.apis.fluentcart.records import VARIATIONS, Customer, Order, Variation
from refund_sandbox.apis.fluentcart.shop import defaults
from refund_sandbox.apis.fluentcart.shop.records import (
    COUPONS,
    CUSTOMER_ADDRESSES,
    INTEGRATION_FEEDS,
    LABEL_RELATIONSHIPS,
    LABELS,
    ORDER_ADDRESSES,
    ORDER_TAX_RATES,
    PAYMENT_SETTINGS,
    PRODUCTS,
    VARIANTS,
    Coupon,
    CustomerAddress,
    IntegrationFeed,
    Label,
    LabelRelationship,
    OrderAddress,
    OrderTaxRate,
    PaymentSettings,
    Product,
    Variant,
)
from refund_sandbox.core import record_schema
from refund_sandbox.core.record_schema import list_schema
from refund_sandbox.stores.protocol import ReadTransaction, RecordType, Transaction

Document = Mapping[str, Any]
Put = Callable[[RecordType[Any], Any, str], None]
"""Function that saves a record, given a pointer for the report of a duplicate id."""

LISTS: Mapping[str, RecordType[Any]] = {
    "labels": LABELS,
    "label_relationships": LABEL_RELATIONSHIPS,
    "coupons": COUPONS,
    "customer_addresses": CUSTOMER_ADDRESSES,
    "order_tax_rates": ORDER_TAX_RATES,
    "integration_feeds": INTEGRATION_FEEDS,
}
"""Sections that are lists of records."""
DATED = (Label, LabelRelationship, Coupon, CustomerAddress, OrderAddress, OrderTaxRate)
"""Records of the shop with created_at and updated_at."""

_STOCK_COLUMNS = ("manage_stock", "total_stock", "available", "on_hold", "committed", "stock_status")
_STOCK_SCHEMA = {name: record_schema.schema_of(Variation)["properties"][name] for name in _STOCK_COLUMNS}

SCHEMA: Mapping[str, Any] = {
    "products": list_schema(
        Product,
        variants=list_schema(Variant, **{**_STOCK_SCHEMA, "manage_stock": {"type": ["boolean", "integer"]}}),
    ),
    "payment_settings": {"type": "object", "additionalProperties": {"type": "object"}},
    "labels": list_schema(Label),
    "label_relationships": list_schema(LabelRelationship),
    "coupons": list_schema(Coupon),
    "customer_addresses": list_schema(CustomerAddress),
    "order_tax_rates": list_schema(OrderTaxRate),
    "integration_feeds": list_schema(IntegrationFeed),
}
ORDER_SCHEMA: Mapping[str, Any] = {"addresses": list_schema(OrderAddress)}
"""Further properties of an order."""


def load_products(store: Transaction, section: Document, put: Put) -> None:
    """Save the products with their variations. A variation that `variations` does not list gets its stock here."""
    for index, document in enumerate(section["products"]):
        pointer = f"/fluentcart/products/{index}"
        whole = defaults.product(document)
        put(PRODUCTS, record_schema.read(Product, whole), pointer)
        for number, child in enumerate(document.get("variants", [])):
            row = defaults.variant(child, whole, number + 1)
            put(VARIANTS, record_schema.read(Variant, row), f"{pointer}/variants/{number}")
            if store.get(VARIATIONS, child["id"]) is None:
                store.put(VARIATIONS, record_schema.read(Variation, defaults.stock(child)))


def load_payment_settings(store: Transaction, section: Document) -> None:
    for method, settings in section.get("payment_settings", {}).items():
        store.put(PAYMENT_SETTINGS, PaymentSettings(method, settings))


def add_customer_address(store: Transaction, customer: Customer) -> None:
    """Save the address of a customer with a city whose address book is empty."""
    number = customer.id
    known = store.get(CUSTOMER_ADDRESSES, number)
    if known or not customer.city or store.where(CUSTOMER_ADDRESSES, "customer_id", number):
        return
    row = CustomerAddress(number, number, is_primary=1, label="Home", email=customer.email, **_location(customer))
    store.put(CUSTOMER_ADDRESSES, row)


def add_order_address(store: Transaction, order: Order, customer: Customer) -> None:
    """Save the billing address of an order that has no address, if its customer has a city."""
    known = store.get(ORDER_ADDRESSES, order.id)
    if known or not customer.city or store.where(ORDER_ADDRESSES, "order_id", order.id):
        return
    dates = {"created_at": order.created_at, "updated_at": order.created_at}
    store.put(ORDER_ADDRESSES, OrderAddress(order.id, order.id, **{**_location(customer), **dates}))


def _location(customer: Customer) -> dict[str, Any]:
    return {
        "name": customer.full_name,
        "city": customer.city or "",
        "state": customer.state or "",
        "postcode": customer.postcode or "",
        "country": customer.country or "",
        "created_at": customer.created_at,
        "updated_at": customer.updated_at,
    }


def dump(store: ReadTransaction) -> dict[str, Any]:
    """Return the shop's sections. The stock of variations is in the section `variations`."""
    return {
        "products": [_product_document(store, product) for product in store.all(PRODUCTS)],
        "payment_settings": {one.method: one.settings for one in store.all(PAYMENT_SETTINGS)},
        **{name: [record_schema.write(record) for record in store.all(kind)] for name, kind in LISTS.items()},
    }


def _product_document(store: ReadTransaction, product: Product) -> dict[str, Any]:
    variants = [record_schema.write(variant) for variant in store.where(VARIANTS, "post_id", product.ID)]
    return {**record_schema.write(product), "variants": variants}


def addresses_document(store: ReadTransaction, order_id: int) -> list[dict[str, Any]]:
    """Return the addresses of an order, as in its document."""
    return [record_schema.write(row) for row in store.where(ORDER_ADDRESSES, "order_id", order_id)]
