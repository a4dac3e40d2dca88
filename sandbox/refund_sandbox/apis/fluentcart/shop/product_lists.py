"""Pages of products: the shop's own list, the public one, and searches by name (group 31)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from refund_sandbox.apis.fluentcart import pagination, php, search
from refund_sandbox.apis.fluentcart.errors import PluginCrash
from refund_sandbox.apis.fluentcart.pagination import ListQuery, RecordPage
from refund_sandbox.apis.fluentcart.rendering import Row
from refund_sandbox.apis.fluentcart.search import Operation
from refund_sandbox.apis.fluentcart.shop import product_views
from refund_sandbox.apis.fluentcart.shop.product_views import ProductReader
from refund_sandbox.apis.fluentcart.shop.records import PRODUCTS, VARIANTS, Product, Variant
from refund_sandbox.apis.fluentcart.views import Reader
from refund_sandbox.stores.protocol import ReadTransaction
from refund_sandbox.stores.query import AnyOf, Compare, Condition, Contains, EqualsText, Exists, In, Not

_SUBSCRIPTION = Exists("ID", VARIANTS, "post_id", EqualsText("payment_type", "subscription"))
_HAS_VARIANT = Exists("ID", VARIANTS, "post_id", Compare("post_id", ">", 0))


def products(reader: Reader, query: ListQuery) -> Row:
    """Return the body of GET /products: newest first, drafts included."""
    names = _relation_names(reader, query)
    selected = _selected(query)
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


def _selected(query: ListQuery) -> Sequence[str]:
    """Return the columns in `select[]` (31-038)."""
    value = query.params.get("select")
    return [str(name) for name in php.values_of(value)] if isinstance(value, php.ARRAY) else []


def _relation_names(reader: Reader, query: ListQuery) -> list[str]:
    return relation_names(reader, query.params, product_views.RELATIONS)


def relation_names(reader: Reader, params: Mapping[str, Any], known: Mapping[str, Any]) -> list[str]:
    """Return the relations in `with[]`. An unknown name and a text crash the plugin (31-034, 31-050)."""
    value = params.get("with", {})
    names = [name for name in php.values_of(value) if isinstance(name, str)] if isinstance(value, php.ARRAY) else []
    unknown = next((name for name in names if name not in known), None)
    if reader.crashes and (unknown is not None or not isinstance(value, php.ARRAY)):
        raise PluginCrash(f"Call to undefined relationship [{unknown}] on model [FluentCart\\App\\Models\\Product].")
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


def public_products(reader: Reader, query: ListQuery) -> Row:
    """Return the body of GET /public/products: published ones by title. `page` is not read, `current_page` is (31-146)."""
    _relation_names(reader, query)
    published = [product for product in _published(reader.store) if _is_public(reader.store, product, query)]
    views = ProductReader(reader.store, reader.url)
    by_price = get_text(query, "default_filters", "sort_by") or get_text(query, "filters", "sort_by")

    def render(product: Product) -> Row:
        added = {"sort_price": _sort_price(reader.store, product)} if by_price.startswith("price") else {}
        return {**views.public(product), **added}

    if by_price.startswith("price"):
        published.sort(key=lambda product: int(_sort_price(reader.store, product)), reverse=by_price == "price-high")
    if query.text("paginate_using") == "cursor":
        return {"products": {"products": _cursor_page(published, query, render), "total": len(published)}}
    return {"products": {"products": simple_page(published, query, render), "total": len(published)}}


def _sort_price(store: ReadTransaction, product: Product) -> str:
    return str(min((variant.price for variant in product_views.variants_of(store, product.ID)), default=0))


def get_text(query: ListQuery, name: str, key: str) -> str:
    """Return a text in an array of the query string, such as `filters[sort_by]`."""
    value = query.params.get(name)
    entry = value.get(key) if isinstance(value, dict) else None
    return entry if isinstance(entry, str) else ""


def _published(store: ReadTransaction) -> list[Product]:
    found = store.where(PRODUCTS, "post_status", "publish")
    return sorted(found, key=lambda product: (product.post_title.lower(), product.ID))


def _is_public(store: ReadTransaction, product: Product, query: ListQuery) -> bool:
    """Whether a product passes the filters of the public list."""
    variants = product_views.variants_of(store, product.ID)
    included, excluded = _ids(query, "include_ids"), _ids(query, "exclude_ids")
    low, high = get_text(query, "filters", "price_range_from"), get_text(query, "filters", "price_range_to")
    return (
        (not included or product.ID in included)
        and product.ID not in excluded
        and _has_type(product, variants, query.text("product_type"))
        and (not query.text("on_sale") or any(variant.compare_price > variant.price for variant in variants))
        and (not low or any(variant.price >= float(low) * 100 for variant in variants if php.is_numeric(low)))
        and (not high or any(variant.price <= float(high) * 100 for variant in variants if php.is_numeric(high)))
    )


def _has_type(product: Product, variants: Sequence[Variant], kind: str) -> bool:
    is_plan = any(variant.payment_type == "subscription" for variant in variants)
    tests = {
        "physical": product.fulfillment_type == "physical",
        "digital": product.fulfillment_type == "digital",
        "subscription": is_plan,
        "onetime": not is_plan,
    }
    return tests.get(kind, True)


def _ids(query: ListQuery, name: str) -> list[int]:
    value = query.params.get(name)
    return [php.to_int(entry) for entry in php.values_of(value)] if isinstance(value, php.ARRAY) else []


def simple_page(records: Sequence[Any], query: ListQuery, render: Callable[[Any], Row]) -> Row:
    """Return a page without a total. `per_page` is text if it was sent (31-145)."""
    sent = query.text("per_page")
    size = php.to_int(sent) if php.to_int(sent) > 0 else 10
    page = max(1, php.to_int(query.text("current_page") or 1))
    start = (page - 1) * size
    rows = [render(record) for record in records[start : start + size]]
    has_more = len(records) > start + size
    return {
        "current_page": page,
        "data": rows,
        "first_page_url": f"{query.url}/?current_page=1",
        "from": start + 1 if rows else None,
        "next_page_url": f"{query.url}/?current_page={page + 1}" if has_more else None,
        "path": query.url,
        "per_page": sent if sent else 10,
        "prev_page_url": f"{query.url}/?current_page={page - 1}" if page > 1 else None,
        "to": start + len(rows) if rows else None,
    }


def _cursor_page(records: Sequence[Product], query: ListQuery, render: Callable[[Any], Row]) -> Row:
    """Return the first page with a cursor. Assumed: the keys of the framework's documentation; no further pages."""
    sent = query.text("per_page")
    size = php.to_int(sent) if php.to_int(sent) > 0 else 10
    links = dict.fromkeys(("next_cursor", "next_page_url", "prev_cursor", "prev_page_url"))
    return {"data": [render(one) for one in records[:size]], "path": query.url, "per_page": sent if sent else 10, **links}


def search_by_name(reader: Reader, query: ListQuery) -> Row:
    """Return the body of GET /products/searchProductByName. Only `name` is read (31-101)."""
    name = query.text("name").lower()
    found = [product for product in _published(reader.store) if name in product.post_title.lower()]
    return {"products": simple_page(found, query, ProductReader(reader.store, reader.url).found)}


def search_variants(reader: Reader, query: ListQuery) -> list[Row]:
    """Return the body of GET /products/searchVariantByName. `name` is a part of the product's title (31-103).

    `search` alone finds every published product, and nothing at all finds drafts too. Source: the plugin's code.
    """
    name, numbers = query.text("name").lower(), _ids(query, "ids")
    if not (name or query.text("search") or numbers):
        found: Sequence[Product] = reader.store.all(PRODUCTS)
    else:
        named = (product for product in _published(reader.store) if name in product.post_title.lower())
        found = [product for product in named if not numbers or product.ID in numbers]
    return [_choices(reader.store, product) for product in sorted(found, key=lambda product: product.ID)[:20]]


def _choices(store: ReadTransaction, product: Product) -> Row:
    children = [{"value": one.id, "label": one.title} for one in product_views.variants_of(store, product.ID)]
    return {"value": product.ID, "label": product.post_title, "children": children}


def variant_options(reader: Reader, query: ListQuery) -> Row:
    """Return the body of GET /products/search-product-variant-options (read in the source)."""
    text = query.text("search").lower()
    found = []
    for product in _published(reader.store):
        children = _choices(reader.store, product)["children"]
        is_found = text in product.post_title.lower() or any(text in child["label"].lower() for child in children)
        if children and is_found:
            found.append({"value": f"product_{product.ID}", "label": product.post_title, "children": children})
    return {"products": found}
