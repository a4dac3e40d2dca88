"""What a world need not say of its lines and subscriptions, because the shop's products say it.

The products are those of the shop that was recorded (groups 11 to 14). The sandbox keeps no others: a line of another product
is only what the world or the caller says of it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from refund_sandbox.apis.fluentcart import php
from refund_sandbox.apis.fluentcart.gateways import CUSTOMERS
from refund_sandbox.frozen import frozen

Document = Mapping[str, Any]


@frozen
class Product:
    """One variation of a product. `post_id` is the product, `price` is minor units."""

    id: int
    post_id: int
    post_title: str
    title: str
    price: int
    recurs: bool = False

    @property
    def full_title(self) -> str:
        """The name under which a subscription of it is billed."""
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
    """The variation with that id, None for one that the shop does not sell."""
    return _PRODUCTS.get(php.as_id(variation_id) or 0)


def item_defaults(item: Document) -> dict[str, Any]:
    """What is left out of an order's line."""
    product = find(item.get("object_id"))
    return {"post_id": product.post_id, "post_title": product.post_title, "title": product.title} if product else {}


def subscription_defaults(subscription: Document, items: Iterable[Document], charges: Iterable[Document]) -> dict[str, Any]:
    """What is left out of a subscription, by the line that began it and the charges that paid for it. Money is minor units."""
    customer = CUSTOMERS.get(subscription.get("current_payment_method", ""), "")
    paid = [charge for charge in charges if charge.get("subscription_id") == subscription["id"]]
    count = sum(charge.get("status", "succeeded") == "succeeded" for charge in paid)
    known = {"vendor_customer_id": customer, "vendor_plan_id": "", "bill_count": count}
    line = next((item for item in items if item.get("payment_type") == "subscription"), None)
    if line is None:
        return known
    product = find(line.get("object_id"))
    sold = {"product_id": product.post_id, "item_name": product.full_title} if product else {}
    price = line.get("line_total", 0)
    variation = php.to_int(line.get("object_id", 0))
    return {**known, **sold, "variation_id": variation, "recurring_amount": price, "recurring_total": price}
