"""FluentCart's records: the plugin's own tables and columns. Money is minor units."""

from typing import Annotated, Any

from msgspec import Meta, field

from refund_sandbox.apis.fluentcart import models
from refund_sandbox.core.record_schema import Internal, JsonObject
from refund_sandbox.stores.protocol import Record, RecordType

DECIMALS = 2
"""Decimals of every amount: the plugin stores hundredths of every currency."""

_TextOrNumber = Annotated[Any, Meta(extra_json_schema={"type": ["string", "number"]})]
_TextOrInteger = Annotated[Any, Meta(extra_json_schema={"type": ["string", "integer"]})]


class Customer(Record):
    """A customer. `ltv` is minor units, `aov` minor units with two decimals; each refund recalculates both."""

    id: int
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    user_id: int | None = None
    contact_id: int = 0
    status: str | None = "active"
    purchase_value: JsonObject | None = None
    purchase_count: int = 0
    ltv: int = 0
    aov: str | None = None
    first_purchase_date: str | None = None
    last_purchase_date: str | None = None
    notes: str = ""
    uuid: str = ""
    country: str | None = "US"
    city: str | None = None
    state: str | None = None
    postcode: str | None = None
    created_at: str = ""
    updated_at: str = ""

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def number(self) -> str:
        """The id as text; the search of the list matches a part of it."""
        return str(self.id)


class Transaction(Record):
    """A charge or a refund. `meta.refunded_total` of a charge is its refunded amount, whatever its refund rows add up to."""

    id: int
    order_id: int = 0
    order_type: str = "payment"
    transaction_type: str = "charge"
    subscription_id: int | None = 0
    card_last_4: int | None = None
    card_brand: str | None = None
    vendor_charge_id: str = ""
    payment_method: str = ""
    payment_mode: str = "test"
    payment_method_type: str = ""
    status: str = "succeeded"
    currency: str = "USD"
    total: int = 0
    rate: _TextOrNumber = "1"
    uuid: str = ""
    meta: JsonObject | None = field(default_factory=list)
    created_at: str = ""
    updated_at: str = ""

    @property
    def is_refund(self) -> bool:
        """Whether the row counts as a refund of its order."""
        return self.transaction_type == "refund" and self.status == "refunded"


class Item(Record):
    """An order item. `object_id` is the product variation."""

    id: int
    order_id: int = 0
    post_id: int = 0
    object_id: _TextOrInteger = "0"
    cart_index: int = 0
    quantity: int = 1
    rate: _TextOrNumber = "1"
    fulfilled_quantity: int = 0
    fulfillment_type: str = "digital"
    payment_type: str = "onetime"
    post_title: str = ""
    title: str = ""
    unit_price: int = 0
    cost: int = 0
    subtotal: int = 0
    tax_amount: int = 0
    shipping_charge: int = 0
    discount_total: int = 0
    line_total: int = 0
    refund_total: int = 0
    other_info: JsonObject = field(default_factory=list)
    line_meta: JsonObject = field(default_factory=list)
    referrer: str | None = None
    created_at: str = ""
    updated_at: str = ""

    @property
    def variation_id(self) -> int:
        """Id of the product variation; 0 for anything but a number."""
        text = str(self.object_id)
        return int(text) if text.isascii() and text.isdigit() else 0


class Subscription(Record):
    """A subscription, renewed by the charges of orders. `current_payment_method` is the gateway that can cancel it."""

    id: int
    status: str = "active"
    parent_order_id: int = 0
    customer_id: int = 0
    vendor_subscription_id: str = ""
    vendor_customer_id: str = ""
    vendor_plan_id: str | None = None
    current_payment_method: str = ""
    product_id: int = 0
    variation_id: int = 0
    item_name: str = ""
    quantity: int = 1
    billing_interval: str = "monthly"
    signup_fee: int = 0
    initial_tax_total: int = 0
    recurring_amount: int = 0
    recurring_tax_total: int = 0
    recurring_total: int = 0
    bill_times: int = 0
    bill_count: int = 0
    trial_days: int = 0
    trial_ends_at: str | None = None
    expire_at: str | None = None
    canceled_at: str | None = None
    restored_at: str | None = None
    next_billing_date: str | None = None
    collection_method: str = "automatic"
    original_plan: JsonObject | str | None = None
    vendor_response: JsonObject | str | None = None
    config: JsonObject = field(default_factory=list)
    uuid: str = ""
    created_at: str = ""
    updated_at: str = ""

    @property
    def number(self) -> str:
        """The id as the plugin shows it, such as #301; list searches match it."""
        return f"#{self.id}"

    @property
    def searched_text(self) -> str:
        """The columns that a search without `#` and `@` looks into, one a line."""
        columns = (
            *(self.parent_order_id, self.item_name, self.vendor_subscription_id, self.vendor_customer_id),
            *(self.vendor_plan_id or "", self.current_payment_method, self.billing_interval, self.bill_count),
        )
        return "\n".join(map(str, columns))


class Order(Record):
    """An order. `refund_rows` is the sum of its refund rows; `total_refund` usually equals it but can differ.

    `stock_movement` maps an item id to {on_hold, committed}: the pieces that the order reserved. `scenario` names the
    faults that hit requests for the order.
    """

    id: int
    status: str = "completed"
    parent_id: int | None = None
    receipt_number: int | None = None
    invoice_no: str | None = ""
    fulfillment_type: str | None = "digital"
    type: str = "payment"
    mode: str = "test"
    shipping_status: str = ""
    customer_id: int | None = None
    payment_method: str = "stripe"
    payment_status: str = "paid"
    payment_method_title: str = ""
    currency: str = "USD"
    subtotal: int = 0
    discount_tax: int = 0
    manual_discount_total: int = 0
    coupon_discount_total: int = 0
    shipping_tax: int = 0
    shipping_total: int = 0
    fee_total: int = 0
    tax_total: int = 0
    total_amount: int = 0
    total_paid: int = 0
    total_refund: int = 0
    rate: _TextOrNumber = "1.0000"
    tax_behavior: int = 0
    note: str = ""
    ip_address: str = ""
    completed_at: str | None = None
    refunded_at: str | None = None
    uuid: str = ""
    config: JsonObject = field(default_factory=list)
    created_at: str = ""
    updated_at: str = ""
    stock_movement: dict[str, Any] = field(default_factory=dict)
    scenario: str | None = None
    refund_rows: Internal[int] = 0

    @property
    def created_day(self) -> str:
        """The date of `created_at`."""
        return self.created_at[:10]

    @property
    def is_renewal(self) -> int:
        """1 if the order continues another one, else 0."""
        return int(bool(self.parent_id))

    @property
    def is_upgraded_to(self) -> int:
        """1 if a later order replaced this one, else 0; a view of the list shows such orders."""
        return self._has_config("upgraded_to")

    @property
    def is_upgraded_from(self) -> int:
        """1 if the order replaced an earlier one, else 0."""
        return self._has_config("upgraded_from")

    def _has_config(self, name: str) -> int:
        value = self.config.get(name) if isinstance(self.config, dict) else None
        return int(value is not None and value != 0)

    @property
    def is_refunded(self) -> int:
        """1 if money was refunded, else 0; reports add it up."""
        return int(self.total_refund > 0)


class Variation(Record):
    """Stock of one product variation. Without `total_stock` and `stock_status`, they follow from the other columns."""

    id: int
    available: int = 0
    on_hold: int = 0
    committed: int = 0
    manage_stock: bool = True
    total_stock: int | None = None
    stock_status: str | None = None


class Activity(Record):
    """An entry of the shop's activity log. `module_type` is the class name of the record that it is about."""

    id: int
    status: str = "success"
    log_type: str = "activity"
    module_type: str = models.ORDER
    module_id: int = 0
    module_name: str = "order"
    title: str = ""
    content: str = ""
    created_by: str = "admin"
    user_id: int | None = None
    read_status: str = "unread"
    created_at: str = ""

    @property
    def number(self) -> str:
        """The id as text, such as #12; the search of the log matches it."""
        return f"#{self.id}"


CUSTOMERS = RecordType(
    "fluentcart.customer",
    Customer,
    "id",
    texts=("full_name", "email", "number"),
    columns=("created_at",),
    searched=("full_name", "email"),
)
ORDERS = RecordType(
    "fluentcart.order",
    Order,
    "id",
    ("customer_id", "parent_id", "status", "payment_status", "shipping_status", "type", "receipt_number"),
    texts=("invoice_no", "created_at", "status", "payment_status"),
    searched=("invoice_no",),
    sorted=("created_at", "status", "payment_status", "total_amount"),
    columns=(
        *("created_at", "created_day", "completed_at", "currency", "payment_method", "is_refunded"),
        *("is_renewal", "is_upgraded_to", "is_upgraded_from"),
        *("total_amount", "total_paid", "total_refund", "tax_total", "shipping_tax", "shipping_total"),
    ),
)
TRANSACTIONS = RecordType(
    "fluentcart.transaction", Transaction, "id", ("order_id",), columns=("transaction_type", "status", "total", "created_at")
)
ITEMS = RecordType(
    "fluentcart.item",
    Item,
    "id",
    ("order_id",),
    texts=("post_title", "title"),
    searched=("post_title", "title"),
    columns=("post_id", "variation_id", "quantity", "line_total", "created_at"),
)
SUBSCRIPTIONS = RecordType(
    "fluentcart.subscription",
    Subscription,
    "id",
    ("parent_order_id", "customer_id", "status"),
    texts=("number", "searched_text"),
    searched=("number", "searched_text"),
)
VARIATIONS = RecordType("fluentcart.variation", Variation, "id")
ACTIVITIES = RecordType(
    "fluentcart.activity",
    Activity,
    "id",
    ("module_id", "status", "log_type"),
    texts=("number", "title", "content", "module_name"),
    columns=("created_at",),
)

RECORD_TYPES = (CUSTOMERS, ORDERS, TRANSACTIONS, ITEMS, SUBSCRIPTIONS, VARIATIONS, ACTIVITIES)
