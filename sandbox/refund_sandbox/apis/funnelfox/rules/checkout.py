"""Rules of purchases: orders, sales, and the subscriptions and one-offs that they pay for. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from refund_sandbox.apis.funnelfox.records import Feature, Oneoff, Order, PaymentMethod, PricePoint, Subscription, Transaction
from refund_sandbox.apis.funnelfox.rules import billing_cycles
from refund_sandbox.apis.funnelfox.rules.cards import Card
from refund_sandbox.apis.funnelfox.timestamps import read_time, write_time

MAX_CHARGES_PER_DAY = 2
"""Most checkout charges of one payment method within a day (documented)."""
_DAY = timedelta(days=1)
_FAILED_CHALLENGE_CODES = ("1111", "2222")


class Purchase(Struct, frozen=True):
    """Purchase of a price point by a user. `metadata` is the order's `initial_order_metadata`."""

    org_id: str
    external_id: str
    point: PricePoint
    metadata: Mapping[str, Any]
    at: datetime


def new_order(purchase: Purchase, order_id: str, amount: int) -> Order:
    """Return an order that waits for its payment."""
    return Order(
        order_id=order_id,
        org_id=purchase.org_id,
        external_id=purchase.external_id,
        amount=amount,
        currency_code=purchase.point.code,
        status="processing",
        pp_ident=purchase.point.ident,
        pp_version=purchase.point.pp_version,
        created_at=write_time(purchase.at),
        initial_order_metadata=dict(purchase.metadata),
        decimals=purchase.point.decimals,
    )


def new_sale(order: Order, card: Card, trx_id: str, psp_id: str) -> Transaction:
    """Return an order's sale that waits for the payment provider."""
    return Transaction(
        trx_id=trx_id,
        psp_transaction_type="SALE",
        psp_status="PENDING",
        amount=order.amount,
        order_id=order.order_id,
        psp_transaction_id=psp_id,
        psp_merchant_id="acct_sandbox",
        psp_date=order.created_at,
        trx_created_at=order.created_at,
        network=card.network,
        pm_data_first6=card.number[:6],
        pm_data_last4=card.number[-4:],
    )


def settle(order: Order, sale: Transaction, at: str) -> tuple[Order, Transaction]:
    """Return order and sale as paid."""
    return replace(order, status="settled"), replace(sale, psp_status="SETTLED", psp_date=at)


def decline(order: Order, sale: Transaction, card: Card, at: str) -> tuple[Order, Transaction]:
    """Return order and sale as declined, with the reason."""
    declined_sale = replace(
        sale,
        psp_status="DECLINED",
        psp_date=at,
        psp_reason_message=card.message or "The buyer did not pass 3-D Secure.",
        psp_reason_type="ISSUER_DECLINED",
        psp_reason_code=card.code or "AUTHENTICATION_REQUIRED",
        psp_reason_decline_type=card.decline_type,
    )
    return replace(order, status="declined"), declined_sale


def new_subscription(purchase: Purchase, subs_id: str, *, with_trial: bool = True) -> Subscription:
    """Return a subscription that begins with the purchase. It begins with a trial if the price point has one."""
    point, now = purchase.point, write_time(purchase.at)
    has_trial = with_trial and point.intro_type != "no_intro"
    ends = billing_cycles.trial_end(point, purchase.at) if has_trial else billing_cycles.period_end(point, purchase.at)
    return billing_cycles.schedule_check(
        Subscription(
            subs_id=subs_id,
            org_id=purchase.org_id,
            external_id=purchase.external_id,
            pp_ident=point.ident,
            pp_version=point.pp_version,
            status=["INTRO" if has_trial else "RECURRING"],
            started_at=now,
            current_period_starts_at=now,
            current_period_ends_at=write_time(ends),
            initial_order_metadata=dict(purchase.metadata),
        ),
        purchase.at,
    )


def new_oneoff(purchase: Purchase, oneoff_id: str, order_id: str) -> Oneoff:
    return Oneoff(
        oneoff_id=oneoff_id,
        org_id=purchase.org_id,
        order_id=order_id,
        external_id=purchase.external_id,
        pp_ident=purchase.point.ident,
        started_at=write_time(purchase.at),
        initial_order_metadata=dict(purchase.metadata),
    )


def is_owned(point: PricePoint, entitlements: Iterable[Subscription | Oneoff], features: Mapping[str, Feature]) -> bool:
    """Whether the user already owns the price point.

    Assumed: "has not finished subscription" (facts §2.2) means this price point. Consumables can be bought again.
    """
    point_features = [features.get(entry["ident"]) for entry in point.features]
    if point_features and all(feature and feature.feature_type == "consumable" for feature in point_features):
        return False
    same = [entitlement for entitlement in entitlements if entitlement.pp_ident == point.ident]
    return any("EXPIRED" not in one.status if isinstance(one, Subscription) else not one.revoked_at for one in same)


def may_charge(method: PaymentMethod, now: datetime) -> bool:
    """Whether a checkout may charge the payment method once more. Assumed: a day is the last 24 hours."""
    recent_charges = [at for at in method.charges if read_time(at) > now - _DAY]
    return len(recent_charges) < MAX_CHARGES_PER_DAY


def is_challenge_passed(resume_token: str) -> bool:
    """Whether the buyer passed 3-D Secure. The codes 1111 and 2222 fail (documented). Assumed: all others pass."""
    return not resume_token.endswith(_FAILED_CHALLENGE_CODES)
