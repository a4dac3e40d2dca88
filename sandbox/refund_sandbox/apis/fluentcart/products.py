"""The three products of the demo shop, and their defaults for order items and subscriptions.

They are the products of the recorded shop (groups 11 to 14). The sandbox has no other products: an item of another product
has only the fields in the state document or the request.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from refund_sandbox.apis.fluentcart import php
from refund_sandbox.apis.fluentcart.gateways import DEFAULT_VENDOR_CUSTOMERS

Document = Mapping[str, Any]


class Product(Struct, frozen=True):
    """A product variation. `post_id` is the product, `price` is minor units."""

    id: int
    post_id: int
    post_title: str
    title: str
    price: int
    recurs: bool = False

    @property
    def full_title(self) -> str:
        """The `item_name` of its subscriptions."""
        return f"{self.post_title} - {self.title}"


_PRODUCTS = {
    product.id: product
    for product in (
        Product(201, 101, "Walnut Desk", "Small", 6000),
        Product(203, 102, "Ebook", "Ebook", 4000),
        Product(204, 103, "Pro Plan", "Monthly", 2900, recurs=True),
    )
}


def find(variation_id: Any) -> Product | None:
    """Return the variation with that id, None for an unknown one."""
    return _PRODUCTS.get(php.as_id(variation_id) or 0)


def item_defaults(item: Document) -> dict[str, Any]:
    """Return defaults for the fields of an order item."""
    product = find(item.get("object_id"))
    return {"post_id": product.post_id, "post_title": product.post_title, "title": product.title} if product else {}


def subscription_defaults(subscription: Document, items: Iterable[Document], charges: Iterable[Document]) -> dict[str, Any]:
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
