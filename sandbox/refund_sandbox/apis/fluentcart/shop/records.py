"""Records of the shop: the plugin's own tables and columns. Money is minor units."""

from typing import Annotated, Any

from msgspec import Meta, field

from refund_sandbox.apis.fluentcart import models
from refund_sandbox.core.record_schema import JsonObject
from refund_sandbox.stores.protocol import Record, RecordType, Transaction

_Flag = Annotated[Any, Meta(extra_json_schema={"type": ["boolean", "integer"]})]
"""A column that PHP reads as 0 or 1."""


class Product(Record):
    """A product: WordPress's post and the plugin's detail row."""

    ID: int
    post_title: str = ""
    post_status: str = "publish"
    post_name: str = ""
    post_content: str = ""
    post_excerpt: str = ""
    post_date: str = ""
    post_modified: str = ""
    guid: str = ""
    fulfillment_type: str = "physical"
    variation_type: str | None = "simple"
    manage_stock: _Flag = 0
    stock_availability: str = "in-stock"
    manage_downloadable: _Flag = 0
    other_info: JsonObject | None = None
    updated_at: str = ""

    @property
    def number(self) -> str:
        """The id as text; the search of the list matches a part of it (31-013)."""
        return str(self.ID)

    @property
    def anchored_content(self) -> str:
        """The text between `^` and `$`, so that a search can match all of it."""
        return f"^{self.post_content}$"


class Variant(Record):
    """A variation of a product, without its stock: that is the Variation of the same id."""

    id: int
    post_id: int = 0
    serial_index: int = 1
    title: str = ""
    sku: str | None = None
    price: int = 0
    item_cost: int = 0
    compare_price: int = 0
    payment_type: str = "onetime"
    fulfillment_type: str = "physical"
    item_status: str = "active"
    downloadable: str = "false"
    other_info: JsonObject = field(default_factory=list)
    created_at: str = ""
    updated_at: str = ""

    @property
    def anchored_sku(self) -> str:
        """The stock keeping unit between `^` and `$`, so that a search can match all of it."""
        return f"^{self.sku or ''}$"


class Label(Record):
    """A label. The database cuts its text to 192 letters."""

    id: int
    value: str = ""
    created_at: str = ""
    updated_at: str = ""


class LabelRelationship(Record):
    """A label on a record. `labelable_type` is the class name of the record."""

    id: int
    label_id: int
    labelable_id: int
    labelable_type: str = models.ORDER
    created_at: str = ""
    updated_at: str = ""


class Coupon(Record):
    """A coupon. `amount` is minor units, or per cent."""

    id: int
    title: str = ""
    code: str = ""
    priority: int | None = 0
    type: str = "fixed"
    conditions: JsonObject = field(default_factory=list)
    amount: float = 0
    use_count: int = 0
    status: str = "active"
    notes: str = ""
    stackable: str = "no"
    show_on_checkout: str = "no"
    start_date: str | None = None
    end_date: str | None = None
    created_at: str = ""
    updated_at: str = ""

    @property
    def number(self) -> str:
        """The id as text; the search of the list matches a part of it."""
        return str(self.id)

    @property
    def whole_amount(self) -> int | None:
        """The amount, null if it is no whole number."""
        return int(self.amount) if self.amount == int(self.amount) else None


class CustomerAddress(Record):
    """An address in a customer's address book. The plugin stores any customer id."""

    id: int
    customer_id: int
    is_primary: int = 0
    type: str | None = "billing"
    status: str = "active"
    label: str | None = ""
    name: str = ""
    address_1: str = ""
    address_2: str | None = ""
    city: str = ""
    state: str | None = ""
    phone: str | None = ""
    email: str = ""
    postcode: str | None = ""
    country: str = ""
    created_at: str = ""
    updated_at: str = ""


class OrderAddress(Record):
    """The billing or shipping address of an order."""

    id: int
    order_id: int = 0
    type: str = "billing"
    name: str = ""
    address_1: str = ""
    address_2: str | None = ""
    city: str = ""
    state: str = ""
    postcode: str | None = ""
    country: str = ""
    created_at: str = ""
    updated_at: str = ""


class OrderTaxRate(Record):
    """Tax of an order, for its declaration. A refund does not change it (37-168)."""

    id: int
    order_id: int
    tax_rate_id: int = 0
    shipping_tax: int = 0
    order_tax: int = 0
    total_tax: int = 0
    meta: JsonObject = field(default_factory=list)
    filed_at: str | None = None
    created_at: str = ""
    updated_at: str = ""


class PaymentSettings(Record):
    """Stored settings of a payment method, secrets included."""

    method: str
    settings: dict[str, Any] = field(default_factory=dict)


class IntegrationFeed(Record):
    """A stored feed of an integration; `meta_key` is its provider."""

    id: int
    meta_key: str = ""
    meta_value: dict[str, Any] = field(default_factory=dict)


PRODUCTS = RecordType("fluentcart.product", Product, "ID", ("post_status",), texts=("post_title", "number", "anchored_content"))
VARIANTS = RecordType("fluentcart.variant", Variant, "id", ("post_id",), texts=("title", "anchored_sku"))
LABELS = RecordType("fluentcart.label", Label, "id", texts=("value",))
LABEL_RELATIONSHIPS = RecordType("fluentcart.label_relationship", LabelRelationship, "id", ("labelable_id",))
COUPONS = RecordType(
    "fluentcart.coupon", Coupon, "id", ("status", "whole_amount"), texts=("title", "code", "number"), columns=("end_date",)
)
CUSTOMER_ADDRESSES = RecordType("fluentcart.customer_address", CustomerAddress, "id", ("customer_id",))
ORDER_ADDRESSES = RecordType("fluentcart.order_address", OrderAddress, "id", ("order_id",), columns=("type", "country"))
ORDER_TAX_RATES = RecordType("fluentcart.order_tax_rate", OrderTaxRate, "id", ("order_id",))
PAYMENT_SETTINGS = RecordType("fluentcart.payment_settings", PaymentSettings, "method")
INTEGRATION_FEEDS = RecordType("fluentcart.integration_feed", IntegrationFeed, "id")

SHOP_RECORD_TYPES: tuple[RecordType[Any], ...] = (
    PRODUCTS,
    VARIANTS,
    LABELS,
    LABEL_RELATIONSHIPS,
    COUPONS,
    CUSTOMER_ADDRESSES,
    ORDER_ADDRESSES,
    ORDER_TAX_RATES,
    PAYMENT_SETTINGS,
    INTEGRATION_FEEDS,
)

FIRST_NEW_ID = {
    "fluentcart.label": 41,
    "fluentcart.label_relationship": 91,
    "fluentcart.customer": 21,
    "fluentcart.customer_address": 61,
    "fluentcart.coupon": 51,
    "fluentcart.product": 3001,
    "fluentcart.variant": 231,
    "fluentcart.order_address": 8101,
    "fluentcart.item": 7101,
    "fluentcart.order_tax_rate": 9501,
}
"""The id of the first new record of a type, as in the recorded shop."""


def new_id(store: Transaction, kind: RecordType[Any]) -> int:
    """Return the id of a new record, from the recorded shop's first new id on. The caller saves the record."""
    return max(store.next_id(kind), FIRST_NEW_ID.get(kind.name, 0))
