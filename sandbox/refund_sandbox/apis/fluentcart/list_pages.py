"""Pages of any list: filters, search, sorting and the relations in `with[]` (facts §10, group 11)."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Generic, TypeVar

from msgspec import Struct

from refund_sandbox.apis.fluentcart import models, pagination, php, search
from refund_sandbox.apis.fluentcart.errors import PluginCrash
from refund_sandbox.apis.fluentcart.pagination import ListQuery
from refund_sandbox.apis.fluentcart.php import PhpObject
from refund_sandbox.apis.fluentcart.records import (
    ORDERS,
    Activity,
    Customer,
    Order,
    Subscription,
)
from refund_sandbox.apis.fluentcart.rendering import Row
from refund_sandbox.apis.fluentcart.search import SearchFields
from refund_sandbox.apis.fluentcart.views import Reader
from refund_sandbox.apis.fluentcart.wordpress.auth import has_permission
from refund_sandbox.stores.protocol import RecordType
from refund_sandbox.stores.query import Condition, In

VIEWS_SINCE_1_4 = ("b2b_purchase", "reverse_charge")
"""Views of business customers, since 1.4.0 (read in the source)."""

R = TypeVar("R", Order, Subscription, Customer, Activity)
Relation = tuple[str, Callable[[Reader, R], Any]]
"""The key of a relation in the reply, and the function that reads it."""


class ListView(Struct, Generic[R], frozen=True):
    """Definition of one list. `active_views` maps a name to a column and its required value."""

    table: str
    record_type: RecordType[R]
    columns: Mapping[str, str]
    active_views: Mapping[str, tuple[str, str | int]]
    search_fields: SearchFields
    row: Callable[[Reader, R], Row]
    relations: Mapping[str, Relation[R]]
    allowed: Collection[str]
    """The relations since 1.6.1, which silently ignores the others."""
    is_single: bool = False
    """Whether this is not a list but the read of one record, which accepts a plain `with`."""
    selects: bool = False
    """Whether `select` reduces the rows."""


def list_page(reader: Reader, query: ListQuery, view: ListView[R], conditions: tuple[Condition, ...] = ()) -> PhpObject:
    """Return a page. Without any record the plugin reads no columns, and without one on the page no relations."""
    _check_types(reader, query)
    store_query = pagination.page_query(query, view.columns, (*_conditions(reader, query, view), *conditions))
    page = pagination.RecordPage(*reader.store.page(view.record_type, store_query))
    select = _selection(reader, query, view) if page.total else _whole
    read_relations = relation_reader(reader, query, view) if page.records else _no_relations
    return pagination.paginate(page, query, lambda record: {**select(view.row(reader, record)), **read_relations(record)})


def _whole(row: Row) -> Row:
    return row


def _no_relations(_record: object) -> Row:
    return {}


_FILTER = "FluentCart\\App\\Services\\Filter\\BaseFilter"
_TYPES = {
    "filter_type": "$filterType of type string",
    "search": "$search of type string",
    "with": "$with of type array",
    "scopes": "$scopes of type ?array",
    "limit": "$limit of type ?int",
    "offset": "$offset of type ?int",
    "user_tz": "$userTz of type ?string",
}
"""Property of the plugin that holds a parameter, with its type, in the order in which the plugin sets them."""


def _check_types(reader: Reader, query: ListQuery) -> None:
    """Imitate the crash of a parameter of another type (11-049, 22-144; measured in 1.3.25)."""
    for name, typed in _TYPES.items() if reader.crashes else ():
        value = query.params.get(name)
        is_array = isinstance(value, php.ARRAY)
        is_wrong = is_array != typed.endswith("array") or (typed.endswith("int") and not php.is_numeric(value))
        if value is not None and is_wrong:
            raise PluginCrash(f"Cannot assign {'array' if is_array else 'string'} to property {_FILTER}::{typed}")
    if reader.crashes and isinstance(query.params.get("advanced_filters"), php.ARRAY):
        raise PluginCrash("json_decode(): Argument #1 ($json) must be of type string, array given")


def _conditions(reader: Reader, query: ListQuery, view: ListView[R]) -> tuple[Condition, ...]:
    """Return the conditions of `active_view`, of the status filters and of the search."""
    if not search.is_filtered(query.params):
        return ()
    name = query.text("active_view")
    is_known = reader.rules.generic_errors or name not in VIEWS_SINCE_1_4
    active_view = view.active_views.get(name) if is_known else None
    conditions: list[Condition] = [In(active_view[0], (active_view[1],))] if active_view else []
    conditions += _status_conditions(reader, query) if view.record_type.name == ORDERS.name else []
    if query.text("search"):
        conditions += search.parse(query.text("search"), view.search_fields)
    return tuple(conditions)


def relation_reader(reader: Reader, query: ListQuery, view: ListView[R]) -> Callable[[R], Row]:
    """Return a function that reads the relations in `with[]`. An unknown name crashes the plugin before 1.6.1 (11-123)."""
    is_limited = reader.rules.allowed_details if view.is_single else reader.rules.allowed_relations
    relations = _only(view.relations, view.allowed) if is_limited else view.relations
    names = _relation_names(query, is_limited=is_limited, takes_text=view.is_single)
    for name in names:
        if reader.crashes and not is_limited and name not in relations:
            raise _undefined_relation(name, view.record_type.record.__name__, relations)
    if is_limited and not has_permission(reader.permissions, "customers/view"):
        relations = {name: relation for name, relation in relations.items() if relation[0] != "customer"}
    selected = _only(relations, names).values()
    return lambda record: {key: read(reader, record) for key, read in selected}


def _undefined_relation(name: str, model: str, relations: Collection[str]) -> PluginCrash:
    """Return the crash of an unknown relation; one inside of a known relation is unknown to the model of that one."""
    outer, _, inner = name.partition(".")
    if inner and outer in relations:
        outer, model = inner, outer.capitalize()
    return PluginCrash(f"Call to undefined relationship [{outer}] on model [{models.PREFIX}{model}].")


def _only(relations: Mapping[str, Relation[R]], names: Collection[str]) -> Mapping[str, Relation[R]]:
    return {name: relation for name, relation in relations.items() if name in names}


def _relation_names(query: ListQuery, *, is_limited: bool, takes_text: bool) -> list[str]:
    """Return the names in `with[]`, and of one record in a plain `with`."""
    value = query.params.get("with", {})
    if takes_text and isinstance(value, str):
        value = {"0": value}
    names = [name for name in php.entries(value) if isinstance(name, str) and name]
    return [part for name in names for part in _SCREENS.get(name, (name,))] if is_limited else names


# Names of the plugin's own screens since 1.6.1, and the relations that they stand for.
_SCREENS = {
    "admin_order_list": ("order_items", "customer"),
    "admin_customer_orders": ("order_items",),
    "admin_customer_search": ("shipping_address", "billing_address"),
    "admin_subscription_list": ("customer",),
    "admin_customer_detail": ("shipping_address", "billing_address", "labels", "subscriptions"),
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


def _unknown_column(name: str, clause: str, selected: str, rest: str, table: str = "orders") -> PluginCrash:
    """Return the crash of a query. Assumed: the statement has no condition of other parameters."""
    statement = f"select {selected} from `wp_fct_{table}` {rest}"  # noqa: S608 - a text for people, which nothing runs
    return PluginCrash(f"Unknown column '{name}' in '{clause}' (SQL: {statement})")


def _selection(reader: Reader, query: ListQuery, view: ListView[R]) -> Callable[[Row], Row]:
    """Return a function that reduces a row to the columns in `select`. An unknown name crashes the plugin (11-048).

    Other rows than those of orders stay whole, as their values are made of several columns.
    """
    names = query.select
    unknown = next((name for name in names if name not in view.columns), None)
    if unknown is not None and reader.crashes:
        column, is_descending = pagination.sort_order(query, view.columns)
        sorting = f"order by `{column}` {'desc' if is_descending else 'asc'}"
        rows = f"LIMIT {query.per_page} offset {(query.page - 1) * query.per_page}"
        selected = ", ".join(f"`{name}`" for name in names)
        raise _unknown_column(unknown, "SELECT", selected, f"{sorting} {rows}", view.table)
    return (lambda row: {name: value for name, value in row.items() if name in names}) if names and view.selects else _whole
