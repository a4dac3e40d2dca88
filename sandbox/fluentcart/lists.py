"""The plugin's lists: which records they show, and what they add when asked `with` it (facts §10, group 11)."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sandbox.fluentcart import pages, people, php, reads, rows
from sandbox.fluentcart.pages import Query
from sandbox.fluentcart.reads import Reader
from sandbox.fluentcart.records import (
    CUSTOMERS,
    ITEMS,
    ORDERS,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    Customer,
    Order,
    Subscription,
)
from sandbox.fluentcart.refunds import PluginCrash
from sandbox.fluentcart.rows import Row
from sandbox.fluentcart.search import Searchable, is_found
from sandbox.fluentcart.wordpress import PhpObject
from sandbox.stores import Kind, Part

R = TypeVar("R", Order, Subscription, Customer)
Relation = tuple[str, Callable[[Reader, R], Any]]
"""The key under which a relation shows, and what it is."""


@dataclass(frozen=True)
class _List(Generic[R]):
    """One list. `views` are `active_view` → the column and the value that a record must have."""

    kind: Kind[R]
    columns: Mapping[str, str]
    views: Mapping[str, tuple[str, str]]
    searchable: Callable[[Reader, R], Searchable]
    row: Callable[[Reader, R], Row]
    relations: Mapping[str, Relation[R]]
    allowed: Collection[str]
    """The relations that are left since 1.6.1, which drops the others without a word."""


def orders(reader: Reader, query: Query) -> Row:
    """GET /orders."""
    return {"orders": _page(reader, query, _ORDERS, _selection(reader, query))}


def subscriptions(reader: Reader, query: Query) -> Row:
    """GET /subscriptions."""
    return {"data": _page(reader, query, _SUBSCRIPTIONS)}


def customers(reader: Reader, query: Query) -> Row:
    """GET /customers."""
    return {"customers": _page(reader, query, _CUSTOMERS)}


def customer(reader: Reader, query: Query, customer_id: str) -> Row:
    """GET /customers/{customer_id}, which takes `with[]` as lists do (11-120)."""
    found = reads.find_customer(reader, customer_id)
    return {"customer": reader.whole_customer(found, _related(reader, query, _CUSTOMERS)(found))}


def _page(reader: Reader, query: Query, listed: _List[R], select: Callable[[Row], Row] = lambda row: row) -> PhpObject:
    related = _related(reader, query, listed)
    statuses = _statuses(reader, query) if listed is _ORDERS else {}
    view = listed.views.get(query.text("active_view"))
    column, downwards = pages.order_of(query, listed.columns)
    if query.text("search") or statuses or column != "id":
        shown = pages.cut(pages.sort(_search(reader, query, listed, view, statuses), query, listed.columns), query)
    else:
        part = Part((query.page - 1) * query.per_page, query.per_page, downwards, view)
        shown = pages.Shown(*reader.store.page(listed.kind, part))
    return pages.paginate(shown, query, lambda record: {**select(listed.row(reader, record)), **related(record)})


def _search(
    reader: Reader, query: Query, listed: _List[R], view: tuple[str, str] | None, statuses: Mapping[str, Collection[str]]
) -> list[R]:
    """What the store can't find by itself: every record is looked at."""
    records = reader.store.where(listed.kind, *view) if view else reader.store.all(listed.kind)
    for column, wanted in statuses.items():
        records = [record for record in records if getattr(record, column) in wanted]
    text = query.text("search")
    return [record for record in records if is_found(text, listed.searchable(reader, record))] if text else records


def _related(reader: Reader, query: Query, listed: _List[R]) -> Callable[[R], Row]:
    """Reads the relations in `with[]`. One that is not known is a crash of 1.3.25 (11-123) and nothing elsewhere."""
    known = listed.relations if reader.version == "1.3.25" else _only(listed.relations, listed.allowed)
    names = _asked_with(reader, query)
    for name in names:
        if reader.crashes and name not in known and name != "labels":
            model = f"FluentCart\\App\\Models\\{listed.kind.record.__name__}"
            raise PluginCrash(f"Call to undefined relationship [{name}] on model [{model}].")
    wanted = _only(known, names).values()
    return lambda record: {key: read(reader, record) for key, read in wanted}


def _only(relations: Mapping[str, Relation[R]], names: Collection[str]) -> Mapping[str, Relation[R]]:
    return {name: relation for name, relation in relations.items() if name in names}


def _asked_with(reader: Reader, query: Query) -> list[str]:
    """The names in `with[]`. A plain `with` is a crash of 1.3.25 (11-049) and asks for nothing elsewhere."""
    asked = query.get.get("with", {})
    if isinstance(asked, dict):
        return [name for name in asked.values() if isinstance(name, str)]
    if reader.crashes:
        raise PluginCrash("Cannot assign string to property FluentCart\\App\\Services\\Filter\\BaseFilter::$with of type array")
    return []


# Documented filters, over which 1.3.25 falls: it takes their names for columns (11-045, 11-152).
_STATUS_FILTERS = {"payment_statuses": "payment_status", "order_statuses": "status", "shipping_statuses": "shipping_status"}


def _statuses(reader: Reader, query: Query) -> dict[str, Collection[str]]:
    """The columns that are filtered, and the values that they may have."""
    found: dict[str, Collection[str]] = {}
    for name, column in _STATUS_FILTERS.items():
        if name in query.get and reader.crashes:
            raise PluginCrash(f"Unknown column '{name}' in 'WHERE'")  # without the SQL that the plugin shows here
        given = query.get.get(name)
        wanted = php.values_of(given) if isinstance(given, dict) else [given] if given else []
        if wanted:
            found[column] = wanted
    return found


def _selection(reader: Reader, query: Query) -> Callable[[Row], Row]:
    """Cuts a row down to the columns in `select`. One that is not known is a crash of 1.3.25 (11-048) and nothing elsewhere."""
    names = [name.strip() for name in query.text("select").split(",") if name.strip()]
    unknown = next((name for name in names if name not in rows.ORDER), None)
    if unknown and reader.crashes:
        raise PluginCrash(f"Unknown column '{unknown}' in 'SELECT'")
    return lambda row: {name: value for name, value in row.items() if name in names} if names else row


def _searchable_order(reader: Reader, order: Order) -> Searchable:
    """Free text looks at the invoice, the customer and the titles of the lines, but not at the id."""
    person = _person(reader, order.customer_id)
    titles = [title for item in reader.store.where(ITEMS, "order_id", order.id) for title in (item.post_title, item.title)]
    words = {"status": order.status, "payment": order.payment_status, "payment_by": order.payment_method}
    return Searchable([order.invoice_no, *person, *titles], {"id": order.id}, words, {"customer": person})


def _searchable_subscription(reader: Reader, subscription: Subscription) -> Searchable:
    """Free text looks at the id with its number sign (11-088) and the customer (11-089). Assumed: and at the product."""
    texts = [f"#{subscription.id}", *_person(reader, subscription.customer_id), subscription.item_name]
    return Searchable(texts, {"id": subscription.id}, {"status": subscription.status}, {})


def _searchable_customer(reader: Reader, customer: Customer) -> Searchable:
    return Searchable(_person(reader, customer.id), {"id": customer.id}, {}, {})


def _person(reader: Reader, customer_id: int | None) -> list[str]:
    found = reader.store.get(CUSTOMERS, customer_id) if customer_id else None
    return [people.full_name(found), found.email] if found else []


def _count_transactions(reader: Reader, order: Order) -> str:
    return str(len(reader.store.where(TRANSACTIONS, "order_id", order.id)))


def _customer_of_subscription(reader: Reader, subscription: Subscription) -> Row | None:
    found = reader.store.get(CUSTOMERS, subscription.customer_id)
    return reader.customer(found) if found else None


_STATUSES = "pending intended trialing active canceled paused past_due expired failing expiring completed".split()

_ORDERS = _List(
    ORDERS,
    rows.ORDER,
    {
        **{status: ("payment_status", status) for status in ("paid", "refunded", "partially_refunded")},
        **{status: ("status", status) for status in ("completed", "processing", "on-hold")},
        **{kind: ("type", kind) for kind in ("renewal", "subscription")},
        "onetime": ("type", "onetime"),  # finds nothing: the type that is stored is `payment` (11-042)
    },
    _searchable_order,
    Reader.order,
    {
        "customer": ("customer", Reader.customer_of),
        "order_items": ("order_items", Reader.items),
        "transactions": ("transactions", Reader.transactions),
        "transactionsCount": ("transactions_count", _count_transactions),
        "subscriptions": ("subscriptions", Reader.subscriptions),
    },
    ("customer", "order_items"),
)
_SUBSCRIPTIONS = _List(
    SUBSCRIPTIONS,
    rows.SUBSCRIPTION,
    {status: ("status", status) for status in _STATUSES},
    _searchable_subscription,
    Reader.subscription,
    {"customer": ("customer", _customer_of_subscription)},
    ("customer",),
)
_CUSTOMERS = _List(
    CUSTOMERS,
    people.CUSTOMER,
    {},
    _searchable_customer,
    Reader.customer,
    {"orders": ("orders", Reader.orders_of)},
    ("orders",),  # Assumed: only the order list's own are known
)
