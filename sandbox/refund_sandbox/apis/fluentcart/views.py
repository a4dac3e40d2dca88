"""Records with their relations, and the bodies of the read operations."""

from collections.abc import Collection

from msgspec import Struct

from refund_sandbox.apis.fluentcart import customer_views, models, php, rendering
from refund_sandbox.apis.fluentcart.records import (
    ACTIVITIES,
    CUSTOMERS,
    ITEMS,
    ORDERS,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    Activity,
    Customer,
    Item,
    Order,
    Subscription,
)
from refund_sandbox.apis.fluentcart.rendering import Row
from refund_sandbox.apis.fluentcart.shop import addresses, labels, order_taxes, product_views
from refund_sandbox.apis.fluentcart.shop import records as shop
from refund_sandbox.apis.fluentcart.site_records import USERS
from refund_sandbox.apis.fluentcart.versions import Rules
from refund_sandbox.stores.protocol import ReadTransaction


class Reader(Struct, frozen=True):
    """Read access to one store. `url` is the site's URL; `crashes` reproduces the crashes of the recorded plugin."""

    store: ReadTransaction
    url: str
    rules: Rules
    crashes: bool
    permissions: Collection[str] = ("super_admin",)
    """Permissions of the user who reads."""

    def order(self, order: Order) -> Row:
        """Return an order as in lists, without relations."""
        return rendering.order_row(order, self.rules)

    def transactions(self, order: Order) -> list[Row]:
        """Return the order's charges and refunds by id, so that a refund follows its charge."""
        charges = sorted(self.store.where(TRANSACTIONS, "order_id", order.id), key=lambda charge: charge.id)
        return [rendering.transaction_row(charge, self.rules) for charge in charges]

    def items(self, order: Order) -> list[Row]:
        """Return the order's items without their products."""
        return [rendering.item_row(item, self.rules) for item in self._items(order)]

    def subscription(self, subscription: Subscription) -> Row:
        """Return a subscription as in lists. Its `meta` is a relation that the plugin does not remove."""
        return {**rendering.row(subscription, rendering.SUBSCRIPTION), **self._extras(subscription), "meta": []}

    def subscriptions(self, order: Order) -> list[Row]:
        """Return the subscriptions that the order started; for a renewal, those that its first order started."""
        subscriptions = self.store.where(SUBSCRIPTIONS, "parent_order_id", order.parent_id or order.id)
        return [self.subscription(subscription) for subscription in subscriptions]

    def customer_of(self, order: Order) -> Row | None:
        customer = self._customer(order.customer_id)
        return self.customer(customer) if customer else None

    def customer(self, customer: Customer) -> Row:
        """Return a customer as in lists."""
        row = rendering.row(customer, customer_views.CUSTOMER)
        return {**row, **customer_views.customer_extras(customer, self.url)}

    def orders_with_items_of(self, customer: Customer) -> list[Row]:
        """Return the customer's orders with their items, oldest first."""
        found = self.store.where(ORDERS, "customer_id", customer.id)
        return [{**self.order(order), "filtered_order_items": self.items(order)} for order in found]

    def orders_of(self, customer: Customer) -> list[Row]:
        """Return the customer's orders, oldest first."""
        return [self.order(order) for order in self.store.where(ORDERS, "customer_id", customer.id)]

    def whole_order(self, order: Order) -> Row:
        """Return an order with every relation, in the plugin's key order (11-064)."""
        parent = self.store.get(ORDERS, order.parent_id) if order.parent_id else None
        addresses, has_taxes = self.addresses(order), self.rules.tax_fields
        return {
            **self.order(order),
            **(order_taxes.fields(self.store, order) if has_taxes else {}),
            "parent_order": parent and {"id": parent.id, "subscriptions": self.subscriptions(parent)},
            "subscriptions": self.subscriptions(order),
            "activities": self.activities(models.ORDER, order.id),
            "labels": labels.relations_of(self.store, models.ORDER, order.id),
            "customer": self.customer_of(order),
            "children": [rendering.row(child, rendering.CHILD) for child in self.store.where(ORDERS, "parent_id", order.id)],
            "order_items": [self._whole_item(item) for item in self._items(order)],
            "transactions": self.transactions(order),
            "order_addresses": list(addresses),
            **({"order_tax_rates": order_taxes.rates(self.store, order)} if has_taxes else {}),
            "billing_address": self.address_of_type(addresses, "billing"),
            "shipping_address": self.address_of_type(addresses, "shipping"),
            "applied_coupons": [],
            "custom_checkout_url": f"{self.url}/?fluent-cart=custom_checkout&order_hash={order.uuid}",
            "has_missing_licenses": False,
            "order_operation": None,
            "receipt_url": f"{self.url if self.rules.whole_receipt_url else ''}/?order_hash={order.uuid}",
        }

    def changed_order(self, order: Order, *, with_variants: bool) -> Row:
        """Return an order after a status change, with the relations that the plugin has loaded then (14-032, 14-035)."""
        addresses = self.addresses(order)
        items = [self._item_with_product(item) for item in self._items(order)]
        return {
            **self.order(order),
            "order_items": items if with_variants else self.items(order),
            "customer": self.customer_of(order),
            "shipping_address": self.address_of_type(addresses, "shipping"),
            "billing_address": self.address_of_type(addresses, "billing"),
            **({} if with_variants else {"order_tax_rates": order_taxes.plain_rates(self.store, order)}),
        }

    def whole_subscription(self, subscription: Subscription) -> Row:
        """Return a subscription with every relation (11-097)."""
        order = self.store.get(ORDERS, subscription.parent_order_id)
        customer = self._customer(subscription.customer_id)
        rows = self.addresses(order) if order else []
        addresses = {f"{kind}_address": self.address_of_type(rows, kind) for kind in ("billing", "shipping")}
        return {
            **rendering.row(subscription, rendering.SUBSCRIPTION),
            **addresses,
            **({"business_info": []} if self.rules.tax_fields else {}),
            "related_orders": self._related_orders(order) if order else [],
            **self._extras(subscription),
            **({"is_reverse_charge_tax_order": False} if self.rules.tax_fields else {}),
            "labels": labels.relations_of(self.store, models.SUBSCRIPTION, subscription.id),
            "activities": self.activities(models.SUBSCRIPTION, subscription.id),
            "customer": customer and self._customer_with_addresses(customer),
            "order": order and {**self.order(order), **addresses, **self._tax_rates(order)},
            "meta": [],
        }

    def _tax_rates(self, order: Order) -> Row:
        return {"order_tax_rates": order_taxes.rates(self.store, order)} if self.rules.tax_fields else {}

    def fetched_subscription(self, subscription: Subscription) -> Row:
        """Return a fetched subscription: with its order, and with `bill_count` as a number (13-036)."""
        order = self.store.get(ORDERS, subscription.parent_order_id)
        row = {**self.subscription(subscription), "bill_count": subscription.bill_count, "order": order and self.order(order)}
        return {**row, "meta": row.pop("meta")}

    def whole_customer(self, customer: Customer, relations: Row) -> Row:
        """Return a customer with the relations in `with[]`, and before 1.6.4 with its labels (11-119, 11-120)."""
        extras = customer_views.customer_extras(customer, self.url)
        if not self.rules.allowed_details:
            relations = {**relations, "labels": labels.relations_of(self.store, models.CUSTOMER, customer.id)}
        selected = {"selected_labels": [row["label_id"] for row in relations.get("labels", ())]}
        return {**rendering.row(customer, customer_views.CUSTOMER), **selected, **extras, **relations}

    def _extras(self, subscription: Subscription) -> Row:
        order = self.store.get(ORDERS, subscription.parent_order_id)
        renewals = self.store.where(ORDERS, "parent_id", subscription.parent_order_id) if order else []
        return rendering.subscription_extras(subscription, order, renewals, self.rules)

    def _items(self, order: Order) -> list[Item]:
        return self.store.where(ITEMS, "order_id", order.id)

    def _item_with_variant(self, item: Item) -> Row:
        variant = self._variant(item)
        shown = product_views.variant_row(self.store, variant or product_views.sold_variant(item))
        identifier = {} if variant else {"variation_identifier": "0"}
        return {**rendering.item_row(item, self.rules), "variants": {**shown, **identifier}}

    def _variant(self, item: Item) -> shop.Variant | None:
        """Return the item's variation in the shop. One that only has a default title must have sold the item by that title."""
        variant = self.store.get(shop.VARIANTS, php.to_int(item.object_id))
        if variant is None or variant.title == item.title:
            return variant
        return None if variant.title == f"Variation {variant.id}" else variant

    def _whole_item(self, item: Item) -> Row:
        """Return an item as in a whole order. Assumed: no part of its discount comes from a coupon."""
        row = self._item_with_variant(item)
        if not self.rules.tax_fields:
            return row
        last = {name: row.pop(name) for name in ("formatted_total", "variants")}
        return {**row, "coupon_discount": 0, **last}

    def _item_with_product(self, item: Item) -> Row:
        """Return an item with its variation and its product. Assumed: both follow an item that the shop does not sell."""
        row, variant = self._item_with_variant(item), self._variant(item)
        product = self.store.get(shop.PRODUCTS, variant.post_id) if variant else None
        if product:
            detail = product_views.detail_row(product, product_views.variants_of(self.store, product.ID))
        else:
            sold = shop.Product(
                item.post_id, fulfillment_type=item.fulfillment_type, post_date=item.created_at, updated_at=item.updated_at
            )
            detail = {**product_views.detail_row(sold, [product_views.sold_variant(item)]), "other_info": None}
        return {**row, "variants": {**row["variants"], "product_detail": detail}}

    def _related_orders(self, first: Order) -> list[Row]:
        """Return the first order and its renewals, newest first."""
        related = sorted([first, *self.store.where(ORDERS, "parent_id", first.id)], key=lambda order: -order.id)
        return [
            {**self.order(order), "order_items": [rendering.brief_item_row(item, self.rules) for item in self._items(order)]}
            for order in related
        ]

    def _customer(self, customer_id: int | None) -> Customer | None:
        return self.store.get(CUSTOMERS, customer_id) if customer_id else None

    def _customer_with_addresses(self, customer: Customer) -> Row:
        addresses = {f"{kind}_address": self.customer_addresses(customer.id, kind) for kind in ("shipping", "billing")}
        return {**self.customer(customer), **addresses}

    def customer_addresses(self, customer_id: int, kind: str) -> list[Row]:
        """Return the customer's addresses of a type, primary ones first."""
        rows = [row for row in self.store.where(shop.CUSTOMER_ADDRESSES, "customer_id", customer_id) if row.type == kind]
        in_order = sorted(rows, key=lambda row: -row.is_primary)
        return [addresses.customer_address(row, has_tax_numbers=self.rules.numeric_tax_behavior) for row in in_order]

    def addresses(self, order: Order) -> list[Row]:
        """Return the order's addresses. Each contains the whole order again, which an accessor of the plugin adds."""
        rows = self.store.where(shop.ORDER_ADDRESSES, "order_id", order.id)
        if not rows:
            return []
        customer = self._customer(order.customer_id)
        nested = {**self.order(order), "customer": self.customer(customer) if customer else None}
        has_numbers = self.rules.numeric_tax_behavior
        return [{**addresses.order_address(row, customer, has_tax_numbers=has_numbers), "order": nested} for row in rows]

    @staticmethod
    def address_of_type(rows: list[Row], kind: str) -> Row | None:
        """Return the first address of a type."""
        return next((row for row in rows if row["type"] == kind), None)

    def activities(self, model: str, record_id: int) -> list[Row]:
        """Return the log of one record, newest first."""
        of_module = self.store.where(ACTIVITIES, "module_id", record_id)
        activities = [activity for activity in of_module if activity.module_type == model]
        return [self.activity(activity) for activity in sorted(activities, key=lambda activity: -activity.id)]

    def activity(self, activity: Activity) -> Row:
        """Return a log entry with the user who caused it."""
        number, users = activity.user_id, self.store.all(USERS)
        user = users[number - 1] if number and number <= len(users) else None
        return rendering.activity_row(activity, number, user)
