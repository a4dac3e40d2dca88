"""Products as order items and subscriptions see them: titles, and defaults of state documents."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct

from refund_sandbox.apis.fluentcart import php
from refund_sandbox.apis.fluentcart.gateways import DEFAULT_VENDOR_CUSTOMERS
from refund_sandbox.apis.fluentcart.shop import defaults
from refund_sandbox.apis.fluentcart.shop.records import PRODUCTS, VARIANTS
from refund_sandbox.stores.protocol import ReadTransaction

Document = Mapping[str, Any]


class SoldVariant(Struct, frozen=True):
    """A product variation as an order sells it. `post_id` is the product, `price` is minor units."""

    id: int
    post_id: int
    post_title: str
    title: str
    price: int
    recurs: bool = False
    fulfillment_type: str = "digital"

    @property
    def full_title(self) -> str:
        """The `item_name` of its subscriptions."""
        is_default = self.title == f"Variation {self.id}"
        name = defaults.PLAN_NAMES.get(self.id) if is_default else None
        return name or f"{self.post_title} - {self.title}"


Find = Callable[[Any], SoldVariant | None]
"""Function that returns the variation with an id that was sent, None for an unknown one."""


def finder(store: ReadTransaction) -> Find:
    """Return a function that finds variations in a store."""

    def find(variation_id: Any) -> SoldVariant | None:
        variant = store.get(VARIANTS, php.as_id(variation_id) or 0)
        product = store.get(PRODUCTS, variant.post_id) if variant else None
        if variant is None or product is None:
            return None
        recurs = variant.payment_type == "subscription"
        kind = variant.fulfillment_type
        return SoldVariant(variant.id, product.ID, product.post_title, variant.title, variant.price, recurs, kind)

    return find


def item_defaults(item: Document, find: Find) -> dict[str, Any]:
    """Return defaults for the fields of an order item: its product's titles, and prices from its total."""
    product = find(item.get("object_id"))
    titles = {"post_id": product.post_id, "post_title": product.post_title, "title": product.title} if product else {}
    total = item.get("line_total", 0)
    quantity = max(1, item.get("quantity", 1))
    return {**titles, "unit_price": total // quantity, "subtotal": total}


def subscription_defaults(
    subscription: Document, items: Iterable[Document], charges: Iterable[Document], find: Find
) -> dict[str, Any]:
    """Return defaults for the fields of a subscription, from the item that started it and the charges that paid it."""
    customer = DEFAULT_VENDOR_CUSTOMERS.get(subscription.get("current_payment_method", ""), "")
    paid = [charge for charge in charges if charge.get("subscription_id") == subscription["id"]]
    count = sum(charge.get("status", "succeeded") == "succeeded" for charge in paid)
    defaults = {"vendor_customer_id": customer, "vendor_plan_id": "", "bill_count": count}
    plan = next((item for item in items if item.get("payment_type") == "subscription"), None)
    if plan is None:
        return defaults
    product = find(plan.get("object_id"))
    product_fields = {"product_id": product.post_id, "item_name": product.full_title} if product else {}
    price = plan.get("line_total", 0)
    variation = php.to_int(plan.get("object_id", 0))
    return {**defaults, **product_fields, "variation_id": variation, "recurring_amount": price, "recurring_total": price}
