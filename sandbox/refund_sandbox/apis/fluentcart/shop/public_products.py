"""The public list of products: filters, order and pages (31-141 to 31-163; read in the source)."""

import re
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from refund_sandbox.apis.fluentcart import models, php
from refund_sandbox.apis.fluentcart.errors import PluginCrash
from refund_sandbox.apis.fluentcart.pagination import ListQuery
from refund_sandbox.apis.fluentcart.rendering import Row
from refund_sandbox.apis.fluentcart.shop import product_views
from refund_sandbox.apis.fluentcart.shop.product_views import ProductReader
from refund_sandbox.apis.fluentcart.shop.records import PRODUCTS, Product, Variant
from refund_sandbox.apis.fluentcart.views import Reader
from refund_sandbox.stores.protocol import ReadTransaction

_PER_PAGE = 10
_MOST_IDS = 100
_NUMBER = re.compile(r"\d{0,18}")


def public_products(reader: Reader, query: ListQuery) -> Row:
    """Return the body of GET /public/products: published ones by title. `page` is not read, `current_page` is (31-146)."""
    _check_relations(reader, query)
    store, views = reader.store, ProductReader(reader.store, reader.url)
    found = [product for product in published(store) if _is_public(store, product, query)]
    order = get_text(query, "filters", "sort_by") or get_text(query, "default_filters", "sort_by")
    by_price = order in ("price-low", "price-high")

    def render(product: Product) -> Row:
        return {**views.public(product), **({"sort_price": str(_lowest_price(store, product))} if by_price else {})}

    _sort(store, found, order)
    per_page = _read_per_page(reader, query)
    page = _cursor_page if query.text("paginate_using") == "cursor" else simple_page
    return {"products": {"products": page(found, query, render, per_page), "total": len(found)}}


def _check_relations(reader: Reader, query: ListQuery) -> None:
    """Raise PluginCrash for an unknown relation in `with` (31-153). A known one changes nothing."""
    sent = query.params.get("with", {})
    names = php.values_of(sent) if isinstance(sent, php.ARRAY) else [sent]
    unknown = next((name for name in names if name and name not in product_views.RELATIONS), None)
    if unknown and reader.crashes:
        raise PluginCrash(f"Call to undefined relationship [{unknown}] on model [{models.PRODUCT}].")


def published(store: ReadTransaction) -> list[Product]:
    """Return the published products by title. One that starts with a number is sorted by it."""
    return sorted(store.where(PRODUCTS, "post_status", "publish"), key=_title_order)


def _title_order(product: Product) -> tuple[int, str, int]:
    number = _NUMBER.match(product.post_title.split(" ")[0])
    return int((number and number[0]) or 0), product.post_title.lower(), product.ID


def _sort(store: ReadTransaction, products: list[Product], order: str) -> None:
    """Sort products that are in the order of their titles. An unknown order is that of the ids."""
    if order == "name-desc":
        products.reverse()
    elif order in ("price-low", "price-high"):
        sign = -1 if order == "price-high" else 1
        products.sort(key=lambda product: (sign * _lowest_price(store, product), product.ID))
    elif order not in ("", "name-asc"):
        products.sort(key=lambda product: product.ID, reverse=order == "date-newest")


def _lowest_price(store: ReadTransaction, product: Product) -> int:
    return min((variant.price for variant in product_views.variants_of(store, product.ID)), default=0)


def get_text(query: ListQuery, name: str, key: str) -> str:
    """Return a text in an array of the query string, such as `filters[sort_by]`."""
    value = query.params.get(name)
    entry = value.get(key) if isinstance(value, dict) else None
    return entry if isinstance(entry, str) else ""


def get_ids(query: ListQuery, name: str) -> list[int]:
    """Return the ids in an array of the query string."""
    return list(map(php.to_int, php.entries(query.params.get(name))))


def _is_public(store: ReadTransaction, product: Product, query: ListQuery) -> bool:
    """Whether a product passes the filters of the public list."""
    included, excluded = ([number for number in get_ids(query, name) if number > 0] for name in ("include_ids", "exclude_ids"))
    words = [get_text(query, name, "wildcard").lower() for name in ("filters", "default_filters")]
    variants = product_views.variants_of(store, product.ID)
    return (
        (not included or product.ID in included[:_MOST_IDS])
        and product.ID not in excluded[:_MOST_IDS]
        and all(word in product.post_title.lower() for word in words)
        and _has_type(product, variants, query.text("product_type"))
        and (not query.text("on_sale") or any(variant.compare_price > variant.price for variant in variants))
        and _is_in_price_range(variants, *(get_text(query, "filters", f"price_range_{end}") for end in ("from", "to")))
    )


def _has_type(product: Product, variants: Sequence[Variant], kind: str) -> bool:
    """Whether a product is of a type; any is of an unknown one."""
    if kind in ("physical", "digital"):
        return any(variant.fulfillment_type == kind for variant in variants)
    if kind in ("subscription", "onetime"):
        return any(variant.payment_type == kind for variant in variants)
    return kind not in ("simple", "simple_variations") or product.variation_type == kind


def _is_in_price_range(variants: Sequence[Variant], first: str, last: str) -> bool:
    """Whether the lowest price is between two amounts in major units. One amount alone is not read."""
    if php.is_empty(first) or php.is_empty(last):
        return True
    low, high = (php.round_to_int(php.to_double(text) * 100) for text in (first, last))
    return bool(variants) and low <= min(variant.price for variant in variants) <= high


def _read_per_page(reader: Reader, query: ListQuery) -> int | str:
    """Return `per_page` as it was sent: text (31-145). A word crashes the plugin."""
    sent = query.text("per_page")
    if php.is_empty(sent):
        return _PER_PAGE
    if reader.crashes and not php.is_numeric(sent):
        raise PluginCrash("Unsupported operand types: string + int")
    return sent


Render = Callable[[Any], Row]


def simple_page(records: Sequence[Any], query: ListQuery, render: Render, per_page: int | str = _PER_PAGE) -> Row:
    """Return a page without a total."""
    size = max(1, php.to_int(per_page))
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
        "per_page": per_page,
        "prev_page_url": f"{query.url}/?current_page={page - 1}" if page > 1 else None,
        "to": start + len(rows) if rows else None,
    }


def _cursor_page(records: Sequence[Product], query: ListQuery, render: Render, per_page: int | str) -> Row:
    """Return a page with a cursor for the next one. Assumed: the content of a cursor, and no way back."""
    size = max(1, php.to_int(per_page))
    cursors = [_cursor(record) for record in records]
    sent = query.text("cursor")
    start = cursors.index(sent) + 1 if sent in cursors else 0
    last = start + size
    following = f"{query.url}/?cursor={cursors[last - 1]}" if len(records) > last else None
    links: Mapping[str, Any] = {"next_page_url": following, "prev_page_url": None}
    return {"data": [render(one) for one in records[start:last]], "path": query.url, "per_page": per_page, **links}


def _cursor(product: Product) -> str:
    return b64encode(f'{{"ID":{product.ID},"_pointsToNextItems":true}}'.encode()).decode().rstrip("=")
