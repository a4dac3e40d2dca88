"""Rendering of replies: records in, documents out. Amounts are decimal text, times naive UTC."""

import csv
import io
import uuid
import zlib
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from refund_sandbox.apis.funnelfox import currencies
from refund_sandbox.apis.funnelfox.errors import Refusal
from refund_sandbox.apis.funnelfox.parsing import read_minor_units
from refund_sandbox.apis.funnelfox.records import (
    PRICE_FIELDS,
    Checkout,
    Oneoff,
    Order,
    PricePoint,
    Subscription,
    Transaction,
    User,
)
from refund_sandbox.apis.funnelfox.rules import prices, subscriptions
from refund_sandbox.apis.funnelfox.timestamps import read_time, write_time
from refund_sandbox.core.context import Reply
from refund_sandbox.core.money import to_text

Document = dict[str, Any]
CheckoutStatus = Literal["processing", "succeeded", "failed", "cancelled"]

_PRICE_POINT_FIELDS = (
    *("ident", "intro_type", "intro_free_trial_period", "intro_free_trial_period_duration"),
    *("intro_paid_trial_period", "intro_paid_trial_period_duration", "next_period", "next_period_duration"),
)
_CSV_COLUMNS = (
    *("ident", "intro_type", "currency_code", "features", "lifetime_price"),
    *("intro_free_trial_period", "intro_free_trial_period_duration"),
    *("intro_paid_trial_price", "intro_paid_trial_period", "intro_paid_trial_period_duration"),
    *("next_price", "next_period", "next_period_duration", "descriptor"),
)
"""Columns of the price points' CSV. Assumed: the fields of a new price point; the live format is not known."""


def error_reply(refusal: Refusal, status: int, req_id: str) -> Reply:
    """Return the error envelope. It does not depend on the envelope setting of successes."""
    items = [
        {"msg": item.msg, "type": item.type, "code": item.code} | ({"loc": list(item.loc)} if item.loc else {})
        for item in refusal.items
    ]
    return Reply({"status": "error", "req_id": req_id, "error": items}, status)


def envelope(data: Any, req_id: str) -> Document:
    """Return the success envelope. Assumed: the `data` of an empty one is `{}` (§7, question 1)."""
    return {"status": "success", "data": data, "req_id": req_id}


def time(text: str | None) -> str | None:
    """Return a timestamp as the live API writes it; None for a missing one."""
    return write_time(read_time(text)) if text else None


def _time_or_text(text: str | None) -> str | None:
    """Return a timestamp of a loaded state. Text that is not a timestamp is returned unchanged."""
    try:
        return time(text)
    except ValueError:
        return text


def price(text: str | None, decimals: int) -> str | None:
    """Return a price without padding: "1" and "9.99", as the webhook sample of the documentation has it."""
    amount = None if text is None else read_minor_units(text, decimals)
    if amount is None:
        return None
    padded = to_text(amount, decimals)
    return padded.rstrip("0").removesuffix(".") if decimals else padded


def price_point(point: PricePoint) -> Document:
    """PricePointOut (facts §6.2)."""
    return {
        **{name: getattr(point, name) for name in _PRICE_POINT_FIELDS},
        **{name: price(getattr(point, name), point.decimals) for name in PRICE_FIELDS},
        "currency": {**currencies.describe(point.code, point.decimals), **point.currency},
        "features": [{"ident": feature["ident"]} for feature in point.features],
    }


def price_points_csv(points: Iterable[PricePoint]) -> str:
    """Return CSV with a header line and one line for each price point."""
    text = io.StringIO()
    table = csv.DictWriter(text, _CSV_COLUMNS, extrasaction="ignore")
    table.writeheader()
    for point in points:
        names = ",".join(feature["ident"] for feature in point.features)
        own = {"currency_code": point.code, "features": names, "descriptor": point.descriptor}
        table.writerow({**price_point(point), **own})
    return text.getvalue()


def subscription(record: Subscription, point: PricePoint | None) -> Document:
    """SubscriptionOut (facts §6.3)."""
    return {
        "subs_id": record.subs_id,
        "is_active": record.is_active,
        "price_point": price_point(point or PricePoint(record.pp_ident)),
        "status": list(record.status),
        "started_at": _time_or_text(record.started_at),
        "current_period_starts_at": _time_or_text(record.current_period_starts_at),
        "current_period_ends_at": _time_or_text(record.current_period_ends_at),
        "next_check_at": _time_or_text(record.next_check_at),
        "iteration": record.iteration,
        "available_actions": list(subscriptions.available_actions(record)),
        "initial_order_metadata": record.initial_order_metadata,
    }


def oneoff(record: Oneoff, point: PricePoint | None) -> Document:
    """OneoffOut (facts §6.4)."""
    return {
        "oneoff_id": record.oneoff_id,
        "order_id": record.order_id or None,
        "is_active": record.is_active,
        "price_point": price_point(point or PricePoint(record.pp_ident)),
        "started_at": _time_or_text(record.started_at),
        "revoked_at": _time_or_text(record.revoked_at),
        "initial_order_metadata": record.initial_order_metadata,
    }


def user(record: User) -> Document:
    """Return a user as events and searches show one."""
    return {"external_id": record.external_id, "email": record.email, "email_aliases": list(record.email_aliases)}


def order(record: Order, sales: Sequence[Transaction]) -> Document:
    """Return the order of an event (facts §4.4). Assumed: `user_uuid` is derived from the organisation's user id."""
    sale = sales[-1] if sales else None
    is_declined = sale is not None and record.status == "declined"
    return {
        "order_id": record.order_id,
        "amount": to_text(record.amount, record.decimals),
        "currency_code": record.currency_code,
        "external_id": record.external_id,
        "user_uuid": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{record.org_id}/{record.external_id}")),
        "initial_order_metadata": record.initial_order_metadata,
        "psp": sale.psp if sale else None,
        "status": record.status,
        "subs_id": record.subs_id,
        "oneoff_id": record.oneoff_id,
        "retry_step": record.retry_step,
        "created_at": time(record.created_at),
        "decline_reason": {name: getattr(sale, f"psp_reason_{name}") for name in _REASON} if is_declined else None,
    }


_REASON = ("message", "type", "code", "decline_type")


def payment(record: Order, sale: Transaction, point: PricePoint | None) -> Document:
    """PaymentHistoryOut (facts §6.5). Assumed: `refunded` counts settled refunds only."""
    point_currency = point.currency if point and point.code == record.currency_code else {}
    return {
        "order_id": record.order_id,
        "subs_id": record.subs_id,
        "oneoff_id": record.oneoff_id,
        "amount": to_text(record.amount, record.decimals),
        "refunded": to_text(record.refunded, record.decimals),
        "currency": {**currencies.describe(record.currency_code, record.decimals), **point_currency},
        "created_at": time(record.created_at),
        "last4": sale.pm_data_last4,
        "network": sale.network,
        "payment_method": sale.pm_type,
    }


def checkout_result(status: CheckoutStatus, order_id: str | None, message: str = "", action_token: str = "") -> Document:
    """CheckoutCreatePaymentOut (facts §1.6). `message` is the decline reason, `action_token` asks for 3-D Secure."""
    return {
        "action_required_token": action_token,
        "checkout_status": status,
        "failed_message_for_user": message,
        "order_id": order_id,
    }


def session(record: Checkout, point: PricePoint) -> Document:
    """CheckoutClientSessionOut, with the fields that the newest browser SDK reads (its type definitions).

    Assumed: all values but token and order. The form shows the email field if the session has no address. No tax is calculated.
    """
    amount = prices.first_charge(point)
    return {
        "client_token": record.client_token,
        "order_id": record.order_id,
        "is_livemode": False,
        "detected_country_code": record.country_code,
        "valid_countries": [],
        "country_field_overrides": {},
        "collect_apple_pay_email": not record.email,
        "show_email_field": not record.email,
        **dict.fromkeys(_SESSION_SWITCHES, False),
        "tax_amount": 0,
        "amount_total": amount,
        "tax_calculation_id": None,
        **(_stripe_session(record, point, amount) if record.integration_type == "stripe" else {}),
    }


_SESSION_SWITCHES = (
    *("show_cardholder_name_field", "show_country_selector_field", "show_postal_code_field"),
    *("airwallex_risk_enabled", "sdk_telemetry_enabled", "tax_enabled"),
)


def _stripe_session(record: Checkout, point: PricePoint, amount: int) -> Document:
    """Return the fields of a session whose card form is Stripe's. Its keys are valid nowhere."""
    return {
        "stripe_public_key": "pk_test_sandbox",
        "amount": amount,
        "currency": point.code,
        "country": record.country_code,
        "stripe_intent": {
            "intent_client_secret": f"pi_{record.client_token}_secret_sandbox",
            "customer_session_client_secret": f"cuss_secret_{record.client_token}",
        },
    }


# Fields of a transaction that the sandbox does not fill.
_NULL_FIELDS = (
    *("meta_client_ff_project_id", "meta_client_ff_session_id", "meta_client_ff_price_id", "threeds_protocol_version"),
    *("threeds_reason_code", "threeds_reason_text"),
    *(
        f"pm_data_bin_{name}"
        for name in (
            *("account_funding_type", "account_number_type", "issuer_name", "issuer_country_code", "issuer_currency_code"),
            *("prepaid_reloadable_indicator", "product_code", "product_name", "product_usage_type", "regional_restriction"),
        )
    ),
)
_TRANSACTION_FIELDS = (
    *("trx_id", "order_id", "psp", "psp_transaction_id", "is_fallback", "psp_merchant_id", "psp_transaction_type", "psp_status"),
    *("pm_type", "is_cit", "psp_reason_message", "psp_reason_type", "psp_reason_code", "psp_reason_decline_type", "network"),
    *("pm_data_first6", "pm_data_last4", "pm_data_expiration_date", "threeds_challenge_issued"),
)


def transaction(row: Transaction, record: Order) -> Document:
    """Return a row of the transaction report (facts §6.6).

    Assumed: `pp_id` is derived from the price point's name. In `amount_usd`, one unit of any currency counts as one US dollar.
    """
    amount = to_text(row.amount, record.decimals)
    is_card = row.pm_type == "PAYMENT_CARD"
    return {
        **{name: getattr(row, name) for name in _TRANSACTION_FIELDS},
        "amount": amount,
        "amount_usd": amount,
        "currency_code": record.currency_code,
        "pp_id": zlib.crc32(record.pp_ident.encode()) & 0x7FFFFFFF,
        "pp_version": record.pp_version,
        "status": record.status,
        "integration_type": "primer",
        "region": "default",
        "psp_date": _time_or_text(row.psp_date),
        "trx_created_at": time(row.trx_created_at),
        "authorization_type": "FINAL",
        "is_vaulted": True,
        "psp_card_token_type": "CARD_PAN" if is_card else None,
        "pm_data_is_network_tokenized": False if is_card else None,
        "threeds_response_code": "AUTH_SUCCESS" if row.threeds_challenge_issued else "NOT_PERFORMED",
        "meta_subs_id": record.subs_id,
        "meta_oneoff_id": record.oneoff_id,
        "meta_subs_iteration": None if record.iteration is None else str(record.iteration),
        "meta_retry_step": None if record.retry_step is None else str(record.retry_step),
        "meta_client": record.initial_order_metadata,
        **dict.fromkeys(_NULL_FIELDS),
    }
