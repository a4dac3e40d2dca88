"""Puts records together with their relations, as the plugin's reads answer them."""

from refund_sandbox.apis.fluentcart import customer_views, errors, php, rendering
from refund_sandbox.apis.fluentcart.records import (
    ACTIVITIES,
    CUSTOMERS,
    ITEMS,
    ORDERS,
    SUBSCRIPTIONS,
    TRANSACTIONS,
    USERS,
    VARIATIONS,
    Activity,
    Customer,
    Item,
    Order,
    Subscription,
)
from refund_sandbox.apis.fluentcart.rendering import Row
from refund_sandbox.apis.fluentcart.rules.refunds import PluginCrash
from refund_sandbox.frozen import frozen
from refund_sandbox.settings import Version
from refund_sandbox.stores.protocol import PageQuery
from refund_sandbox.stores.protocol import Transaction as StoreTransaction

_ORDER_MODEL = "FluentCart\\App\\Models\\Order"
_FIRST = PageQuery(0, 1)
_SUBSCRIPTION_MODEL = "FluentCart\\App\\Models\\Subscription"


@frozen
class Reader:
    """Reads one store. `url` is the site's; `crashes` says whether to fall over where the recorded plugin did."""

    store: StoreTransaction
    url: str
    version: Version
    crashes: bool

    def order(self, order: Order) -> Row:
        """An order as it is in lists, without relations."""
        return rendering.order_row(order, self.version)

    def transactions(self, order: Order) -> list[Row]:
        """The order's charges and refunds, by id: a refund follows its charge."""
        charges = sorted(self.store.where(TRANSACTIONS, "order_id", order.id), key=lambda charge: charge.id)
        return [rendering.transaction_row(charge, self.version) for charge in charges]

    def items(self, order: Order) -> list[Row]:
        """The order's lines, without their products."""
        return [rendering.item_row(item, order.currency) for item in self._items(order)]

    def subscription(self, subscription: Subscription) -> Row:
        """A subscription as it is in lists; its `meta` is a relation that leaks."""
        return {**rendering.subscription_row(subscription), **self._extras(subscription), "meta": []}

    def subscriptions(self, order: Order) -> list[Row]:
        """The subscriptions that an order began; of a renewal, those that its first order began."""
        found = self.store.where(SUBSCRIPTIONS, "parent_order_id", order.parent_id or order.id)
        return [self.subscription(one) for one in found]

    def customer_of(self, order: Order) -> Row | None:
        """The customer of an order."""
        customer = self._customer(order.customer_id)
        return self.customer(customer) if customer else None

    def customer(self, customer: Customer) -> Row:
        """A customer as it is in lists."""
        return {**customer_views.customer_row(customer), **customer_views.customer_extras(customer, self.url)}

    def orders_of(self, customer: Customer) -> list[Row]:
        """The customer's orders, oldest first."""
        return [self.order(order) for order in self.store.where(ORDERS, "customer_id", customer.id)]

    def whole_order(self, order: Order) -> Row:
        """An order with every relation, in the plugin's order (11-064)."""
        parent = self.store.get(ORDERS, order.parent_id) if order.parent_id else None
        billing = self.billing_address(order)
        return {
            **self.order(order),
            "parent_order": parent and {"id": parent.id, "subscriptions": self.subscriptions(parent)},
            "subscriptions": self.subscriptions(order),
            "activities": self._activities(_ORDER_MODEL, order.id),
            "labels": [],
            "customer": self.customer_of(order),
            "children": [self._child(child) for child in self.store.where(ORDERS, "parent_id", order.id)],
            "order_items": [self._item_with_variant(item, order.currency) for item in self._items(order)],
            "transactions": self.transactions(order),
            "order_addresses": [billing] if billing else [],
            "billing_address": billing,
            "shipping_address": None,
            "applied_coupons": [],
            "custom_checkout_url": f"{self.url}/?fluent-cart=custom_checkout&order_hash={order.uuid}",
            "has_missing_licenses": False,
            "order_operation": None,
            "receipt_url": f"/?order_hash={order.uuid}",
        }

    def changed_order(self, order: Order, *, with_variants: bool) -> Row:
        """An order as the change of its status answers it, with what is loaded by then (14-032, 14-035)."""
        billing = self.billing_address(order)
        items = [self._item_with_product(item, order.currency) for item in self._items(order)]
        return {
            **self.order(order),
            "order_items": items if with_variants else self.items(order),
            "customer": self.customer_of(order),
            "shipping_address": None,
            "billing_address": billing,
            **({} if with_variants else {"order_tax_rates": []}),
        }

    def whole_subscription(self, subscription: Subscription) -> Row:
        """A subscription with every relation (11-097)."""
        order = self.store.get(ORDERS, subscription.parent_order_id)
        customer = self._customer(subscription.customer_id)
        addresses = {"billing_address": order and self.billing_address(order), "shipping_address": None}
        return {
            **rendering.subscription_row(subscription),
            **addresses,
            "related_orders": self._related_orders(order) if order else [],
            **self._extras(subscription),
            "labels": [],
            "activities": self._activities(_SUBSCRIPTION_MODEL, subscription.id),
            "customer": customer and self._customer_with_addresses(customer),
            "order": order and {**self.order(order), **addresses},
            "meta": [],
        }

    def fetched_subscription(self, subscription: Subscription) -> Row:
        """A subscription as it comes back from its gateway: with its order, and the count still a number (13-036)."""
        order = self.store.get(ORDERS, subscription.parent_order_id)
        row = {**self.subscription(subscription), "bill_count": subscription.bill_count, "order": order and self.order(order)}
        return {**row, "meta": row.pop("meta")}

    def whole_customer(self, customer: Customer, relations: Row) -> Row:
        """A customer with its labels, of which the sandbox keeps none, and what `with[]` asked for (11-119, 11-120)."""
        extras = customer_views.customer_extras(customer, self.url)
        return {**customer_views.customer_row(customer), "selected_labels": [], **extras, **relations, "labels": []}

    def _extras(self, subscription: Subscription) -> Row:
        order = self.store.get(ORDERS, subscription.parent_order_id)
        return rendering.subscription_extras(subscription, order, self.version)

    def _items(self, order: Order) -> list[Item]:
        return self.store.where(ITEMS, "order_id", order.id)

    def _item_with_variant(self, item: Item, currency: str) -> Row:
        stock = self.store.get(VARIATIONS, php.to_int(item.object_id))
        return {**rendering.item_row(item, currency), "variants": rendering.variant_row(item, stock, currency)}

    def _item_with_product(self, item: Item, currency: str) -> Row:
        """A line with its variation and its product. Assumed: the sandbox keeps no catalogue, so that both follow the line."""
        row = self._item_with_variant(item, currency)
        return {**row, "variants": {**row["variants"], "product_detail": _product(item, currency)}}

    def _child(self, child: Order) -> Row:
        row = self.order(child)
        return {name: row[name] for name in ("id", "parent_id", "created_at")}

    def _related_orders(self, first: Order) -> list[Row]:
        """The first order and its renewals, newest first."""
        related = sorted([first, *self.store.where(ORDERS, "parent_id", first.id)], key=lambda order: -order.id)
        return [
            {**self.order(order), "order_items": [rendering.brief_item_row(item) for item in self._items(order)]}
            for order in related
        ]

    def _customer(self, customer_id: int | None) -> Customer | None:
        return self.store.get(CUSTOMERS, customer_id) if customer_id else None

    def _customer_with_addresses(self, customer: Customer) -> Row:
        return {**self.customer(customer), "shipping_address": [], "billing_address": [customer_views.customer_address(customer)]}

    def billing_address(self, order: Order) -> Row | None:
        """The address with the whole order once more inside, which one of the plugin's accessors leaves there."""
        customer = self._customer(order.customer_id)
        if customer is None:
            return None
        nested = {**self.order(order), "customer": self.customer(customer)}
        return {**customer_views.order_address(order, customer), "order": nested}

    def _activities(self, model: str, record_id: int) -> list[Row]:
        """The log of one record, newest first."""
        logged = [one for one in self.store.where(ACTIVITIES, "module_id", record_id) if one.module_type == model]
        return [self.activity(activity) for activity in sorted(logged, key=lambda one: -one.id)]

    def activity(self, activity: Activity) -> Row:
        """A line of the log with the user who caused it."""
        users = enumerate(self.store.all(USERS), start=1)
        number, user = next((entry for entry in users if entry[1].login == activity.created_by), (activity.user_id, None))
        return rendering.activity_row(activity, number, user)


def _product(item: Item, currency: str) -> Row:
    """The product of a line."""
    price = rendering.format_money(item.unit_price, currency)
    return {
        "id": item.post_id,
        "post_id": item.post_id,
        "fulfillment_type": item.fulfillment_type,
        "min_price": str(item.unit_price),
        "max_price": str(item.unit_price),
        "default_variation_id": item.object_id,
        "default_media": None,
        "manage_stock": "0",
        "stock_availability": "in-stock",
        "variation_type": "simple",
        "manage_downloadable": "0",
        "other_info": None,
        "created_at": rendering.iso(item.created_at),
        "updated_at": rendering.iso(item.updated_at),
        "featured_media": None,
        "formatted_min_price": price,
        "formatted_max_price": price,
        "gallery_image": None,
    }


def php_date(stored: str) -> Row:
    """A date that was set a moment ago and is still PHP's object (14-032)."""
    return {"date": f"{stored}.000000", "timezone_type": 3, "timezone": "UTC"}


def order(reader: Reader, order_id: str) -> Row:
    """GET /orders/{order_id}. Order 0 is the first order of the shop: the plugin drops the condition (11-070)."""
    key = php.as_id(order_id) if php.is_numeric(order_id) else None
    found = reader.store.get(ORDERS, key) if key else None
    if key == 0:
        found = next(iter(reader.store.page(ORDERS, _FIRST)[0]), None)
    if found is None:
        raise errors.entity_not_found("Order not found", "Back to orders", "/orders")
    return {
        "order": reader.whole_order(found),
        "discount_meta": "",
        "shipping_meta": "",
        "order_settings": [],
        "selected_labels": [],
        "tax_id": "",
        "can_send_payment_reminder": found.payment_status == "pending",  # Assumed: for other unpaid orders it is not known
    }


def transactions(reader: Reader, order_id: str) -> Row:
    """GET /orders/{order_id}/transactions: the whole order (11-073). The path takes any text, PHP only numbers (11-075)."""
    if reader.crashes and not php.is_numeric(order_id):
        view = "FluentCart\\Api\\Resource\\OrderResource::view(): Argument #1 ($id) must be of type int, string given"
        raise PluginCrash(f"{view}, called in <path>/OrderController.php on line 581")
    return order(reader, order_id)


def transaction(reader: Reader, order_id: str, transaction_id: str) -> Row:
    """GET /orders/{order_id}/transactions/{transaction_id}: the whole order, as documented.

    1.3.25 does not look at the transaction's id (11-080). Since 1.6.1 it is looked at. Assumed: one that is not the order's
    is answered like an unknown transaction of a refund, and 1.6.2 answers the whole order (in 1.6.3's source it is that
    transaction alone).
    """
    answer = transactions(reader, order_id)
    charge = reader.store.get(TRANSACTIONS, php.as_id(transaction_id) or 0)
    if reader.version != "1.3.25" and (charge is None or charge.order_id != answer["order"]["id"]):
        raise errors.model_not_found("OrderTransaction", transaction_id)
    return answer


def subscription(reader: Reader, subscription_id: str) -> Row:
    """GET /subscriptions/{subscription_id}."""
    found = reader.store.get(SUBSCRIPTIONS, php.as_id(subscription_id) or 0)
    if found is None:
        raise errors.entity_not_found("Subscription not found", "Back to Subscription list", "/subscriptions")
    return {
        "subscription": reader.whole_subscription(found),
        "selected_labels": [],
        "reminder_permissions": {"canSendRenewal": False, "canSendTrialEnd": False},
    }


def find_customer(reader: Reader, customer_id: str) -> Customer:
    """The customer of GET /customers/{customer_id}; an id that is no number is refused in words of its own."""
    if not customer_id.isdecimal():
        raise errors.refused("You are not authorized to view this customer")
    found = reader.store.get(CUSTOMERS, php.as_id(customer_id) or 0)
    if found is None:
        raise errors.entity_not_found("Customer not found", "Back to Customer List", "/customers")
    return found


def customer_orders(reader: Reader, customer_id: str) -> Row:
    """GET /customers/{customer_id}/order: null for an unknown customer (11-132). Assumed: else the orders, oldest first."""
    found = reader.store.get(CUSTOMERS, php.as_id(customer_id) or 0)
    return {"data": {"data": reader.orders_of(found) if found else None}}


def addresses(reader: Reader, customer_id: str, kind: str) -> Row:
    """GET /customers/{customer_id}/address (11-134). The sandbox keeps a billing address. Assumed: of nobody there are none."""
    found = reader.store.get(CUSTOMERS, php.as_id(customer_id) or 0)
    return {"addresses": [customer_views.customer_address(found)] if found and kind in ("", "billing") else []}
