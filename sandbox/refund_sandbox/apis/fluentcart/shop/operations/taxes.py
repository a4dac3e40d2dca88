"""Tax rows of orders (group 37)."""

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart import errors, pagination, php, search
from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.errors import PluginCrash
from refund_sandbox.apis.fluentcart.pagination import ListQuery, RecordPage
from refund_sandbox.apis.fluentcart.rendering import Row
from refund_sandbox.apis.fluentcart.search import SearchFields
from refund_sandbox.apis.fluentcart.shop import order_taxes
from refund_sandbox.apis.fluentcart.shop.records import ORDER_TAX_RATES, OrderTaxRate
from refund_sandbox.apis.fluentcart.views import Reader
from refund_sandbox.core.context import Reply
from refund_sandbox.stores.protocol import PageQuery
from refund_sandbox.stores.query import AnyOf, Condition, In


def taxes(reader: Reader, query: ListQuery) -> Row:
    """Return the body of GET /taxes: a page, newest first. A refund leaves these rows as they are (37-168).

    Before 1.4.0 the rows are without their rates (measured in 1.3.25).
    """
    _check_relations(reader, query)
    rows = _chosen(reader, query)
    start = (query.page - 1) * query.per_page
    page = RecordPage(rows[start : start + query.per_page], len(rows))
    render = order_taxes.render if reader.rules.generic_errors else order_taxes.plain
    return {"taxes": pagination.paginate(page, query, render)}


def _check_relations(reader: Reader, query: ListQuery) -> None:
    """Imitate the crash of an unknown relation in `with[]`, or of a text (measured in 1.5.2). Relations are left out."""
    sent = query.params.get("with", {})
    known = isinstance(sent, php.ARRAY) and set(map(str, php.values_of(sent))) <= {"order", "tax_rate"}
    if reader.crashes and not reader.rules.allowed_relations and not known:
        raise PluginCrash("Call to undefined relationship on model [FluentCart\\App\\Models\\OrderTaxRate].")


def _chosen(reader: Reader, query: ListQuery) -> list[OrderTaxRate]:
    """Return the rows of a list: `active_view` is filed or not_filed, `search` an order id (37-081) or `order_id > 1000`."""
    is_filtered = search.is_filtered(query.params)
    text = query.text("search") if is_filtered else ""
    conditions = search.parse(text, _SEARCHED) if text else ()
    rows, _ = reader.store.page(ORDER_TAX_RATES, PageQuery(0, _MOST_ROWS, query.text("sort_type").lower() != "asc", conditions))
    wanted = {"filed": True, "not_filed": False}.get(query.text("active_view")) if is_filtered else None
    return [tax for tax in rows if wanted is None or (tax.filed_at is not None) == wanted]


def _contains(text: str) -> Condition:
    """Return the condition of free text: a number is the id or that of the order. The sandbox has no rates to search."""
    number = text.replace("#", "").strip()
    if not php.is_numeric(number):
        return search.NOTHING
    return AnyOf((In("id", (php.to_int(number),)), In("order_id", (php.to_int(number),))))


_SEARCHED = SearchFields(_contains, compared={"id": "id", "order_id": "order_id"})
_MOST_ROWS = 100_000


def mark_taxes_as_filed(context: FluentCartContext) -> Reply:
    """POST /taxes: unknown ids are ignored (37-082 to 37-087)."""
    ids = list(map(php.to_int, php.entries(context.document.get("ids"))))
    if not ids:
        raise errors.Refusal(400, {"message": "No IDs provided to mark!"})
    for number in ids:
        tax = context.transaction.get(ORDER_TAX_RATES, number, for_update=True)
        if tax:
            context.transaction.put(ORDER_TAX_RATES, replace(tax, filed_at=context.time, updated_at=context.time))
    return Reply({"message": "Taxes marked as filed successfully"})
