"""The plugin's lists: which records they show, and what they add when asked `with` it (facts §10, group 11)."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Generic, TypeVar

from refund_sandbox.apis.fluentcart import customer_views, pagination, php, rendering, search, views
from refund_sandbox.apis.fluentcart.pagination import Query
from refund_sandbox.apis.fluentcart.records import (
    ACTIVITIES,
    CUSTOMERS,
    ITEMS,
    ORDERS,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    Activity,
    Customer,
    Order,
    Subscription,
)
from refund_sandbox.apis.fluentcart.rendering import Row
from refund_sandbox.apis.fluentcart.rules.refunds import PluginCrash
from refund_sandbox.apis.fluentcart.search import Searchable
from refund_sandbox.apis.fluentcart.views import Reader
from refund_sandbox.apis.fluentcart.wordpress.request import PhpObject
from refund_sandbox.frozen import frozen
from refund_sandbox.stores.protocol import RecordType
from refund_sandbox.stores.query import AnyOf, Condition, Contains, Exists, In

R = TypeVar("R", Order, Subscription, Customer, Activity)
Relation = tuple[str, Callable[[Reader, R], Any]]
"""The key under which a relation shows, and what it is."""


@frozen
class _List(Generic[R]):
    """One list. `views` are `active_view` → the column and the value that a record must have."""

    kind: RecordType[R]
    columns: Mapping[str, str]
    views: Mapping[str, tuple[str, str]]
    searchable: Searchable
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
    found = views.find_customer(reader, customer_id)
    return {"customer": reader.whole_customer(found, _related(reader, query, _CUSTOMERS)(found))}


def orders_of_customer(reader: Reader, query: Query, customer_id: str) -> Row:
    """GET /customers/{customer_id}/orders, which can be asked all that orders can; of nobody an empty page (11-131)."""
    own = In("customer_id", (php.as_id(customer_id) or 0,))
    return {"orders": _page(reader, query, _ORDERS, _selection(reader, query), (own,))}


def activities(reader: Reader, query: Query) -> Row:
    """GET /activity (read in the source)."""
    return {"activities": _page(reader, query, _ACTIVITIES)}


def _as_it_is(row: Row) -> Row:
    return row


def _page(
    reader: Reader,
    query: Query,
    listed: _List[R],
    select: Callable[[Row], Row] = _as_it_is,
    more: tuple[Condition, ...] = (),
) -> PhpObject:
    related = _related(reader, query, listed)
    part = pagination.part_of(query, listed.columns, (*_wanted(reader, query, listed), *more))
    shown = pagination.Shown(*reader.store.page(listed.kind, part))
    return pagination.paginate(shown, query, lambda record: {**select(listed.row(reader, record)), **related(record)})


def _wanted(reader: Reader, query: Query, listed: _List[R]) -> tuple[Condition, ...]:
    """What must hold for the records: of the view, of the filters, of the search."""
    view = listed.views.get(query.text("active_view"))
    wanted: list[Condition] = [In(view[0], (view[1],))] if view else []
    wanted += _statuses(reader, query) if listed.kind.name == ORDERS.name else []
    if query.text("search"):
        wanted += search.read(query.text("search"), listed.searchable)
    return tuple(wanted)


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


def _statuses(reader: Reader, query: Query) -> list[Condition]:
    """The columns that are filtered, with the values that they may have."""
    found: list[Condition] = []
    for name, column in _STATUS_FILTERS.items():
        if name in query.get and reader.crashes:
            raise PluginCrash(f"Unknown column '{name}' in 'WHERE'")  # without the SQL that the plugin shows here
        given = query.get.get(name)
        wanted = php.values_of(given) if isinstance(given, dict) else [given] if given else []
        if wanted:
            found.append(In(column, tuple(value for value in wanted if isinstance(value, str))))
    return found


def _selection(reader: Reader, query: Query) -> Callable[[Row], Row]:
    """Cuts a row down to the columns in `select`. One that is not known is a crash of 1.3.25 (11-048) and nothing elsewhere."""
    names = [name.strip() for name in query.text("select").split(",") if name.strip()]
    unknown = next((name for name in names if name not in rendering.ORDER), None)
    if unknown and reader.crashes:
        raise PluginCrash(f"Unknown column '{unknown}' in 'SELECT'")
    return lambda row: {name: value for name, value in row.items() if name in names} if names else row


def _person(text: str) -> Condition:
    return AnyOf((Contains("full_name", text), Contains("email", text)))


def _buyer(text: str) -> Condition:
    return Exists("customer_id", CUSTOMERS, "id", _person(text))


def in_order(text: str) -> Condition:
    """Free text looks at the invoice, the customer and the titles of the lines, but not at the id."""
    line = AnyOf((Contains("post_title", text), Contains("title", text)))
    return AnyOf((Contains("invoice_no", text), _buyer(text), Exists("id", ITEMS, "order_id", line)))


def _in_subscription(text: str) -> Condition:
    """Free text looks at the id with its number sign (11-088) and the customer (11-089). Assumed: and at the product."""
    return AnyOf((Contains("number", text), _buyer(text), Contains("item_name", text)))


def _in_activity(text: str) -> Condition:
    """Free text looks at the id, the title and the content."""
    return AnyOf((Contains("number", text), Contains("title", text), Contains("content", text)))


def _activity(reader: Reader, activity: Activity) -> Row:
    """A line of the log. Assumed: without its user, unless that is asked for."""
    row = reader.activity(activity)
    del row["user"]
    return row


def _count_transactions(reader: Reader, order: Order) -> str:
    return str(len(reader.store.where(TRANSACTIONS, "order_id", order.id)))


def _customer_of_subscription(reader: Reader, subscription: Subscription) -> Row | None:
    found = reader.store.get(CUSTOMERS, subscription.customer_id)
    return reader.customer(found) if found else None


_STATUSES = "pending intended trialing active canceled paused past_due expired failing expiring completed".split()

_ORDERS = _List(
    ORDERS,
    rendering.ORDER,
    {
        **{status: ("payment_status", status) for status in ("paid", "refunded", "partially_refunded")},
        **{status: ("status", status) for status in ("completed", "processing", "on-hold")},
        **{kind: ("type", kind) for kind in ("renewal", "subscription")},
        "onetime": ("type", "onetime"),  # finds nothing: the type that is stored is `payment` (11-042)
    },
    Searchable(
        in_order,
        words={"status": "status", "payment": "payment_status", "payment_by": "payment_method"},
        names={"customer": _buyer},
    ),
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
    rendering.SUBSCRIPTION,
    {status: ("status", status) for status in _STATUSES},
    Searchable(_in_subscription, words={"status": "status"}),
    Reader.subscription,
    {"customer": ("customer", _customer_of_subscription)},
    ("customer",),
)
_CUSTOMERS = _List(
    CUSTOMERS,
    customer_views.CUSTOMER,
    {},
    Searchable(_person),
    Reader.customer,
    {"orders": ("orders", Reader.orders_of)},
    ("orders",),  # Assumed: only the order list's own are known
)
_ACTIVITIES = _List(
    ACTIVITIES,
    rendering.ACTIVITY,
    {**{status: ("status", status) for status in ("success", "warning", "error", "failed", "info")}, "api": ("log_type", "api")},
    Searchable(_in_activity),
    _activity,
    {"user": ("user", lambda reader, activity: reader.activity(activity)["user"])},
    ("user",),  # Assumed: only the order list's own are known
)
