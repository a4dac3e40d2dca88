"""Products and variations in the JSON of the plugin (group 31)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from refund_sandbox.apis.fluentcart import php
from refund_sandbox.apis.fluentcart.records import VARIATIONS, Item, Variation
from refund_sandbox.apis.fluentcart.rendering import STORE_CURRENCY, Row, columns, format_money, iso, row
from refund_sandbox.apis.fluentcart.shop.records import PRODUCTS, VARIANTS, Product, Variant
from refund_sandbox.apis.fluentcart.versions import Rules
from refund_sandbox.stores.protocol import ReadTransaction

POST = columns(
    "ID post_date post_date_gmt post_content post_title post_excerpt post_status comment_status ping_status post_name "
    "post_modified post_modified_gmt guid post_type"
)
"""Columns of a post; those that the record lacks have fixed values."""
_FIXED_COLUMNS = {"comment_status": "open", "ping_status": "open", "post_type": "fluent-products"}
_VARIANT = columns("id post_id serial_index sku payment_type fulfillment_type item_status compare_price downloadable")
_VARIANT_ORDER = (
    "id post_id media_id serial_index sold_individually variation_title variation_identifier sku manage_stock payment_type "
    "stock_status backorders total_stock on_hold committed available fulfillment_type item_status manage_cost item_price "
    "item_cost compare_price shipping_class other_info downloadable created_at updated_at thumbnail formatted_total media"
).split()
"""The keys of a variation in the plugin's order (31-088)."""
_TAXONOMY_NAMES = {"product-categories": ("Categories", "Category"), "product-brands": ("Brands", "Brand")}
TAXONOMIES: Mapping[str, Row] = {
    name: {
        "name": name,
        "label": name.replace("-", " ").title(),
        "terms": [],
        "labels": {"name": plural, "singular_name": singular},
    }
    for name, (plural, singular) in _TAXONOMY_NAMES.items()
}
"""Kinds of terms; the shop has no terms."""
TERMS = {name: {key: row[key] for key in ("name", "label", "terms")} for name, row in TAXONOMIES.items()}


def post_row(product: Product) -> Row:
    """Return the columns of a product's post."""
    stored = {
        "post_date_gmt": product.post_date,
        "post_modified_gmt": product.post_modified,
        **_FIXED_COLUMNS,
    }
    return {name: stored[name] if name in stored else getattr(product, name) for name in POST}


def view_url(product: Product, site_url: str) -> str:
    """Return the product's page; a draft has no address of its own (31-003)."""
    if product.post_status in ("draft", "future", "pending"):
        return f"{site_url}/?post_type=fluent-products&p={product.ID}"
    return f"{site_url}/item/{product.post_name}/"


def edit_url(product: Product, site_url: str) -> str:
    return f"{site_url}/wp-admin/post.php?post={product.ID}&action=edit"


def placeholder(site_url: str) -> str:
    """Return the picture of a product without one."""
    return f"{site_url}/wp-content/plugins/fluent-cart/assets/images/placeholder.svg"


def detail_row(product: Product, variants: Sequence[Variant]) -> Row:
    """Return the detail row: prices from the variations, the first of which is the default."""
    prices = [variant.price for variant in variants]
    low, high = (min(prices), max(prices)) if prices else (None, None)
    dates = {"created_at": iso(product.post_date), "updated_at": iso(product.updated_at or product.post_date)}
    return {
        "id": product.ID,
        "post_id": product.ID,
        "fulfillment_type": product.fulfillment_type,
        "min_price": None if low is None else str(low),
        "max_price": None if high is None else str(high),
        "default_variation_id": str(variants[0].id) if variants else None,
        "default_media": None,
        "manage_stock": _flag(product.manage_stock),
        "stock_availability": product.stock_availability,
        "variation_type": product.variation_type,
        "manage_downloadable": _flag(product.manage_downloadable),
        "other_info": product.other_info or [],
        **dates,
        "featured_media": None,
        "formatted_min_price": None if low is None else format_money(low, STORE_CURRENCY),
        "formatted_max_price": None if high is None else format_money(high, STORE_CURRENCY),
        "gallery_image": None,
    }


def _flag(value: Any) -> str:
    return "1" if value else "0"


def sold_variant(item: Item) -> Variant:
    """Return the variation that an item shows if the shop does not sell it. Assumed: its fields follow the item."""
    info = item.other_info if isinstance(item.other_info, Mapping) else {}
    plan = {"installment": "no"} if item.payment_type == "subscription" else {}
    return Variant(
        id=php.to_int(item.object_id),
        post_id=item.post_id,
        title=item.title,
        price=item.unit_price,
        item_cost=item.cost,
        payment_type=item.payment_type,
        fulfillment_type=item.fulfillment_type,
        other_info={**info, **plan},
        created_at=item.created_at,
        updated_at=item.updated_at,
    )


def variants_of(store: ReadTransaction, product_id: int) -> list[Variant]:
    """Return the variations of a product in their order."""
    return sorted(store.where(VARIANTS, "post_id", product_id), key=lambda variant: (variant.serial_index, variant.id))


def stock_status(stock: Variation) -> str:
    """Return the stored status; without one, it follows from the stock."""
    if stock.stock_status:
        return stock.stock_status
    return "in-stock" if stock.available > 0 or not stock.manage_stock else "out-of-stock"


def total_stock(stock: Variation) -> int:
    return stock.available + stock.on_hold + stock.committed if stock.total_stock is None else stock.total_stock


def variant_row(store: ReadTransaction, variant: Variant) -> Row:
    """Return a variation with its stock."""
    stock = store.get(VARIATIONS, variant.id) or Variation(variant.id, manage_stock=False)
    values = {
        **row(variant, _VARIANT),
        **_UNUSED,
        "manage_stock": _flag(stock.manage_stock),
        "stock_status": stock_status(stock),
        "total_stock": total_stock(stock),
        "on_hold": stock.on_hold,
        "committed": stock.committed,
        "available": stock.available,
        "variation_title": variant.title,
        "item_price": variant.price,
        "item_cost": variant.item_cost,
        "other_info": variant.other_info or [],
        "created_at": iso(variant.created_at),
        "updated_at": iso(variant.updated_at),
        "formatted_total": format_money(variant.price, STORE_CURRENCY),
    }
    return {name: values[name] for name in _VARIANT_ORDER}


_UNUSED: Row = {
    **dict.fromkeys(("media_id", "variation_identifier", "shipping_class", "thumbnail", "media")),
    **dict.fromkeys(("sold_individually", "backorders"), 0),
    "manage_cost": "false",
}
"""Columns of a variation that are the same for every one."""


_TO_EDIT = (
    "id post_id variation_title sku item_price compare_price payment_type manage_stock total_stock available stock_status "
    "serial_index fulfillment_type other_info"
).split()


def _variant_to_edit(variation: Row, rules: Rules) -> Row:
    """Return a variation for the bulk editor. Before 1.6.2 its money is major units."""
    shown = {name: variation[name] for name in _TO_EDIT}
    shown |= {"manage_stock": php.to_int(shown["manage_stock"]), "media": []}
    if not rules.minor_prices:
        shown |= {name: _to_major_units(shown[name]) for name in ("item_price", "compare_price")}
        info = shown["other_info"]
        if isinstance(info, dict) and php.is_numeric(info.get("signup_fee")) and not php.is_empty(info["signup_fee"]):
            shown["other_info"] = {**info, "signup_fee": _to_major_units(float(info["signup_fee"]))}
    return shown


def _to_major_units(amount: float) -> float:
    """Return an amount as PHP divides it: a whole number stays whole."""
    return int(amount) // 100 if amount % 100 == 0 else amount / 100


class ProductReader:
    """Read access to the products of one store. `url` is the site's URL."""

    def __init__(self, store: ReadTransaction, url: str) -> None:
        self._store = store
        self._url = url

    def list_row(self, product: Product, relations: Sequence[str], *, has_detail: bool) -> Row:
        """Return a product as in the list. Since 1.4.0 it always has its detail (31-030)."""
        links = {"view_url": view_url(product, self._url), "edit_url": edit_url(product, self._url)}
        names = [*relations, *(["detail"] if has_detail and "detail" not in relations else [])]
        return {**post_row(product), **links, **self.relations(product, names)}

    def whole(self, product: Product, relations: Sequence[str]) -> Row:
        """Return one product."""
        names = [*relations, *([] if "detail" in relations else ["detail"])]
        return {**post_row(product), "thumbnail": placeholder(self._url), **self.relations(product, names)}

    def pricing(self, product: Product) -> Row:
        """Return the body of GET /products/{id}/pricing."""
        variants = variants_of(self._store, product.ID)
        rows = [{**variant_row(self._store, variant), "attr_map": []} for variant in variants]
        links = {"view_url": view_url(product, self._url), "edit_url": edit_url(product, self._url)}
        whole = {
            **post_row(product),
            **{name: [] for name in TAXONOMIES},
            **links,
            "detail": detail_row(product, variants),
            "variants": rows,
            "downloadable_files": [],
            "featured_image_id": 0,
        }
        return {"product": whole, "product_menu": "", "taxonomies": TAXONOMIES}

    def to_edit(self, product: Product, rules: Rules) -> Row:
        """Return a product of GET /products/bulk-edit-data."""
        names = ("ID", "post_title", "post_content", "post_excerpt", "post_status")
        detail = {"variation_type": product.variation_type, "fulfillment_type": product.fulfillment_type}
        variants = variants_of(self._store, product.ID)
        return {
            **{name: getattr(product, name) for name in names},
            "view_url": view_url(product, self._url),
            "gallery": [],
            "detail": {**detail, "manage_stock": int(bool(product.manage_stock))},
            "variants": [_variant_to_edit(variant_row(self._store, variant), rules) for variant in variants],
            "category_terms": [],
            "categories": [],
        }

    def public(self, product: Product) -> Row:
        """Return a product as everybody sees it: without text, edit link and stock management (31-141)."""
        variants = variants_of(self._store, product.ID)
        post = {name: value for name, value in post_row(product).items() if name != "post_content"}
        detail = {name: value for name, value in detail_row(product, variants).items() if name != "manage_stock"}
        return {
            **post,
            "view_url": view_url(product, self._url),
            "has_subscription": any(variant.payment_type == "subscription" for variant in variants),
            "thumbnail": placeholder(self._url),
            "detail": detail,
            "variants": [variant_row(self._store, variant) for variant in variants],
        }

    def found(self, product: Product) -> Row:
        """Return a product that a search by name found (31-100)."""
        detail = detail_row(product, variants_of(self._store, product.ID))
        picture = {"thumbnail": placeholder(self._url), "wp_terms": []}
        return {"ID": product.ID, "post_title": product.post_title, **picture, "detail": detail}

    def relations(self, product: Product, names: Sequence[str]) -> Row:
        """Return the relations by name. A nested one, such as `detail.variants`, is inside of the first."""
        known = sorted((name for name in names if name in RELATIONS), key=lambda name: "." in name)
        return {name.partition(".")[0]: RELATIONS[name](self._store, product) for name in known}


def _variants(store: ReadTransaction, product: Product) -> list[Row]:
    return [variant_row(store, variant) for variant in variants_of(store, product.ID)]


def _detail(store: ReadTransaction, product: Product) -> Row:
    return detail_row(product, variants_of(store, product.ID))


RELATIONS: Mapping[str, Callable[[ReadTransaction, Product], Any]] = {
    "detail": _detail,
    "variants": _variants,
    "downloadable_files": lambda _store, _product: [],
    "wpTerms": lambda _store, _product: [],
    "variants.media": _variants,
    "detail.variants": lambda store, product: {**_detail(store, product), "variants": _variants(store, product)},
}
"""Relations in `with[]` by name."""


def find(store: ReadTransaction, product_id: str) -> Product | None:
    """Return the product with an id in a path."""
    return store.get(PRODUCTS, php.as_id(product_id) or 0)
