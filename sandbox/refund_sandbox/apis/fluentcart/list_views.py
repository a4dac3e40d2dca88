"""Pages of the list operations: filters, search, sorting and the relations in `with[]` (facts §10, group 11)."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Generic, TypeVar

from msgspec import Struct

from refund_sandbox.apis.fluentcart import customer_views, pagination, php, rendering, search, views
from refund_sandbox.apis.fluentcart.errors import PluginCrash
from refund_sandbox.apis.fluentcart.pagination import ListQuery
from refund_sandbox.apis.fluentcart.php import PhpObject
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
from refund_sandbox.apis.fluentcart.search import SearchFields
from refund_sandbox.apis.fluentcart.shop import labels
from refund_sandbox.apis.fluentcart.shop.records import CUSTOMER
from refund_sandbox.apis.fluentcart.views import Reader
from refund_sandbox.apis.fluentcart.wordpress.auth import has_permission
from refund_sandbox.stores.protocol import RecordType
from refund_sandbox.stores.query import AnyOf, Condition, Contains, Exists, In

R = TypeVar("R", Order, Subscription, Customer, Activity)
Relation = tuple[str, Callable[[Reader, R], Any]]
"""The key of a relation in the reply, and the function that reads it."""


class _ListView(Struct, Generic[R], frozen=True):
    """Definition of one list. `active_views` maps a name to a column and its required value."""

    record_type: RecordType[R]
    columns: Mapping[str, str]
    active_views: Mapping[str, tuple[str, str | int]]
    search_fields: SearchFields
    row: Callable[[Reader, R], Row]
    relations: Mapping[str, Relation[R]]
    allowed: Collection[str]
    """The relations since 1.6.1, which silently ignores the others."""


def orders(reader: Reader, query: ListQuery) -> Row:
    return {"orders": _page(reader, query, _ORDERS, _selection(reader, query))}


def subscriptions(reader: Reader, query: ListQuery) -> Row:
    return {"data": _page(reader, query, _SUBSCRIPTIONS)}


def customers(reader: Reader, query: ListQuery) -> Row:
    return {"customers": _page(reader, query, _CUSTOMERS)}


def customer(reader: Reader, query: ListQuery, customer_id: str) -> Row:
    """Return one customer, with the relations in `with[]` like the lists (11-120)."""
    record = views.get_customer(reader, customer_id)
    row = reader.whole_customer(record, _relation_reader(reader, query, _CUSTOMERS)(record))
    params = query.params.get("params")
    if isinstance(params, dict) and params.get("customer_only") == "yes":
        del row["selected_labels"]  # 32-167
    return {"customer": row}


def customer_orders(reader: Reader, query: ListQuery, customer_id: str) -> Row:
    """Return a page of a customer's orders, with the parameters of all orders; empty for an unknown customer (11-131)."""
    of_customer = In("customer_id", (php.as_id(customer_id) or 0,))
    return {"orders": _page(reader, query, _ORDERS, _selection(reader, query), (of_customer,))}


def activities(reader: Reader, query: ListQuery) -> Row:
    """Return a page of the activity log (read in the source)."""
    return {"activities": _page(reader, query, _ACTIVITIES)}


def _select_all(row: Row) -> Row:
    return row


def _page(
    reader: Reader,
    query: ListQuery,
    view: _ListView[R],
    select: Callable[[Row], Row] = _select_all,
    conditions: tuple[Condition, ...] = (),
) -> PhpObject:
    read_relations = _relation_reader(reader, query, view)
    store_query = pagination.page_query(query, view.columns, (*_conditions(reader, query, view), *conditions))
    records = pagination.RecordPage(*reader.store.page(view.record_type, store_query))
    return pagination.paginate(records, query, lambda record: {**select(view.row(reader, record)), **read_relations(record)})


def _conditions(reader: Reader, query: ListQuery, view: _ListView[R]) -> tuple[Condition, ...]:
    """Return the conditions of `active_view`, of the status filters and of the search."""
    if not search.is_filtered(query.params):
        return ()
    active_view = view.active_views.get(query.text("active_view"))
    conditions: list[Condition] = [In(active_view[0], (active_view[1],))] if active_view else []
    conditions += _status_conditions(reader, query) if view.record_type.name == ORDERS.name else []
    if query.text("search"):
        conditions += search.parse(query.text("search"), view.search_fields)
    return tuple(conditions)


def _relation_reader(reader: Reader, query: ListQuery, view: _ListView[R]) -> Callable[[R], Row]:
    """Return a function that reads the relations in `with[]`. An unknown name crashes the plugin before 1.6.1 (11-123)."""
    relations = _only(view.relations, view.allowed) if reader.rules.allowed_relations else view.relations
    names = _relation_names(reader, query)
    for name in names:
        if reader.crashes and not reader.rules.allowed_relations and name not in relations:
            model = f"FluentCart\\App\\Models\\{view.record_type.record.__name__}"
            raise PluginCrash(f"Call to undefined relationship [{name}] on model [{model}].")
    if reader.rules.allowed_relations and not has_permission(reader.permissions, "customers/view"):
        relations = {name: relation for name, relation in relations.items() if relation[0] != "customer"}
    selected = _only(relations, names).values()
    return lambda record: {key: read(reader, record) for key, read in selected}


def _only(relations: Mapping[str, Relation[R]], names: Collection[str]) -> Mapping[str, Relation[R]]:
    return {name: relation for name, relation in relations.items() if name in names}


def _relation_names(reader: Reader, query: ListQuery) -> list[str]:
    """Return the names in `with[]`. A plain `with` crashes the plugin (11-049, 22-144)."""
    value = query.params.get("with", {})
    if isinstance(value, dict):
        names = [name for name in value.values() if isinstance(name, str)]
        return [part for name in names for part in _SCREENS.get(name, (name,))] if reader.rules.allowed_relations else names
    if reader.crashes:
        raise PluginCrash("Cannot assign string to property FluentCart\\App\\Services\\Filter\\BaseFilter::$with of type array")
    return []


# Names of the plugin's own screens since 1.6.1, and the relations that they stand for.
_SCREENS = {
    "admin_order_list": ("order_items", "customer"),
    "admin_customer_orders": ("order_items",),
    "admin_customer_search": ("shipping_address", "billing_address"),
    "admin_subscription_list": ("customer",),
}

# Documented filters. The plugin crashes on them, as it uses their names as columns (11-045, 11-152, 22-145).
_STATUS_FILTERS = {"payment_statuses": "payment_status", "order_statuses": "status", "shipping_statuses": "shipping_status"}


def _status_conditions(reader: Reader, query: ListQuery) -> list[Condition]:
    conditions: list[Condition] = []
    for name, column in _STATUS_FILTERS.items():
        param = query.params.get(name)
        values = php.values_of(param) if isinstance(param, dict) else [param] if param else []
        texts = tuple(value for value in values if isinstance(value, str))
        if not php.is_empty(param) and reader.crashes:
            listed = ", ".join(f"'{text}'" for text in texts)
            raise _unknown_column(name, "WHERE", "count(*) as aggregate", f"where `{name}` in ({listed})")
        if values:
            conditions.append(In(column, texts))
    return conditions


def _unknown_column(name: str, clause: str, selected: str, rest: str) -> PluginCrash:
    """Return the crash of a query. Assumed: the statement has no condition of other parameters."""
    statement = f"select {selected} from `wp_fct_orders` {rest}"  # noqa: S608 - a text for people, which nothing runs
    return PluginCrash(f"Unknown column '{name}' in '{clause}' (SQL: {statement})")


def _selection(reader: Reader, query: ListQuery) -> Callable[[Row], Row]:
    """Return a function that reduces a row to the columns in `select`. An unknown name crashes the plugin (11-048)."""
    names = [name.strip() for name in query.text("select").split(",") if name.strip()]
    unknown = next((name for name in names if name not in rendering.ORDER), None)
    if unknown and reader.crashes:
        column, is_descending = pagination.sort_order(query, rendering.ORDER)
        sorting = f"order by `{column}` {'desc' if is_descending else 'asc'}"
        rows = f"LIMIT {query.per_page} offset {(query.page - 1) * query.per_page}"
        selected = ", ".join(f"`{name}`" for name in names)
        raise _unknown_column(unknown, "SELECT", selected, f"{sorting} {rows}")
    return lambda row: {name: value for name, value in row.items() if name in names} if names else row


def _customer_contains(text: str) -> Condition:
    """Return the condition of free text in name or e-mail; a number can also be a part of the id."""
    columns = ["full_name", *([] if " " in text else ["email"]), *(["number"] if php.is_numeric(text) else [])]
    return search.contains_any(columns, text)


def _customer_of_record_contains(text: str) -> Condition:
    return Exists("customer_id", CUSTOMERS, "id", search.contains_any(("full_name", "email"), text))


def order_contains(text: str) -> Condition:
    """Return the condition of free text in invoice number, customer or item titles, but not in the id."""
    item_contains = AnyOf((Contains("post_title", text), Contains("title", text)))
    return AnyOf(
        (Contains("invoice_no", text), _customer_of_record_contains(text), Exists("id", ITEMS, "order_id", item_contains))
    )


def _subscription_contains(text: str) -> Condition:
    """Return the condition of free text: the id with `#` (11-088), the customer's e-mail with `@` (11-089), or other columns.

    A word for a status finds it, too.
    """
    status = In("status", ("canceled" if text.lower() == "cancelled" else text.lower(),))
    if "#" in text:
        return AnyOf((status, Contains("number", f"#%{text.replace('#', '')}")))
    if "@" in text:
        return AnyOf((status, Exists("customer_id", CUSTOMERS, "id", Contains("email", text))))
    return AnyOf((status, Contains("searched_text", text)))


def _activity_contains(text: str) -> Condition:
    """Return the condition of free text in the log. With `#` it is a part of the id."""
    if "#" in text:
        return Contains("number", f"#%{text.replace('#', '')}")
    return search.contains_any(("number", "title", "content", "module_name"), text)


def _activity(reader: Reader, activity: Activity) -> Row:
    """Return a log entry. Assumed: it has its user only with `with[]=user`."""
    row = reader.activity(activity)
    del row["user"]
    return row


def _count_transactions(reader: Reader, order: Order) -> str:
    return str(len(reader.store.where(TRANSACTIONS, "order_id", order.id)))


def _customer_of_order(reader: Reader, order: Order) -> Row | None:
    """Return the customer of an order; since 1.6.1 with the primary billing address (22-141)."""
    return _customer_with_address(reader, order) if reader.rules.allowed_relations else reader.customer_of(order)


def _customer_with_address(reader: Reader, order: Order) -> Row | None:
    """Return the customer of an order with the primary billing address, null without one."""
    customer = reader.customer_of(order)
    if customer is None:
        return None
    return {**customer, "primary_billing_address": _primary_of(reader, customer["id"], "billing")}


def _primary(reader: Reader, customer: Customer, kind: str) -> Row | None:
    return _primary_of(reader, customer.id, kind)


def _primary_of(reader: Reader, customer_id: int, kind: str) -> Row | None:
    """Return the primary address of a type, null without one."""
    return next((row for row in reader.customer_addresses(customer_id, kind) if row["is_primary"] == "1"), None)


def _customer_of_subscription(reader: Reader, subscription: Subscription) -> Row | None:
    customer = reader.store.get(CUSTOMERS, subscription.customer_id)
    return reader.customer(customer) if customer else None


def _order_of_subscription(reader: Reader, subscription: Subscription) -> Row | None:
    order = reader.store.get(ORDERS, subscription.parent_order_id)
    return reader.order(order) if order else None


_STATUSES = "active pending intended paused trialing canceled failing expiring expired".split()

_ORDERS = _ListView(
    ORDERS,
    rendering.ORDER,
    {
        **{status: ("payment_status", status) for status in ("paid", "refunded", "partially_refunded")},
        **{status: ("status", status) for status in ("completed", "processing", "on-hold")},
        **{kind: ("type", kind) for kind in ("renewal", "subscription")},
        **{name: (f"is_{name}", 1) for name in ("upgraded_to", "upgraded_from")},
        "onetime": ("type", "onetime"),  # finds nothing: the stored type is `payment` (11-042)
    },
    SearchFields(
        order_contains,
        equal={
            "status": "status",
            "payment": "payment_status",
            "payment_by": "payment_method",
            "invoice": "status",  # the plugin looks for the number among the statuses
        },
        contained={"customer": _customer_of_record_contains},
    ),
    Reader.order,
    {
        "customer": ("customer", _customer_of_order),
        "customer.primary_billing_address": ("customer", _customer_with_address),
        "order_items": ("order_items", Reader.items),
        "transactions": ("transactions", Reader.transactions),
        "transactionsCount": ("transactions_count", _count_transactions),
        "subscriptions": ("subscriptions", Reader.subscriptions),
    },
    ("customer", "customer.primary_billing_address", "order_items"),
)
_SUBSCRIPTIONS = _ListView(
    SUBSCRIPTIONS,
    rendering.SUBSCRIPTION,
    {status: ("status", status) for status in _STATUSES},
    SearchFields(_subscription_contains),
    Reader.subscription,
    {"customer": ("customer", _customer_of_subscription), "order": ("order", _order_of_subscription)},
    ("customer",),
)
_CUSTOMERS = _ListView(
    CUSTOMERS,
    customer_views.CUSTOMER,
    {},
    SearchFields(_customer_contains),
    Reader.customer,
    {
        "orders": ("orders", Reader.orders_of),
        "billing_address": ("billing_address", lambda reader, customer: reader.customer_addresses(customer.id, "billing")),
        "shipping_address": ("shipping_address", lambda reader, customer: reader.customer_addresses(customer.id, "shipping")),
        "primary_billing_address": ("primary_billing_address", lambda reader, customer: _primary(reader, customer, "billing")),
        "primary_shipping_address": ("primary_shipping_address", lambda reader, customer: _primary(reader, customer, "shipping")),
        "labels": ("labels", lambda reader, customer: labels.relations_of(reader.store, CUSTOMER, customer.id)),
    },
    ("billing_address", "shipping_address", "primary_billing_address", "primary_shipping_address", "labels"),
)
_ACTIVITIES = _ListView(
    ACTIVITIES,
    rendering.ACTIVITY,
    {**{status: ("status", status) for status in ("success", "warning", "error", "failed", "info")}, "api": ("log_type", "api")},
    SearchFields(_activity_contains, compared={}),
    _activity,
    {"user": ("user", lambda reader, activity: reader.activity(activity)["user"])},
    ("user",),  # Assumed: the allowed names are known for orders only
)
