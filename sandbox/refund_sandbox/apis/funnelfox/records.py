"""FunnelFox's records, with the field names of the live API. Amounts are integers in minor units of the order's currency."""

from typing import Annotated, Any, Literal

from msgspec import field

from refund_sandbox.apis.funnelfox import field_schemas
from refund_sandbox.core.money import minor_units
from refund_sandbox.core.record_schema import Internal
from refund_sandbox.stores.protocol import Record, RecordType

# Assumed: `processing` is known of checkouts only. The other statuses are known of orders (facts §3.4).
OrderStatus = Literal["settled", "authorized", "cancelled", "declined", "processing"]
PspStatus = Literal["SETTLED", "AUTHORIZED", "SETTLING", "PARTIALLY_SETTLED", "PENDING", "DECLINED", "FAILED", "CANCELLED"]
SubscriptionStatus = Literal["INTRO", "UPCOMING", "RECURRING", "AUTORENEW_OFF", "PAUSED", "GRACE", "RETRY", "EXPIRED"]
Unit = Literal["minutes", "days", "weeks", "months", "years"]
IntroType = Literal["no_intro", "free_trial", "paid_trial"]

PRICE_FIELDS = ("lifetime_price", "intro_paid_trial_price", "next_price")


class SecretKey(Record):
    """Secret key of an organisation. The group admin may call every operation, support and viewer only some."""

    key: Annotated[str, field_schemas.NOT_EMPTY]
    group: Literal["admin", "support", "viewer"] = "admin"
    enabled: bool = True


class Webhook(Record):
    """Webhook target of an organisation. Only order and dispute events can be switched off (documented).

    `order/declined` is off by default (documented), and needs `order_events` too.
    """

    url: Annotated[str, field_schemas.WEB_URL]
    signing_secret: str = ""
    enabled: bool = True
    order_events: bool = True
    declined_order_events: bool = False
    dispute_events: bool = True


class Org(Record):
    """Organisation. Its id is the first segment of every path."""

    id: str
    keys: list[SecretKey] = field(default_factory=list)
    webhooks: Annotated[list[Webhook], field_schemas.WEBHOOKS] = field(default_factory=list)


class User(Record):
    """Customer of an organisation. `external_id` is the organisation's own id of the customer."""

    external_id: str
    email: str = ""
    email_aliases: list[str] = field(default_factory=list)


class Feature(Record):
    """Feature that a price point grants."""

    ident: str
    feature_type: Literal["timebased", "lifetime", "consumable"] = "timebased"


class PricePoint(Record):
    """Price of a subscription or one-off. `currency` is {code, minor_units, title, symbol}; prices are decimal text.

    `earlier` holds the previous versions, oldest first. Only the sandbox has this field.
    """

    ident: str
    currency: Annotated[dict[str, Any], field_schemas.CURRENCY] = field(default_factory=dict)
    intro_type: IntroType = "no_intro"
    features: Annotated[list[Any], field_schemas.FEATURES] = field(default_factory=list)
    lifetime_price: Annotated[str | None, field_schemas.PRICE] = None
    intro_free_trial_period: Annotated[int | None, field_schemas.PERIOD] = None
    intro_free_trial_period_duration: Unit | None = None
    intro_paid_trial_price: Annotated[str | None, field_schemas.PRICE] = None
    intro_paid_trial_period: Annotated[int | None, field_schemas.PERIOD] = None
    intro_paid_trial_period_duration: Unit | None = None
    next_price: Annotated[str | None, field_schemas.PRICE] = None
    next_period: Annotated[int | None, field_schemas.PERIOD] = None
    next_period_duration: Unit | None = None
    descriptor: str = ""
    pp_version: int = 1
    earlier: Annotated[list[Any], field_schemas.OBJECTS] = field(default_factory=list)

    @property
    def code(self) -> str:
        """Currency code. Assumed: USD for a price point without one."""
        return str(self.currency.get("code", "USD"))

    @property
    def decimals(self) -> int:
        """Number of decimals of the currency."""
        return int(self.currency.get("minor_units", minor_units(self.code)))

    @property
    def is_oneoff(self) -> bool:
        """Whether it is bought once. Assumed: every price point with a lifetime price is (facts §6.2)."""
        return self.lifetime_price is not None


class Transaction(Record):
    """Operation at the payment provider: a sale, a fallback sale, or a refund.

    Assumed: a refund's amount is positive, as at Primer (facts §6.6). `reason`, `comment` and `soft_refund` come from the
    refund request. Only the sandbox has these fields.
    """

    trx_id: Annotated[str, field_schemas.UUID]
    psp_transaction_type: Literal["SALE", "REFUND"]
    psp_status: PspStatus
    amount: Annotated[int, field_schemas.DECIMAL_TEXT]
    order_id: Internal[str]
    psp: str = "STRIPE"
    psp_transaction_id: str = ""
    psp_merchant_id: str = ""
    is_fallback: bool = False
    pm_type: str = "PAYMENT_CARD"
    psp_date: str = ""
    trx_created_at: str = ""
    psp_reason_message: str | None = None
    psp_reason_type: str | None = None
    psp_reason_code: str | None = None
    psp_reason_decline_type: str | None = None
    is_cit: bool = True
    network: str | None = "VISA"
    pm_data_first6: str | None = "424242"
    pm_data_last4: str | None = "4242"
    pm_data_expiration_date: str | None = "12/2030"
    threeds_challenge_issued: bool = False
    reason: str = ""
    comment: str = ""
    soft_refund: bool = False

    @property
    def sale_of(self) -> str | None:
        """Order id of a sale, None for a refund. Indexed: an order may have a thousand refunds, but has few sales."""
        return self.order_id if self.psp_transaction_type == "SALE" else None


class Order(Record):
    """Charge of a user for a price point. `refunded` sums the settled refunds, `reserved` the pending ones.

    Assumed: a refunded order stays `settled`, as it does at the payment provider (facts §3.4). `scenario` names the faults
    that hit its refunds. Only the sandbox has this field.
    """

    order_id: Annotated[str, field_schemas.UUID]
    org_id: str
    external_id: str
    amount: Annotated[int, field_schemas.DECIMAL_TEXT]
    currency_code: str = "USD"
    status: OrderStatus = "settled"
    pp_ident: str = ""
    pp_version: int = 1
    subs_id: Annotated[str | None, field_schemas.UUID_OR_NULL] = None
    oneoff_id: Annotated[str | None, field_schemas.UUID_OR_NULL] = None
    created_at: str = ""
    iteration: int | None = None
    retry_step: int | None = None
    initial_order_metadata: dict[str, Any] = field(default_factory=dict)
    scenario: str | None = None
    decimals: Internal[int] = 2
    refunded: Internal[int] = 0
    reserved: Internal[int] = 0

    @property
    def refundable(self) -> int:
        """Amount that can still be refunded, in minor units."""
        return self.amount - self.refunded - self.reserved

    @property
    def state(self) -> str:
        """Filter value of lists: `paid`, `partially_refunded` or `refunded` for a settled order, the status for others."""
        if self.status != "settled":
            return self.status
        if self.refunded + self.reserved == 0:
            return "paid"
        return "partially_refunded" if self.refundable else "refunded"


class Subscription(Record):
    """Recurring purchase of a user. It may have several statuses at once.

    A subscription without `next_check_at` has no scheduled check. `retry_step` counts failed charges in a row.
    `discount_iterations` None means a permanent discount. `anchor_day` is the day of the month on which periods begin, where
    their dates do not show it. Only the sandbox has these three, `paused_at` and `discount_percent`.
    """

    subs_id: Annotated[str, field_schemas.UUID]
    org_id: str = ""
    external_id: str = ""
    pp_ident: str = ""
    pp_version: int | None = None
    status: list[SubscriptionStatus] = field(default_factory=lambda: ["RECURRING"])
    is_active: bool = True
    started_at: str = ""
    current_period_starts_at: str = ""
    current_period_ends_at: str | None = None
    next_check_at: str | None = None
    iteration: int = 1
    paused_at: str | None = None
    retry_step: Annotated[int, field_schemas.COUNT] = 0
    discount_percent: Annotated[int, field_schemas.PERCENT] = 0
    discount_iterations: Annotated[int | None, field_schemas.COUNT] = None
    anchor_day: Annotated[int | None, field_schemas.DAY_OF_MONTH] = None
    initial_order_metadata: dict[str, Any] = field(default_factory=dict)


class Oneoff(Record):
    """Permanent purchase of a user."""

    oneoff_id: Annotated[str, field_schemas.UUID]
    org_id: str = ""
    order_id: str = ""
    external_id: str = ""
    pp_ident: str = ""
    is_active: bool = True
    started_at: str = ""
    revoked_at: str | None = None
    initial_order_metadata: dict[str, Any] = field(default_factory=dict)


class PaymentMethod(Record):
    """Payment method of a user. Renewals and one-click purchases charge the vaulted one that was saved last.

    `charges` are the times of the latest checkout charges.
    """

    id: str
    external_id: str
    token: str
    is_vaulted: bool = True
    saved_at: str = ""
    charges: list[str] = field(default_factory=list)


class Checkout(Record):
    """Checkout session, stored under the id of its future order. `answers` are its replies by payment method token.

    `action_required_token` is set while a 3-D Secure challenge is open; `pay_with` is the challenged token.
    """

    order_id: Annotated[str, field_schemas.UUID]
    client_token: str
    org_id: str = ""
    external_id: str = ""
    email: str = ""
    pp_ident: str = ""
    region: str = "default"
    integration_type: str = "primer"
    country_code: str | None = None
    client_metadata: dict[str, Any] = field(default_factory=dict)
    created_at: str = ""
    pay_with: str = ""
    action_required_token: str = ""
    answers: Annotated[dict[str, Any], field_schemas.CHECKOUT_RESULTS] = field(default_factory=dict)


class EventNumber(Record):
    """Source of event numbers, which make event timestamps unique. No record of this type is stored."""

    id: int


ORGS = RecordType("funnelfox.org", Org, "id")
USERS = RecordType("funnelfox.user", User, "external_id")
FEATURES = RecordType("funnelfox.feature", Feature, "ident")
PRICE_POINTS = RecordType("funnelfox.price_point", PricePoint, "ident")
ORDERS = RecordType(
    "funnelfox.order",
    Order,
    "order_id",
    ("external_id", "subs_id"),
    texts=("order_id", "external_id", "state"),
    searched=("order_id", "external_id"),
)
TRANSACTIONS = RecordType("funnelfox.transaction", Transaction, "trx_id", ("order_id", "sale_of"))
SUBSCRIPTIONS = RecordType("funnelfox.subscription", Subscription, "subs_id", ("external_id",))
ONEOFFS = RecordType("funnelfox.oneoff", Oneoff, "oneoff_id", ("external_id",))
PAYMENT_METHODS = RecordType("funnelfox.payment_method", PaymentMethod, "id", ("external_id",))
CHECKOUTS = RecordType("funnelfox.checkout", Checkout, "order_id", ("client_token",))
EVENT_NUMBERS = RecordType("funnelfox.stamp", EventNumber, "id")

RECORD_TYPES = (
    *(ORGS, USERS, FEATURES, PRICE_POINTS, ORDERS, TRANSACTIONS),
    *(SUBSCRIPTIONS, ONEOFFS, PAYMENT_METHODS, CHECKOUTS, EVENT_NUMBERS),
)
