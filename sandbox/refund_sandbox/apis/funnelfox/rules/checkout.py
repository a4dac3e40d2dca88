"""The rules of buying, pure: orders and their sales, what they pay for, and what a checkout answers."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from refund_sandbox.apis.funnelfox.parsing import read_time, write_time
from refund_sandbox.apis.funnelfox.records import Feature, Oneoff, Order, PaymentMethod, PricePoint, Subscription, Transaction
from refund_sandbox.apis.funnelfox.rules import billing_cycles
from refund_sandbox.apis.funnelfox.rules.cards import Card
from refund_sandbox.frozen import frozen, replace

CHARGES_A_DAY = 2
"""So often a checkout may charge one payment method within a day (documented)."""
_DAY = timedelta(days=1)
_FAILED_CODES = ("1111", "2222")

Status = Literal["processing", "succeeded", "failed", "cancelled"]


@frozen
class Purchase:
    """Who buys what, and when."""

    org_id: str
    external_id: str
    point: PricePoint
    metadata: Mapping[str, Any]
    at: datetime


def new_order(purchase: Purchase, order_id: str, amount: int) -> Order:
    """An order that nothing has come of yet."""
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
    """The order's sale, waiting for the payment provider."""
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
    """Paid."""
    return replace(order, status="settled"), replace(sale, psp_status="SETTLED", psp_date=at)


def decline(order: Order, sale: Transaction, card: Card, at: str) -> tuple[Order, Transaction]:
    """Not paid, and why."""
    refused = replace(
        sale,
        psp_status="DECLINED",
        psp_date=at,
        psp_reason_message=card.message or "The buyer did not pass 3-D Secure.",
        psp_reason_type="ISSUER_DECLINED",
        psp_reason_code=card.code or "AUTHENTICATION_REQUIRED",
        psp_reason_decline_type=card.decline_type,
    )
    return replace(order, status="declined"), refused


def new_subscription(purchase: Purchase, subs_id: str, *, with_trial: bool = True) -> Subscription:
    """A subscription that begins with the purchase, in its trial where the price point has one."""
    point, now = purchase.point, write_time(purchase.at)
    trial = with_trial and point.intro_type != "no_intro"
    ends = billing_cycles.trial_end(point, purchase.at) if trial else billing_cycles.period_end(point, purchase.at)
    return billing_cycles.schedule(
        Subscription(
            subs_id=subs_id,
            org_id=purchase.org_id,
            external_id=purchase.external_id,
            pp_ident=point.ident,
            pp_version=point.pp_version,
            status=["INTRO" if trial else "RECURRING"],
            started_at=now,
            current_period_starts_at=now,
            current_period_ends_at=write_time(ends),
            initial_order_metadata=dict(purchase.metadata),
        ),
        purchase.at,
    )


def new_oneoff(purchase: Purchase, oneoff_id: str, order_id: str) -> Oneoff:
    """A one-off that begins with the purchase."""
    return Oneoff(
        oneoff_id=oneoff_id,
        org_id=purchase.org_id,
        order_id=order_id,
        external_id=purchase.external_id,
        pp_ident=purchase.point.ident,
        started_at=write_time(purchase.at),
        initial_order_metadata=dict(purchase.metadata),
    )


def is_owned(point: PricePoint, held: Iterable[Subscription | Oneoff], features: Mapping[str, Feature]) -> bool:
    """Whether the user has the price point already.

    Assumed: "has not finished subscription" (facts §2.2) means this price point; what is consumed can be bought again.
    """
    granted = [features.get(entry["ident"]) for entry in point.features]
    if granted and all(feature and feature.feature_type == "consumable" for feature in granted):
        return False
    return any(record.pp_ident == point.ident and _is_running(record) for record in held)


def _is_running(record: Subscription | Oneoff) -> bool:
    return "EXPIRED" not in record.status if isinstance(record, Subscription) else not record.revoked_at


def may_charge(method: PaymentMethod, now: datetime) -> bool:
    """Whether a checkout may charge the payment method once more. Assumed: a day is the last 24 hours."""
    recent = [at for at in method.charges if read_time(at) > now - _DAY]
    return len(recent) < CHARGES_A_DAY


def passed(resume_token: str) -> bool:
    """Whether the buyer passed 3-D Secure: the codes 1111 and 2222 fail (documented), anything else passes (Assumed)."""
    return not resume_token.endswith(_FAILED_CODES)


def answer(status: Status, order_id: str | None, message: str = "", action: str = "") -> dict[str, Any]:
    """CheckoutCreatePaymentOut (facts §1.6)."""
    return {
        "action_required_token": action,
        "checkout_status": status,
        "failed_message_for_user": message,
        "order_id": order_id,
    }
