"""Pages of products: the shop's own list, and searches by name (group 31)."""

from collections.abc import Mapping, Sequence
from typing import Any

from refund_sandbox.apis.fluentcart import models, pagination, php, search
from refund_sandbox.apis.fluentcart.errors import PluginCrash
from refund_sandbox.apis.fluentcart.pagination import ListQuery, RecordPage
from refund_sandbox.apis.fluentcart.rendering import Row
from refund_sandbox.apis.fluentcart.search import Operation
from refund_sandbox.apis.fluentcart.shop import product_views
from refund_sandbox.apis.fluentcart.shop.product_views import ProductReader
from refund_sandbox.apis.fluentcart.shop.public_products import get_ids, published, simple_page
from refund_sandbox.apis.fluentcart.shop.records import PRODUCTS, VARIANTS, Product
from refund_sandbox.apis.fluentcart.views import Reader
from refund_sandbox.stores.protocol import ReadTransaction
from refund_sandbox.stores.query import AnyOf, Compare, Condition, Contains, EqualsText, Exists, In, Not

_SUBSCRIPTION = Exists("ID", VARIANTS, "post_id", EqualsText("payment_type", "subscription"))
_HAS_VARIANT = Exists("ID", VARIANTS, "post_id", Compare("post_id", ">", 0))


def products(reader: Reader, query: ListQuery) -> Row:
    """Return the body of GET /products: newest first, drafts included."""
    names = _relation_names(reader, query)
    selected = query.select  # 31-038
    unknown = next((name for name in selected if name not in product_views.POST), None)
    if unknown is not None and reader.crashes:
        raise PluginCrash(f"Unknown column '{unknown}' in 'SELECT'")
    views = ProductReader(reader.store, reader.url)
    store_query = pagination.page_query(query, product_views.POST, tuple(_conditions(reader, query)))
    records = RecordPage(*reader.store.page(PRODUCTS, store_query))

    def render(product: Product) -> Row:
        row = views.list_row(product, names, has_detail=reader.rules.numeric_tax_behavior)
        return {name: value for name, value in row.items() if not selected or name in selected or name not in product_views.POST}

    return {"products": pagination.paginate(records, query, render)}


def products_to_edit(reader: Reader, query: ListQuery) -> Row:
    """Return the body of GET /products/bulk-edit-data: a page as in the list. Source: the plugin's code."""
    _relation_names(reader, query)
    store_query = pagination.page_query(query, product_views.POST, tuple(_conditions(reader, query)))
    records = RecordPage(*reader.store.page(PRODUCTS, store_query))
    views = ProductReader(reader.store, reader.url)
    page = pagination.paginate(records, query, lambda product: views.to_edit(product, reader.rules))
    return {"products": page["data"], "total": page["total"], "per_page": page["per_page"], "page": page["current_page"]}


def _relation_names(reader: Reader, query: ListQuery) -> list[str]:
    return relation_names(reader, query.params, is_limited=reader.rules.allowed_relations)


_ALLOWED = ("detail", "variants")
_SCREENS = {
    **dict.fromkeys(("admin_product_list", "block_picker", "elementor_picker", "block_product_detail"), _ALLOWED),
    "admin_order_add_product": ("detail", "detail.variants"),
}
"""Names of the plugin's own screens, and the relations that they stand for."""


def relation_names(reader: Reader, params: Mapping[str, Any], *, is_limited: bool) -> list[str]:
    """Return the relations in `with[]`. A text crashes the plugin (31-034).

    So does an unknown name (31-050), unless the version accepts listed ones only.
    """
    value, known = params.get("with", {}), product_views.RELATIONS
    if reader.crashes and not isinstance(value, php.ARRAY):
        raise PluginCrash("in_array(): Argument #2 ($haystack) must be of type array, string given")
    names = [name for name in php.entries(value) if isinstance(name, str)]
    if is_limited:
        return [part for name in names for part in _SCREENS.get(name, (name,) if name in _ALLOWED else ())]
    unknown = next((name for name in names if name not in known), None)
    if reader.crashes and unknown is not None:
        raise PluginCrash(f"Call to undefined relationship [{unknown}] on model [{models.PRODUCT}].")
    return [name for name in names if name in known]


def _conditions(reader: Reader, query: ListQuery) -> list[Condition]:
    if not search.is_filtered(query.params):
        return []
    view = _ACTIVE_VIEWS.get(query.text("active_view"))
    conditions = [view] if view else []
    if query.text("active_view") == "not_subscribable" and not reader.rules.numeric_tax_behavior:
        conditions.append(_HAS_VARIANT)  # 1.3.25 leaves out products without variations
    if query.text("search"):
        conditions += _search(query.text("search"))
    return conditions


_ACTIVE_VIEWS: Mapping[str, Condition] = {
    "publish": In("post_status", ("publish",)),
    "draft": In("post_status", ("draft", "future")),
    "physical": EqualsText("fulfillment_type", "physical"),
    "digital": EqualsText("fulfillment_type", "digital"),
    "subscribable": _SUBSCRIPTION,
    "not_subscribable": Not(_SUBSCRIPTION),
    "bundle": In("ID", ()),  # no product of the sandbox is a bundle
}


def _search(text: str) -> list[Condition]:
    """Return the conditions of `id = 103`, `sku = SH*` (31-014, 31-015), or of text in title, id or variation title."""
    operation = search.parse_operation(text)
    if operation and operation.column == "id":
        return [*search.compare("ID", operation)]
    if operation and operation.column in _MATCHED:
        return [_MATCHED[operation.column](operation)] if operation.sign in ("=", "!=") else []
    title = Exists("ID", VARIANTS, "post_id", Contains("title", text))
    return [AnyOf((Contains("post_title", text), Contains("number", text), title))]


def _matches_sku(operation: Operation) -> Condition:
    """Return the condition of a variation whose stock keeping unit matches, or does not."""
    matches = Contains("anchored_sku", _anchored(operation.value))
    return Exists("ID", VARIANTS, "post_id", matches if operation.sign == "=" else Not(matches))


def _matches_description(operation: Operation) -> Condition:
    matches = Contains("anchored_content", _anchored(operation.value))
    return matches if operation.sign == "=" else Not(matches)


def _anchored(value: str) -> str:
    """Return a value with `*` at its ends as a pattern that must match the whole text."""
    start, end = ("%" if value.startswith("*") else ""), ("%" if value.endswith("*") else "")
    return f"^{start}{value.strip('*') if start or end else value}{end}$"


_MATCHED = {"sku": _matches_sku, "description": _matches_description}


def search_by_name(reader: Reader, query: ListQuery) -> Row:
    """Return the body of GET /products/searchProductByName. Only `name` is read (31-101)."""
    name = query.text("name").lower()
    found = [product for product in published(reader.store) if name in product.post_title.lower()]
    return {"products": simple_page(found, query, ProductReader(reader.store, reader.url).found)}


def search_variants(reader: Reader, query: ListQuery) -> list[Row]:
    """Return the body of GET /products/searchVariantByName. `name` is a part of the product's title (31-103).

    `search` alone finds every published product, and nothing at all finds drafts too. Source: the plugin's code.
    """
    name, numbers = query.text("name").lower(), get_ids(query, "ids")
    if not (name or query.text("search") or numbers):
        found: Sequence[Product] = reader.store.all(PRODUCTS)
    else:
        named = (product for product in published(reader.store) if name in product.post_title.lower())
        found = [product for product in named if not numbers or product.ID in numbers]
    return [_choices(reader.store, product) for product in sorted(found, key=lambda product: product.ID)[:20]]


def _choices(store: ReadTransaction, product: Product) -> Row:
    children = [{"value": one.id, "label": one.title} for one in product_views.variants_of(store, product.ID)]
    return {"value": product.ID, "label": product.post_title, "children": children}


def variant_options(reader: Reader, query: ListQuery) -> Row:
    """Return the body of GET /products/search-product-variant-options (read in the source)."""
    text = query.text("search").lower()
    found = []
    for product in published(reader.store):
        children = _choices(reader.store, product)["children"]
        is_found = text in product.post_title.lower() or any(text in child["label"].lower() for child in children)
        if children and is_found:
            found.append({"value": f"product_{product.ID}", "label": product.post_title, "children": children})
    return {"products": found}
