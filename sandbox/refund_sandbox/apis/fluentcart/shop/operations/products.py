"""Operations on products, variations and the public shop (group 31)."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart import bookkeeping, errors, models, php
from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.errors import resource_error
from refund_sandbox.apis.fluentcart.records import ITEMS, ORDERS, VARIATIONS, Variation
from refund_sandbox.apis.fluentcart.shop import fields, product_lists, product_views
from refund_sandbox.apis.fluentcart.shop.product_views import ProductReader
from refund_sandbox.apis.fluentcart.shop.records import PRODUCTS, VARIANTS, Product, Variant, new_id
from refund_sandbox.apis.fluentcart.shop.rules import bulk_products, products
from refund_sandbox.apis.fluentcart.wordpress.plain_text import sanitize_text
from refund_sandbox.core.context import Reply

_BUSY = "This product cannot be deleted at the moment. There are pending orders associated with it. Deleting the product will"
_PENDING_ORDERS = f"{_BUSY} disrupt the order processing and might cause inconvenience to our customers."


def get_product(context: FluentCartContext) -> Reply:
    """GET /products/{product}."""
    product: Product = context.bound("product")
    query = context.caller.query
    names = product_lists.relation_names(context.reader, query, is_limited=context.rules.allowed_details)
    sent = query.get("with")
    shows_menu = context.rules.allowed_details and isinstance(sent, php.ARRAY) and "product_menu" in php.values_of(sent)
    return Reply({"product": _views(context).whole(product, names), **({"product_menu": ""} if shows_menu else {})})


def _views(context: FluentCartContext) -> ProductReader:
    return ProductReader(context.transaction, context.caller.site_url)


def get_product_pricing(context: FluentCartContext) -> Reply:
    """GET /products/{product_id}/pricing."""
    product = product_views.find(context.transaction, context.params["product_id"])
    if product is None:
        raise errors.entity_not_found("Product not found", "Back to Product List", "/products")
    return Reply(_views(context).pricing(product))


def list_variants(context: FluentCartContext) -> Reply:
    """GET /variants: all of them; `per_page` is not read (31-099)."""
    store = context.transaction
    return Reply([product_views.variant_row(store, variant) for variant in store.all(VARIANTS)])


def list_product_variants(context: FluentCartContext) -> Reply:
    """GET /products/variants: always empty, and with live validation a crash without `params` (31-094 to 31-096)."""
    if context.validation == "live" and not isinstance(context.caller.query.get("params"), dict):
        raise errors.PluginCrash("Argument #1 ($params) must be of type array, null given")
    return Reply({"variants": []})


def create_product(context: FluentCartContext) -> Reply:
    """POST /products."""
    products.check_new(context.document)
    product = products.make_product(context.document, new_id(context.transaction, PRODUCTS), context.time)
    context.transaction.put(PRODUCTS, product)
    row = None
    if products.has_variation(product, context.rules):
        variant, stock = products.first_variant(product, new_id(context.transaction, VARIANTS))
        _save_variant(context, variant, stock)
        row = products.render_first_variant(variant, stock)
    data = {"ID": product.ID, "variant": row, "product_details": None}
    return Reply({"data": data, "message": "Product has been created successfully"})


def _save_variant(context: FluentCartContext, variant: Variant, stock: Variation) -> None:
    context.transaction.put(VARIANTS, variant)
    context.transaction.put(VARIATIONS, stock)


def bulk_insert_products(context: FluentCartContext) -> Reply:
    """POST /products/bulk-insert: the good ones are created, the bad ones are listed (31-125)."""
    sent = context.document.get("products")
    if not isinstance(sent, php.ARRAY) or not sent:
        raise errors.refused("No products provided")
    if len(sent) > bulk_products.MAX_PRODUCTS:
        raise errors.refused("Maximum 10 products per chunk allowed")
    created: list[Any] = []
    failed: list[Any] = []
    for document in php.values_of(sent):
        entry, is_good = _insert(context, document if isinstance(document, dict) else {})
        (created if is_good else failed).append(entry)
    if failed and not created:
        raise errors.refused("All products failed to insert", errors=failed)
    message = f"{len(created)} product(s) created successfully"
    return Reply({"message": message, "created": created, "errors": failed})


def _insert(context: FluentCartContext, document: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Insert one product. Return its entry in the reply, and whether it was inserted."""
    key = {"_cid": sanitize_text(document.get("_cid"))}
    refused = {**key, "title": document.get("post_title", "")}
    problems = bulk_products.check(document)
    if problems:
        return {**refused, "message": next(iter(problems.values())), "fields": problems}, False
    product = products.make_product(document, new_id(context.transaction, PRODUCTS), context.time)
    made = [
        bulk_products.make_variant(product, row, new_id(context.transaction, VARIANTS) + index, index, context.rules)
        for index, row in enumerate(bulk_products.stocked_variants(document))
    ]
    taken = next((variant.sku for variant, _ in made if variant.sku and _has_sku(context, variant.sku)), None)
    if taken:
        return {**refused, "message": f'SKU "{taken}" is already in use.'}, False
    context.transaction.put(PRODUCTS, product)
    for variant, stock in made:
        _save_variant(context, variant, stock)
    return {**key, "id": product.ID, "view_url": product_views.view_url(product, context.caller.site_url)}, True


def _has_sku(context: FluentCartContext, sku: str) -> bool:
    return any((variant.sku or "").lower() == sku.lower() for variant in context.transaction.all(VARIANTS))


def update_inventory(context: FluentCartContext) -> Reply:
    """PUT /products/{product_id}/update-inventory/{variation_id}."""
    store, variant = context.transaction, context.find(VARIANTS, context.params["variation_id"])
    if variant is None:
        raise errors.refused("Variant not found")
    product = product_views.find(store, context.params["product_id"])
    siblings = [one for one in product_views.variants_of(store, product.ID) if one.id != variant.id] if product else []
    others = [store.get(VARIATIONS, one.id) or Variation(one.id) for one in siblings]
    stock = store.get(VARIATIONS, variant.id, for_update=True) or Variation(variant.id)
    changed, stock = products.change_stock(product, stock, others, context.document, context.time)
    store.put(VARIATIONS, stock)
    for one in others:
        store.put(VARIATIONS, replace(one, manage_stock=True))
    if changed:
        store.put(PRODUCTS, changed)
    return Reply({"message": "Inventory updated successfully"})


def bulk_change_products(context: FluentCartContext) -> Reply:
    """POST /products/do-bulk-action: only `delete_products`."""
    numbers = fields.ids(context.document, "product_ids")
    if not numbers:
        raise resource_error(403, "Products selection is required")
    found = [product for product in (context.transaction.get(PRODUCTS, number) for number in numbers) if product]
    if context.document.get("action") == "duplicate_products":
        context.warn("FluentCart duplicates products, but the sandbox does not emulate it.")
    if context.document.get("action") != "delete_products" or not found:
        raise resource_error(400, "Selected action is invalid")
    failed = [product.ID for product in found if not _delete(context, product)]
    busy = f"The Product ID - {' , '.join(map(str, failed))} cannot be deleted at the moment"
    if len(failed) == len(found):
        raise resource_error(400, f"{busy} as there are pending orders associated with it.")
    rest = f"{busy} as there are pending orders associated with it. And remaining product and its associated data have been"
    message = f"{rest} deleted." if failed else "Selected product and associated data have been deleted"
    return Reply({"message": message, "data": ""})


def delete_product(context: FluentCartContext) -> Reply:
    """DELETE /products/{product}. Order items keep its id (31-137)."""
    if not _delete(context, context.bound("product")):
        raise resource_error(400, _PENDING_ORDERS)
    return Reply({"message": "Selected product and associated data has been deleted", "data": ""})


def _delete(context: FluentCartContext, product: Product) -> bool:
    """Delete a product with its variations; return False if an order in progress has it (read in the source)."""
    store = context.transaction
    variants = product_views.variants_of(store, product.ID)
    if _is_in_progress(context, product.ID):
        return False
    for variant in variants:
        store.delete(VARIANTS, variant.id)
        store.delete(VARIATIONS, variant.id)
    store.delete(PRODUCTS, product.ID)
    bookkeeping.log(context, models.PRODUCT, 0, "Product deleted", f"Product {product.post_title} is deleted", name="Product")
    return True


def _is_in_progress(context: FluentCartContext, product_id: int) -> bool:
    """Whether an order on hold or in processing has the product."""
    store = context.transaction
    orders = [order for status in ("on-hold", "processing") for order in store.where(ORDERS, "status", status)]
    return any(item.post_id == product_id for order in orders for item in store.where(ITEMS, "order_id", order.id))


def search_variants_by_name(context: FluentCartContext) -> Reply:
    """GET /products/searchVariantByName."""
    return Reply(product_lists.search_variants(context.reader, context.list_query))


def fetch_products_by_ids(context: FluentCartContext) -> Reply:
    """GET /products/fetchProductsByIds."""
    found = (context.transaction.get(PRODUCTS, number) for number in _query_ids(context))
    return Reply({"products": [_views(context).whole(product, []) for product in found if product]})


def fetch_variants_by_ids(context: FluentCartContext) -> Reply:
    """GET /products/fetchVariationsByIds: one id only; several crash the plugin (measured in 1.5.2)."""
    numbers = _query_ids(context)
    if len(numbers) > 1 and context.validation == "live":
        raise errors.PluginCrash("Nested arrays may not be passed to whereIn method.")
    found = (context.transaction.get(VARIANTS, number) for number in numbers)
    return Reply({"products": [{"value": variant.id, "label": variant.title} for variant in found if variant]})


def _query_ids(context: FluentCartContext) -> list[int]:
    return list(map(php.to_int, php.entries(context.caller.query.get("productIds"))))


def find_subscription_variants(context: FluentCartContext) -> Reply:
    """GET /products/findSubscriptionVariants."""
    name = php.to_text(context.caller.query.get("name")).lower()
    plans = [variant for variant in context.transaction.all(VARIANTS) if variant.payment_type == "subscription"]
    return Reply([{"id": variant.id, "title": variant.title} for variant in plans if name in variant.title.lower()])


def suggest_sku(context: FluentCartContext) -> Reply:
    """GET /products/suggest-sku (read in the source)."""
    title, variant = (sanitize_text(context.caller.query.get(name)) for name in ("title", "variant_title"))
    if php.is_empty(title):
        raise errors.refused("Product title is required to generate SKU.")
    sku = products.suggest_sku(title, variant)
    if not sku:
        raise errors.refused("Could not generate SKU from the given title.")
    own_id = abs(php.to_int(context.caller.query.get("exclude_id")))
    taken = {one.sku for one in context.transaction.all(VARIANTS) if one.id != own_id and one.sku}
    return Reply({"sku": products.make_unique_sku(sku, taken)})


def get_bundle_info(context: FluentCartContext) -> Reply:
    """GET /products/get-bundle-info/{product_id} (31-113)."""
    number = php.as_id(context.params["product_id"]) or 0
    empty: dict[str, Any] = {"thumbnail": None, "formatted_total": None, "media": None}
    children: dict[str, Any] = {"bundle_child_ids": [], "child_variants": []}
    found = product_views.variants_of(context.transaction, number)
    return Reply(
        [{"id": one.id, "variation_title": one.title, "other_info": one.other_info or [], **empty, **children} for one in found]
    )


def list_product_integrations(context: FluentCartContext) -> Reply:
    """GET /products/{product_id}/integrations: none without add-ons (31-116)."""
    url = f"{context.caller.site_url}/wp-admin/admin.php?page=fluent-cart#/integrations"
    return Reply({"feeds": [], "available_integrations": [], "all_module_config_url": url})
