"""Rules of products: request fields in, records out (group 31)."""

import re
from collections.abc import Collection, Sequence
from itertools import count

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart import errors, php
from refund_sandbox.apis.fluentcart.records import Variation
from refund_sandbox.apis.fluentcart.rendering import Row, iso
from refund_sandbox.apis.fluentcart.shop import fields
from refund_sandbox.apis.fluentcart.shop.fields import Fields, clamp
from refund_sandbox.apis.fluentcart.shop.records import Product, Variant
from refund_sandbox.apis.fluentcart.versions import Rules
from refund_sandbox.apis.fluentcart.wordpress.plain_text import slug

_VARIATION_TYPES = ("simple", "simple_variations", "advanced_variations")
_CREATE_RULES = {
    "post_title": "required|sanitizeText|maxLength:200",
    "post_status": "nullable|string",
    "detail.fulfillment_type": "sanitizeText",
}
_CREATE_TEXTS = {"post_title.required": "Title is required."}
BILLING = {
    "times": "",
    "repeat_interval": "",
    "trial_days": "",
    "billing_summary": "",
    "manage_setup_fee": "no",
    "signup_fee_name": "",
}


def check_new(document: Fields) -> None:
    """Raise a refusal that lists all problems (31-068 to 31-072). Functions of their own check the kinds of the detail."""
    problems = fields.check(document, _CREATE_RULES, _CREATE_TEXTS)
    if fields.get(document, "detail.fulfillment_type") not in ("physical", "digital"):
        problems.setdefault("detail.fulfillment_type", {})["1"] = "Invalid fulfillment type."
    variation_type = fields.get(document, "detail.variation_type")
    if variation_type is not None and variation_type not in _VARIATION_TYPES:
        problems.setdefault("detail.variation_type", {})["1"] = "Invalid variation type."
    errors.check_fields(problems)


def make_product(document: Fields, product_id: int, now: str) -> Product:
    """Return a new product. Unknown statuses and titles that exist are accepted."""
    title, status = fields.text(document, "post_title"), fields.text(document, "post_status") or "draft"
    return Product(
        ID=product_id,
        post_title=title,
        post_status="publish" if status == "published" else status,
        post_name=slug(title),
        post_content=php.to_text(document.get("post_content")),
        post_excerpt=fields.text(document, "post_excerpt"),
        post_date=now,
        post_modified=now,
        fulfillment_type=fields.text(document, "detail.fulfillment_type") or "physical",
        variation_type=fields.text(document, "detail.variation_type") or None,
        updated_at=now,
    )


def has_variation(product: Product, rules: Rules) -> bool:
    """Whether a new product gets a variation: since 1.4.0 a simple one only (31-063 to 31-066)."""
    return product.variation_type == "simple" or not rules.numeric_tax_behavior


def first_variant(product: Product, variant_id: int) -> tuple[Variant, Variation]:
    """Return the variation of a new product, free of charge and with a stock of 1 (31-066)."""
    variant = Variant(
        id=variant_id,
        post_id=product.ID,
        title=product.post_title,
        fulfillment_type=product.fulfillment_type,
        other_info={
            "description": "",
            "payment_type": "onetime",
            "tax_class": "standard",
            "tax_exempt": "no",
            **BILLING,
            "signup_fee": "",
            "setup_fee_per_item": "no",
            "is_bundle_product": "no",
        },
        created_at=product.post_date,
        updated_at=product.post_date,
    )
    return variant, Variation(variant_id, available=1, total_stock=1, manage_stock=False, stock_status="in-stock")


def render_first_variant(variant: Variant, stock: Variation) -> Row:
    """Return the new variation as the reply has it: the columns that were just set (31-066)."""
    return {
        "post_id": variant.post_id,
        "serial_index": variant.serial_index,
        "variation_title": variant.title,
        "stock_status": stock.stock_status,
        "payment_type": variant.payment_type,
        "total_stock": stock.total_stock,
        "available": stock.available,
        "fulfillment_type": variant.fulfillment_type,
        "other_info": variant.other_info,
        "updated_at": iso(variant.updated_at),
        "created_at": iso(variant.created_at),
        "id": variant.id,
        "thumbnail": None,
        "media": None,
    }


def change_stock(
    product: Product | None, stock: Variation, others: Sequence[Variation], document: Fields, now: str
) -> tuple[Product | None, Variation]:
    """Return product and stock after an update, which manages the stock from now on (31-131).

    Missing numbers are 0, and negative ones are stored.
    """
    total, available = php.to_int(document.get("total_stock")), php.to_int(document.get("available"))
    changed = replace(
        stock,
        total_stock=clamp(total),
        available=clamp(available),
        manage_stock=True,
        stock_status="in-stock" if available > 0 else "out-of-stock",
    )
    has_stock = any(one.available > 0 for one in (*others, changed))
    status = "in-stock" if has_stock else "out-of-stock"
    return product and replace(product, manage_stock=1, stock_availability=status, updated_at=now), changed


_STOP_WORDS = frozenset("the and for with a an of in on to is it by or at from".split())
_MAX_SKU = 30
_MAX_SUGGESTION = 25
"""Letters of a suggestion. The rest of the column is for a number that makes it unique."""
_LETTERS_OF_A_WORD = 3


def suggest_sku(title: str, variant_title: str) -> str:
    """Return the first three letters of each word, or "" if no word is left."""
    whole = title.strip()
    if variant_title and variant_title.strip().lower() != whole.lower():
        whole += f" {variant_title.strip()}"
    words = re.sub(r"[^A-Z0-9\s]", "", whole.upper()).split(" ")
    parts = [word[:_LETTERS_OF_A_WORD] for word in words if word and word.lower() not in _STOP_WORDS]
    return "-".join(parts)[:_MAX_SUGGESTION].rstrip("-")


def make_unique_sku(sku: str, taken: Collection[str]) -> str:
    """Return the unit, or the first one with a number behind it that is free."""
    if sku not in taken:
        return sku
    numbered = (f"{sku[: _MAX_SKU - len(f'-{number}')]}-{number}" for number in count(1))
    return next(name for name in numbered if name not in taken)
