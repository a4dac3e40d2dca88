"""Schema and import of the `fluentcart` section of a state document, with defaults for missing fields and records."""

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart import products
from refund_sandbox.apis.fluentcart.records import (
    ACTIVITIES,
    CUSTOMERS,
    ITEMS,
    ORDERS,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    VARIATIONS,
    Activity,
    Customer,
    Item,
    Order,
    Subscription,
    Transaction,
    Variation,
)
from refund_sandbox.apis.fluentcart.rules import customers
from refund_sandbox.apis.fluentcart.shop import defaults, sections
from refund_sandbox.apis.fluentcart.shop.records import ORDER_ADDRESSES, OrderAddress
from refund_sandbox.apis.fluentcart.site_records import MAX_WEBHOOKS, SITES, USERS, WEBHOOKS, Site, User, Webhook
from refund_sandbox.core import record_schema
from refund_sandbox.core.errors import BadDocument, Problem
from refund_sandbox.core.record_schema import list_schema
from refund_sandbox.stores.protocol import Record, RecordType
from refund_sandbox.stores.protocol import Transaction as StoreTransaction

R = TypeVar("R", Transaction, Item, Subscription)
T = TypeVar("T", bound=Record)

_DEFAULT_USER = User("admin", "admin@example.test", "demo DEMO 1234 demo DEMO 5678", ["super_admin"])
_FIRST_INVOICE = 1000
"""The order id below the one with the default invoice number INV-1, as in the recorded shop."""
# Record types with created_at and updated_at, and those of them with a uuid.
_DATED = (Order, Transaction, Item, Subscription, Customer, *sections.DATED)
_WITH_UUID = (Order, Transaction, Subscription, Customer)


SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "site": record_schema.schema_of(Site),
        "users": list_schema(User),
        "customers": list_schema(Customer),
        "variations": list_schema(Variation),
        "activities": list_schema(Activity),
        "webhooks": {**list_schema(Webhook), "maxItems": MAX_WEBHOOKS},
        "subscriptions": list_schema(Subscription),
        **sections.SCHEMA,
        "orders": list_schema(
            Order,
            transactions=list_schema(Transaction),
            items=list_schema(Item),
            subscriptions=list_schema(Subscription),
            **sections.ORDER_SCHEMA,
        ),
    },
}


# Top-level lists but `users` and `orders`. `subscriptions` has those whose parent order is not in the document.
TOP_LEVEL_LISTS: Mapping[str, RecordType[Any]] = {
    "customers": CUSTOMERS,
    "variations": VARIATIONS,
    "activities": ACTIVITIES,
    "webhooks": WEBHOOKS,
    "subscriptions": SUBSCRIPTIONS,
    **sections.LISTS,
}


class Loader:
    """Import of one section; `now` is the default of its dates."""

    def __init__(self, store: StoreTransaction, now: str) -> None:
        self._problems: list[Problem] = []
        self._store = store
        self._now = now
        self._find = cache(products.finder(store))

    def load(self, section: Mapping[str, Any]) -> None:
        """Fill the empty store. Raises BadDocument with every duplicate id."""
        section = {**defaults.lists(section), **section}
        self._store.put(SITES, record_schema.read(Site, section.get("site", {})))
        users = [record_schema.read(User, document) for document in section["users"]] if "users" in section else [_DEFAULT_USER]
        for user in users:
            self._store.put(USERS, user)
        for name, record_type in TOP_LEVEL_LISTS.items():
            for index, document in enumerate(section.get(name, ())):
                record = self._read(record_type.record, document, self._now)
                self._put(record_type, record, f"/fluentcart/{name}/{index}")
        sections.load_products(self._store, section, self._put)
        sections.load_payment_settings(self._store, section)
        for index, document in enumerate(section.get("orders", [])):
            self._put_order(document, f"/fluentcart/orders/{index}")
        if self._problems:
            raise BadDocument(self._problems)
        self._add_missing_records(section)

    def add_order(self, document: Mapping[str, Any]) -> Order:
        """Add one whole order to the store. Raises BadDocument with every duplicate id."""
        self._put_order(document, "")
        if self._problems:
            raise BadDocument(self._problems)
        order = self._store.get(ORDERS, document["id"])
        assert order is not None
        if order.customer_id:
            customer = self._store.get(CUSTOMERS, order.customer_id) or self._default_customer(order.customer_id)
            orders = self._store.where(ORDERS, "customer_id", customer.id)
            self._store.put(CUSTOMERS, customers.recalculate(customer, orders, customer.updated_at))
            if "addresses" not in document:
                sections.add_order_address(self._store, order, customer)
        return order

    def add_order_of(self, customer: Mapping[str, Any], order: Mapping[str, Any]) -> None:
        """Add a new customer without a city, and their order. Raises BadDocument with every duplicate id."""
        self._put(CUSTOMERS, self._read(Customer, customer, self._now), "")
        self._put_order(order, "")
        if self._problems:
            raise BadDocument(self._problems)

    def _put(self, record_type: RecordType[Any], record: Any, pointer: str) -> None:
        """Save a record, and report a duplicate key as a problem."""
        key = getattr(record, record_type.key)
        if self._store.get(record_type, key) is not None:
            self._problems.append(Problem(f"{pointer}/{record_type.key}", f"Duplicate {record_type.key} '{key}'."))
        self._store.put(record_type, record)

    def _put_order(self, document: Mapping[str, Any], pointer: str) -> None:
        created_at = document.get("created_at") or document.get("completed_at") or self._now
        order = self._read(Order, {**_order_defaults(document), **document, "created_at": created_at}, created_at)
        fields = {
            "order_type": order.type,
            "payment_method": order.payment_method,
            "payment_mode": order.mode,
            "currency": order.currency,
        }
        charges = self._put_children(TRANSACTIONS, document, pointer, order, fields)
        find = self._find
        item_fields = {"fulfillment_type": order.fulfillment_type}
        self._put_children(ITEMS, _with_item_defaults(document, find), pointer, order, item_fields)
        owner = {"parent_order_id": order.id, "customer_id": order.customer_id or 0}
        self._put_children(SUBSCRIPTIONS, _with_subscription_defaults(document, find), pointer, order, owner)
        for index, address in enumerate(document.get("addresses", [])):
            row = {**address, "order_id": order.id}
            self._put(ORDER_ADDRESSES, self._read(OrderAddress, row, order.created_at), f"{pointer}/addresses/{index}")
        self._put(ORDERS, replace(order, refund_rows=sum(row.total for row in charges if row.is_refund)), pointer)

    def _put_children(
        self, record_type: RecordType[R], document: Mapping[str, Any], pointer: str, order: Order, defaults: Mapping[str, Any]
    ) -> list[R]:
        """Save and return the order's records of one type, by id. Missing fields get their defaults from the order."""
        name = record_type.name.partition(".")[2] + "s"
        link = {} if record_type.record is Subscription else {"order_id": order.id}
        records = []
        for index, child in sorted(enumerate(document.get(name, [])), key=lambda pair: int(pair[1]["id"])):
            records.append(self._read(record_type.record, {**defaults, **child, **link}, order.created_at))
            self._put(record_type, records[-1], f"{pointer}/{name}/{index}")
        return records

    def _read(self, record: type[T], document: Mapping[str, Any], created_at: str) -> T:
        """Read a record, with defaults for its dates and its uuid, which is the id as in the recorded shop."""
        extra: dict[str, Any] = {}
        if record in _DATED:
            extra["created_at"] = document.get("created_at") or created_at
            extra["updated_at"] = document.get("updated_at") or extra["created_at"]
        if record in _WITH_UUID:
            extra["uuid"] = document.get("uuid", f"{int(document['id']):032x}")
        return record_schema.read(record, document, **extra)

    def _add_missing_records(self, section: Mapping[str, Any]) -> None:
        """Add customers and subscriptions that only orders name, and calculate the statistics of unlisted customers.

        A customer with a city has an address, and so have their orders, unless the section lists the addresses.
        """
        store = self._store
        listed_customers = {document["id"] for document in section["customers"]}
        with_addresses = {document["id"] for document in section.get("orders", []) if "addresses" in document}
        for order in store.all(ORDERS):
            if order.customer_id and store.get(CUSTOMERS, order.customer_id) is None:
                store.put(CUSTOMERS, self._default_customer(order.customer_id))
            customer = store.get(CUSTOMERS, order.customer_id) if order.customer_id else None
            if customer and customer.city and order.id not in with_addresses:
                sections.add_order_address(store, order, customer)
            for charge in store.where(TRANSACTIONS, "order_id", order.id) if order.type == "renewal" else ():
                subscription_id = charge.subscription_id
                if subscription_id and store.get(SUBSCRIPTIONS, subscription_id) is None:
                    store.put(SUBSCRIPTIONS, self._default_subscription(subscription_id, order, charge))
        for customer in store.all(CUSTOMERS):
            if "customer_addresses" not in section:
                sections.add_customer_address(store, customer)
            if customer.id not in listed_customers:
                own = store.where(ORDERS, "customer_id", customer.id)
                store.put(CUSTOMERS, customers.recalculate(customer, own, customer.updated_at))

    def _default_customer(self, customer_id: int) -> Customer:
        email = f"customer{customer_id}@example.test"
        document = {"id": customer_id, "email": email, "first_name": "Customer", "last_name": str(customer_id)}
        return self._read(Customer, document, self._now)

    def _default_subscription(self, subscription_id: int, order: Order, charge: Transaction) -> Subscription:
        """Return the subscription of a renewal whose parent order is not in the document."""
        document = {
            "id": subscription_id,
            "parent_order_id": order.parent_id or 0,
            "customer_id": order.customer_id or 0,
            "vendor_subscription_id": f"sub_ok_{subscription_id}",
            "current_payment_method": charge.payment_method,
            "recurring_total": order.total_amount,
        }
        return self._read(Subscription, document, order.created_at)


def _order_defaults(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the defaults that follow from an order's own fields."""
    number = int(document["id"])  # JSON may write it as 1.0
    return {
        "invoice_no": f"INV-{number - _FIRST_INVOICE if number > _FIRST_INVOICE else number}",
        "subtotal": document.get("total_amount", 0),
    }


def _with_item_defaults(document: Mapping[str, Any], find: products.Find) -> dict[str, Any]:
    return {**document, "items": [{**products.item_defaults(item, find), **item} for item in document.get("items", [])]}


def _with_subscription_defaults(document: Mapping[str, Any], find: products.Find) -> dict[str, Any]:
    items, charges = document.get("items", []), document.get("transactions", [])
    subscriptions = [
        {**products.subscription_defaults(subscription, items, charges, find), **subscription}
        for subscription in document.get("subscriptions", [])
    ]
    return {**document, "subscriptions": subscriptions}
