"""Reads the `fluentcart` section of a state document into an empty store, and fills in what it leaves out."""

from collections.abc import Mapping
from typing import Any, TypeVar

from refund_sandbox.apis.fluentcart import products
from refund_sandbox.apis.fluentcart.records import (
    CUSTOMERS,
    ITEMS,
    ORDERS,
    SITES,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    USERS,
    Customer,
    Item,
    Order,
    Site,
    Subscription,
    Transaction,
    User,
)
from refund_sandbox.apis.fluentcart.rules import refunds
from refund_sandbox.apis.fluentcart.state import PLAIN
from refund_sandbox.core import record_schema
from refund_sandbox.core.errors import BadDocument, Problem
from refund_sandbox.core.ids import Ids
from refund_sandbox.frozen import replace
from refund_sandbox.stores.protocol import RecordType
from refund_sandbox.stores.protocol import Transaction as StoreTransaction

R = TypeVar("R", Transaction, Item, Subscription)
T = TypeVar("T")

_DEFAULT_USER = User("admin", "admin@example.test", "demo DEMO 1234 demo DEMO 5678", ["super_admin"])
# The records that have dates, and those of them that have a uuid.
_DATED = (Order, Transaction, Item, Subscription, Customer)
_WITH_UUID = (Order, Transaction, Subscription, Customer)


class Loader:
    """One reading of a section; `now` dates what has no date."""

    def __init__(self, store: StoreTransaction, ids: Ids, now: str) -> None:
        self._problems: list[Problem] = []
        self._store = store
        self._ids = ids
        self._now = now

    def load(self, section: Mapping[str, Any]) -> None:
        """Fills the store. Raises BadDocument, listing every id that is there twice."""
        self._store.put(SITES, record_schema.read(Site, section.get("site", {})))
        users = [record_schema.read(User, document) for document in section["users"]] if "users" in section else [_DEFAULT_USER]
        for user in users:
            self._store.put(USERS, user)
        for name, kind in PLAIN.items():
            for place, document in enumerate(section.get(name, [])):
                self._put(kind, self._read(kind.record, document, self._now), f"/fluentcart/{name}/{place}")
        for place, document in enumerate(section.get("orders", [])):
            self._put_order(document, f"/fluentcart/orders/{place}")
        if self._problems:
            raise BadDocument(self._problems)
        self._fill_in({document["id"] for document in section.get("customers", [])})

    def add_order(self, document: Mapping[str, Any]) -> Order:
        """Adds one whole order to what is there. Raises BadDocument, listing every id that is taken."""
        self._put_order(document, "")
        if self._problems:
            raise BadDocument(self._problems)
        order = self._store.get(ORDERS, document["id"])
        assert order is not None
        if order.customer_id:
            customer = self._store.get(CUSTOMERS, order.customer_id) or self._default_customer(order.customer_id)
            orders = self._store.where(ORDERS, "customer_id", customer.id)
            self._store.put(CUSTOMERS, refunds.recount(customer, orders))
        return order

    def _put(self, kind: RecordType[Any], row: Any, pointer: str) -> None:
        """Keeps a record; one whose key is taken is a problem."""
        key = getattr(row, kind.key)
        if self._store.get(kind, key) is not None:
            self._problems.append(Problem(f"{pointer}/{kind.key}", f"{key} is there twice"))
        self._store.put(kind, row)

    def _put_order(self, document: Mapping[str, Any], pointer: str) -> None:
        """Keeps an order with its own records."""
        created_at = document.get("created_at") or document.get("completed_at") or self._now
        order = self._read(Order, {**document, "created_at": created_at}, created_at)
        like = {"order_type": order.type, "payment_method": order.payment_method, "payment_mode": order.mode}
        charges = self._put_children(TRANSACTIONS, document, pointer, order, {**like, "currency": order.currency})
        self._put_children(ITEMS, _with_lines(document), pointer, order, {})
        owner = {"parent_order_id": order.id, "customer_id": order.customer_id or 0}
        self._put_children(SUBSCRIPTIONS, _with_subscriptions(document), pointer, order, owner)
        self._put(ORDERS, replace(order, refund_rows=sum(row.total for row in charges if row.is_refund)), pointer)

    def _put_children(
        self, kind: RecordType[R], document: Mapping[str, Any], pointer: str, order: Order, defaults: Mapping[str, Any]
    ) -> list[R]:
        """Keeps the order's records of one kind, oldest first; what is left out comes from the order."""
        name = kind.name.partition(".")[2] + "s"
        own = {} if kind.record is Subscription else {"order_id": order.id}
        rows = []
        for place, listed in sorted(enumerate(document.get(name, [])), key=lambda pair: int(pair[1]["id"])):
            rows.append(self._read(kind.record, {**defaults, **listed, **own}, order.created_at))
            self._put(kind, rows[-1], f"{pointer}/{name}/{place}")
        return rows

    def _read(self, record: type[T], document: Mapping[str, Any], created_at: str) -> T:
        """A record with its dates and, where it has one, its uuid filled in."""
        given: dict[str, Any] = {}
        if record in _DATED:
            given["created_at"] = document.get("created_at") or created_at
            given["updated_at"] = document.get("updated_at") or given["created_at"]
        if record in _WITH_UUID:
            given["uuid"] = document.get("uuid") or self._ids.hex(32)
        return record_schema.read(record, document, **given)

    def _fill_in(self, listed: set[int]) -> None:
        """The customers and subscriptions that orders name but the document leaves out; figures of customers it leaves out."""
        store = self._store
        for order in store.all(ORDERS):
            if order.customer_id and store.get(CUSTOMERS, order.customer_id) is None:
                store.put(CUSTOMERS, self._default_customer(order.customer_id))
            for charge in store.where(TRANSACTIONS, "order_id", order.id) if order.type == "renewal" else ():
                wanted = charge.subscription_id
                if wanted and store.get(SUBSCRIPTIONS, wanted) is None:
                    store.put(SUBSCRIPTIONS, self._default_subscription(wanted, order, charge))
        for customer in store.all(CUSTOMERS):
            if customer.id not in listed:
                store.put(CUSTOMERS, refunds.recount(customer, store.where(ORDERS, "customer_id", customer.id)))

    def _default_customer(self, customer_id: int) -> Customer:
        email = f"customer{customer_id}@example.test"
        document = {"id": customer_id, "email": email, "first_name": "Customer", "last_name": str(customer_id)}
        return self._read(Customer, document, self._now)

    def _default_subscription(self, subscription_id: int, order: Order, charge: Transaction) -> Subscription:
        """The subscription that a renewal names without its parent order."""
        document = {
            "id": subscription_id,
            "parent_order_id": order.parent_id or 0,
            "customer_id": order.customer_id or 0,
            "vendor_subscription_id": f"sub_ok_{subscription_id}",
            "current_payment_method": charge.payment_method,
            "recurring_total": order.total_amount,
        }
        return self._read(Subscription, document, order.created_at)


def _with_lines(document: Mapping[str, Any]) -> dict[str, Any]:
    """An order whose lines say what they are of."""
    return {**document, "items": [{**products.item_defaults(item), **item} for item in document.get("items", [])]}


def _with_subscriptions(document: Mapping[str, Any]) -> dict[str, Any]:
    """An order whose subscriptions say what follows from its lines and charges."""
    items, charges = document.get("items", []), document.get("transactions", [])
    begun = document.get("subscriptions", [])
    return {**document, "subscriptions": [{**products.subscription_defaults(one, items, charges), **one} for one in begun]}
