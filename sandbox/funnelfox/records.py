"""FunnelFox's records, named as the live API names them. Money is whole minor units of the order's currency."""

from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.stores import Kind

# Assumed: `processing` is known of checkouts, not of orders; the others are (facts §3.4).
OrderStatus = Literal["settled", "authorized", "cancelled", "declined", "processing"]
PspStatus = Literal["SETTLED", "AUTHORIZED", "SETTLING", "PARTIALLY_SETTLED", "PENDING", "DECLINED", "FAILED", "CANCELLED"]
SubscriptionStatus = Literal["INTRO", "UPCOMING", "RECURRING", "AUTORENEW_OFF", "PAUSED", "GRACE", "RETRY", "EXPIRED"]

_DECIMAL_TEXT: dict[str, Any] = {"schema": {"type": "string", "format": "decimal"}}
_UUID: dict[str, Any] = {"schema": {"type": "string", "format": "uuid"}}
_INTERNAL: dict[str, Any] = {"internal": True}
_NOT_EMPTY: dict[str, Any] = {"schema": {"type": "string", "minLength": 1}}
_CURRENCY: dict[str, Any] = {
    "schema": {
        "type": "object",
        "properties": {"code": {"type": "string"}, "minor_units": {"type": "integer", "minimum": 0, "maximum": 8}},
    }
}
_UUID_OR_NULL: dict[str, Any] = {"schema": {"format": "uuid"}}


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A secret of an organisation. Groups: admin may do everything, support and viewer less."""

    key: str = field(metadata=_NOT_EMPTY)
    group: Literal["admin", "support", "viewer"] = "admin"
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Webhook:
    """A target that an organisation wants its events sent to."""

    url: str
    signing_secret: str = ""
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Org:
    """An organisation, the first part of every path."""

    id: str
    keys: list[SecretKey] = field(default_factory=list)
    webhooks: list[Webhook] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class User:
    """A customer of the organisation, known by the organisation's own id."""

    external_id: str
    email: str = ""
    email_aliases: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PricePoint:
    """What is sold at what price. `currency` is {code, minor_units, title, symbol}; prices are decimal text."""

    ident: str
    currency: dict[str, Any] = field(default_factory=dict, metadata=_CURRENCY)
    intro_type: Literal["no_intro", "free_trial", "paid_trial"] = "no_intro"
    features: list[Any] = field(default_factory=list)
    lifetime_price: str | None = None
    intro_free_trial_period: int | None = None
    intro_free_trial_period_duration: str | None = None
    intro_paid_trial_price: str | None = None
    intro_paid_trial_period: int | None = None
    intro_paid_trial_period_duration: str | None = None
    next_price: str | None = None
    next_period: int | None = None
    next_period_duration: str | None = None


@dataclass(frozen=True, slots=True)
class Transaction:
    """One operation at the payment provider: a sale, a fallback sale, or a refund.

    Assumed: a refund's amount is positive, as at Primer (facts §6.6). `reason`, `comment` and `soft_refund` keep what the
    caller of the refund said, and are the sandbox's own.
    """

    trx_id: str = field(metadata=_UUID)
    psp_transaction_type: Literal["SALE", "REFUND"]
    psp_status: PspStatus
    amount: int = field(metadata=_DECIMAL_TEXT)
    order_id: str = field(metadata=_INTERNAL)
    psp: str = "STRIPE"
    psp_transaction_id: str = ""
    psp_merchant_id: str = ""
    is_fallback: bool = False
    pm_type: str = "PAYMENT_CARD"
    psp_date: str = ""
    trx_created_at: str = ""
    psp_reason_message: str | None = None
    reason: str = ""
    comment: str = ""
    soft_refund: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """One charge of a user for a price point. `refunded` is settled, `reserved` accepted but not settled yet.

    Assumed: a refunded order stays `settled`, as it does at the payment provider (facts §3.4). `scenario` names the faults
    that hit its refunds, and is the sandbox's own.
    """

    order_id: str = field(metadata=_UUID)
    org_id: str
    external_id: str
    amount: int = field(metadata=_DECIMAL_TEXT)
    currency_code: str = "USD"
    status: OrderStatus = "settled"
    pp_ident: str = ""
    subs_id: str | None = field(default=None, metadata=_UUID_OR_NULL)
    oneoff_id: str | None = field(default=None, metadata=_UUID_OR_NULL)
    created_at: str = ""
    initial_order_metadata: dict[str, Any] = field(default_factory=dict)
    scenario: str | None = None
    decimals: int = field(default=2, metadata=_INTERNAL)
    refunded: int = field(default=0, metadata=_INTERNAL)
    reserved: int = field(default=0, metadata=_INTERNAL)

    @property
    def refundable(self) -> int:
        """What can still be given back, in minor units."""
        return self.amount - self.refunded - self.reserved


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a user pays for again and again. Several statuses may hold at once."""

    subs_id: str = field(metadata=_UUID)
    external_id: str = ""
    pp_ident: str = ""
    status: list[SubscriptionStatus] = field(default_factory=lambda: ["RECURRING"])
    is_active: bool = True
    started_at: str = ""
    current_period_starts_at: str = ""
    current_period_ends_at: str | None = None
    next_check_at: str | None = None
    iteration: int = 1
    initial_order_metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Oneoff:
    """Something a user bought once, for good."""

    oneoff_id: str = field(metadata=_UUID)
    order_id: str = ""
    external_id: str = ""
    pp_ident: str = ""
    is_active: bool = True
    started_at: str = ""
    revoked_at: str | None = None
    initial_order_metadata: dict[str, Any] = field(default_factory=dict)


ORGS = Kind("funnelfox.org", Org, "id")
USERS = Kind("funnelfox.user", User, "external_id")
PRICE_POINTS = Kind("funnelfox.price_point", PricePoint, "ident")
ORDERS = Kind("funnelfox.order", Order, "order_id", ("external_id", "subs_id"))
TRANSACTIONS = Kind("funnelfox.transaction", Transaction, "trx_id", ("order_id",))
SUBSCRIPTIONS = Kind("funnelfox.subscription", Subscription, "subs_id", ("external_id",))
ONEOFFS = Kind("funnelfox.oneoff", Oneoff, "oneoff_id", ("external_id",))

KINDS = (ORGS, USERS, PRICE_POINTS, ORDERS, TRANSACTIONS, SUBSCRIPTIONS, ONEOFFS)
