"""The lists of orders, subscriptions, customers and log entries: their filters, searches and relations (facts §10, group 11)."""

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart import customer_views, list_relations, php, record_views, rendering, search
from refund_sandbox.apis.fluentcart.list_pages import VIEWS_SINCE_1_4, ListView, list_page, relation_reader
from refund_sandbox.apis.fluentcart.pagination import ListQuery
from refund_sandbox.apis.fluentcart.records import (
    ACTIVITIES,
    CUSTOMERS,
    ITEMS,
    ORDERS,
    SUBSCRIPTIONS,
    Activity,
)
from refund_sandbox.apis.fluentcart.rendering import Row
from refund_sandbox.apis.fluentcart.search import SearchFields
from refund_sandbox.apis.fluentcart.views import Reader
from refund_sandbox.stores.query import AnyOf, Condition, Contains, Exists, In


def orders(reader: Reader, query: ListQuery) -> Row:
    return {"orders": list_page(reader, query, _ORDERS)}


def subscriptions(reader: Reader, query: ListQuery) -> Row:
    return {"data": list_page(reader, query, _SUBSCRIPTIONS)}


def customers(reader: Reader, query: ListQuery) -> Row:
    return {"customers": list_page(reader, query, _CUSTOMERS)}


def customer(reader: Reader, query: ListQuery, customer_id: str) -> Row:
    """Return one customer, with the relations in `with[]` like the lists (11-120)."""
    record = record_views.get_customer(reader, customer_id)
    row = reader.whole_customer(record, relation_reader(reader, query, _CUSTOMER)(record))
    params = query.params.get("params")
    if isinstance(params, dict) and params.get("customer_only") == "yes":
        del row["selected_labels"]  # 32-167
    return {"customer": row}


def customer_orders(reader: Reader, query: ListQuery, customer_id: str) -> Row:
    """Return a page of a customer's orders, with the parameters of all orders; empty for an unknown customer (11-131)."""
    of_customer = In("customer_id", (php.as_id(customer_id) or 0,))
    return {"orders": list_page(reader, query, _ORDERS, (of_customer,))}


def activities(reader: Reader, query: ListQuery) -> Row:
    """Return a page of the activity log (read in the source)."""
    return {"activities": list_page(reader, query, _ACTIVITIES)}


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


_STATUSES = "active pending intended paused trialing canceled failing expiring expired".split()

_ORDERS = ListView(
    "orders",
    ORDERS,
    rendering.ORDER,
    {
        **{status: ("payment_status", status) for status in ("paid", "refunded", "partially_refunded")},
        **{status: ("status", status) for status in ("completed", "processing", "on-hold")},
        **{kind: ("type", kind) for kind in ("renewal", "subscription")},
        **{name: (f"is_{name}", 1) for name in ("upgraded_to", "upgraded_from")},
        "onetime": ("type", "onetime"),  # finds nothing: the stored type is `payment` (11-042)
        **{name: ("type", name) for name in VIEWS_SINCE_1_4},  # find nothing: no order of the sandbox is such a one
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
    list_relations.OF_ORDER,
    ("customer", "customer.primary_billing_address", "order_items"),
    selects=True,
)
_SUBSCRIPTIONS = ListView(
    "subscriptions",
    SUBSCRIPTIONS,
    rendering.SUBSCRIPTION,
    {status: ("status", status) for status in _STATUSES},
    SearchFields(_subscription_contains),
    Reader.subscription,
    list_relations.OF_SUBSCRIPTION,
    ("customer",),
)
_CUSTOMERS = ListView(
    "customers",
    CUSTOMERS,
    customer_views.CUSTOMER,
    {},
    SearchFields(_customer_contains),
    Reader.customer,
    list_relations.OF_CUSTOMER,
    ("billing_address", "shipping_address", "primary_billing_address", "primary_shipping_address", "labels"),
)
_CUSTOMER = replace(
    _CUSTOMERS,
    relations=list_relations.OF_ONE_CUSTOMER,
    allowed=(*_CUSTOMERS.allowed, "subscriptions"),
    is_single=True,
)
_ACTIVITIES = ListView(
    "activity",
    ACTIVITIES,
    rendering.ACTIVITY,
    {**{status: ("status", status) for status in ("success", "warning", "error", "failed", "info")}, "api": ("log_type", "api")},
    SearchFields(_activity_contains, compared={}),
    _activity,
    list_relations.OF_ACTIVITY,
    ("user",),  # Assumed: the allowed names are known for orders only
)
