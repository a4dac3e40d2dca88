"""Defaults of the shop's sections of a state document, and of rows in them: those of the recorded shop."""

from collections.abc import Mapping, Sequence
from typing import Any

from refund_sandbox.apis.fluentcart import php

Document = Mapping[str, Any]

_PRODUCT_DATE = "2026-11-01 10:00:00"
_CUSTOMER_DATE = "2026-11-21 18:59:39"

PRODUCTS: Sequence[Document] = (
    {"ID": 101, "variation_type": "simple_variations", "variants": [{"id": 201, "price": 3000}, {"id": 202, "price": 2000}]},
    {"ID": 102, "variants": [{"id": 203, "price": 10000}]},
    {
        "ID": 103,
        "fulfillment_type": "digital",
        "variants": [{"id": 204, "price": 2900, "payment_type": "subscription", "manage_stock": 0}],
    },
)
"""The products of the recorded shop."""

CUSTOMERS: Sequence[Document] = tuple(
    {
        "id": number,
        "email": f"c{number}@example.test",
        "first_name": "C",
        "last_name": str(number),
        "created_at": _CUSTOMER_DATE,
    }
    for number in (11, 12, 13)
)
"""The customers of the recorded shop. They have no statistics until a request recalculates them."""

PLAN_NAMES = {204: "Pro Plan - Monthly"}
"""The `item_name` of subscriptions to a product without a title of its own."""

_PLAN = {"repeat_interval": "monthly", "installment": "no", "times": 0, "trial_days": 0, "manage_setup_fee": "no"}
_STOCK: Document = {"manage_stock": True, "total_stock": 10, "on_hold": 2, "committed": 0, "available": 8}


def lists(section: Document) -> dict[str, Any]:
    """Return the lists of a state that lacks them. A state whose orders name other customers has none of the recorded ones."""
    known, named = {row["id"] for row in CUSTOMERS}, {order.get("customer_id") for order in section.get("orders", [])}
    return {"products": PRODUCTS, "customers": CUSTOMERS if named <= {None, *known} else ()}


def product(document: Document) -> dict[str, Any]:
    """Return a product with the defaults of its columns."""
    number, date = int(document["ID"]), document.get("post_date", _PRODUCT_DATE)
    return {
        "post_title": f"Product {number}",
        "post_name": f"product-{number}",
        "post_date": date,
        "post_modified": date,
        "updated_at": date,
        **document,
    }


def variant(document: Document, product: Document, serial_index: int) -> dict[str, Any]:
    """Return a variation with the defaults of its columns. `other_info` follows the payment type."""
    payment_type = document.get("payment_type", "onetime")
    info = {"payment_type": payment_type, "description": "", **(_PLAN if payment_type == "subscription" else {})}
    return {
        "title": f"Variation {int(document['id'])}",
        "serial_index": serial_index,
        "fulfillment_type": product.get("fulfillment_type", "physical"),
        "other_info": info,
        "created_at": product["post_date"],
        "updated_at": product["post_date"],
        **document,
        "post_id": product["ID"],
    }


def stock(document: Document) -> dict[str, Any]:
    """Return the stock of a variation: the given columns, else those of the recorded shop."""
    given = {name: document[name] for name in (*_STOCK, "stock_status") if name in document}
    return {**_STOCK, **given, "id": document["id"], "manage_stock": php.is_true_flag(given.get("manage_stock", True))}
