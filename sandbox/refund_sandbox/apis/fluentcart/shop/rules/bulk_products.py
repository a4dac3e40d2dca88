"""Rules of products that are inserted in bulk (31-122 to 31-125).

The texts and the checks of a variation are read in the plugin's code.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from refund_sandbox.apis.fluentcart import php
from refund_sandbox.apis.fluentcart.records import Variation
from refund_sandbox.apis.fluentcart.shop import fields
from refund_sandbox.apis.fluentcart.shop.fields import clamp
from refund_sandbox.apis.fluentcart.shop.records import Product, Variant
from refund_sandbox.apis.fluentcart.shop.rules.products import BILLING
from refund_sandbox.apis.fluentcart.versions import Rules
from refund_sandbox.apis.fluentcart.wordpress.plain_text import sanitize_text

MAX_PRODUCTS = 10
"""Largest number of products in one bulk insert."""
_DEFAULT_STOCK = 100
_RULES = {
    "post_title": "required|sanitizeText|maxLength:200",
    "post_status": "required|sanitizeText|in:published,draft",
    "detail.fulfillment_type": "required|sanitizeText|in:physical,digital",
    "detail.variation_type": "required|sanitizeText|in:simple,simple_variations",
    "variants.*.variation_title": "nullable|sanitizeText|maxLength:200",
    "variants.*.sku": "nullable|sanitizeText|maxLength:100",
    "variants.*.item_price": "nullable|numeric|min:0",
    "variants.*.compare_price": "nullable|numeric",
    "variants.*.other_info": "required|array",
    "variants.*.other_info.payment_type": "required|sanitizeText|in:onetime,subscription",
    "variants.*.other_info.trial_days": "nullable|numeric|min:0|max:365",
}
_TITLED = {**_RULES, "variants.*.variation_title": "required|sanitizeText|maxLength:200"}
_TEXTS = {
    "post_title.required": "Title is required.",
    "post_status.required": "Status is required.",
    "post_status.in": "Status must be published or draft.",
    "detail.fulfillment_type.required": "Product Type is required.",
    "detail.fulfillment_type.in": "Product Type must be physical or digital.",
    "detail.variation_type.required": "Pricing Type is required.",
    "detail.variation_type.in": "Pricing Type must be simple or simple_variations.",
    "variants.*.variation_title.required": "Variant title is required.",
    "variants.*.item_price.numeric": "Price must be a number.",
    "variants.*.item_price.min": "Price must be a positive number.",
    "variants.*.other_info.payment_type.required": "Payment Type is required.",
    "variants.*.other_info.payment_type.in": "Payment Type must be onetime or subscription.",
    "variants.*.other_info.trial_days.numeric": "Trial days must be a number.",
    "variants.*.other_info.trial_days.min": "Trial days must be 0 or more.",
    "variants.*.other_info.trial_days.max": "Trial days may not be greater than 365.",
}
_CHEAPER = "Compare price must be greater than or equal to item price."


def check(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the errors of one product: field → first text (31-125)."""
    is_titled = fields.get(document, "detail.variation_type") == "simple_variations"
    errors = fields.check(document, _TITLED if is_titled else _RULES, _TEXTS)
    for index, variant in enumerate(variants_of(document)):
        price, compared = variant.get("item_price") or 0, variant.get("compare_price")
        if php.is_numeric(price) and php.is_numeric(compared) and float(compared or 0) and float(compared or 0) < float(price):
            errors.setdefault(f"variants.{index}.compare_price", {})["2"] = _CHEAPER
    return {name: next(iter(texts.values())) for name, texts in errors.items()} or _repeated_skus(variants_of(document))


def _repeated_skus(variants: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the errors of stock keeping units that an earlier variation of the product has."""
    skus = [php.to_text(variant.get("sku")).strip() for variant in variants]
    return {
        f"variants.{index}.sku": f'Duplicate SKU "{sku}" within this product.'
        for index, sku in enumerate(skus)
        if not php.is_empty(sku) and sku in skus[:index]
    }


def variants_of(document: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the sent variations."""
    return [row for row in php.entries(document.get("variants")) if isinstance(row, dict)]


def stocked_variants(document: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the variations to insert: without any, one from the detail, whose stock is that of a simple product."""
    detail = fields.get(document, "detail", {})
    rows = variants_of(document)
    is_managed = not php.is_empty(detail.get("manage_stock"))
    stock = {"manage_stock": is_managed, "total_stock": detail.get("total_stock", _DEFAULT_STOCK), "available": None}
    if not rows:
        return [{"item_price": detail.get("item_price"), "compare_price": detail.get("compare_price"), **stock}]
    if detail.get("variation_type") == "simple":
        return [{**rows[0], **(stock if is_managed else {"manage_stock": False})}, *rows[1:]]
    return rows


def make_variant(
    product: Product, document: Mapping[str, Any], variant_id: int, index: int, rules: Rules
) -> tuple[Variant, Variation]:
    """Return a variation with its stock. Before 1.6.2, prices are major units: 1500 becomes 150000 (31-125)."""
    sent = document.get("other_info")
    info = sent if isinstance(sent, dict) else {}
    texts = {name: sanitize_text(info.get(name, default)) for name, default in _INFO.items()}
    variant = Variant(
        id=variant_id,
        post_id=product.ID,
        serial_index=index + 1,
        title=sanitize_text(document.get("variation_title")) or product.post_title,
        sku=sanitize_text(document.get("sku")) or None,
        price=_price(document.get("item_price"), rules),
        compare_price=_price(document.get("compare_price"), rules),
        payment_type=texts["payment_type"],
        fulfillment_type=product.fulfillment_type,
        other_info={**_INFO, **texts, "billing_summary": "", "signup_fee": _price(info.get("signup_fee"), rules)},
        created_at=product.post_date,
        updated_at=product.post_date,
    )
    return variant, _make_stock(variant_id, document)


_INFO = {
    "description": "",
    "payment_type": "onetime",
    "installment": "no",
    **BILLING,
    "signup_fee": 0,
    "setup_fee_per_item": "no",
}
"""Details of a variation, in the plugin's order."""


def _make_stock(variant_id: int, document: Mapping[str, Any]) -> Variation:
    """Return the stock of a variation. One that is not managed has none, and is in stock."""
    if php.is_empty(document.get("manage_stock")):
        return Variation(variant_id, 0, total_stock=0, manage_stock=False, stock_status="in-stock")
    total = abs(php.to_int(document.get("total_stock")))
    available = total if document.get("available") is None else abs(php.to_int(document["available"]))
    status = "in-stock" if available > 0 else "out-of-stock"
    return Variation(variant_id, clamp(available), total_stock=clamp(total), manage_stock=True, stock_status=status)


def _price(value: Any, rules: Rules) -> int:
    factor = 1 if rules.minor_prices else 100
    amount = php.round_to_int(float(value) * factor) if value is not None and php.is_numeric(value) else 0
    return clamp(abs(amount))
