"""What the live API shows of the records: records in, documents out. Amounts are decimal text, times naive UTC."""

import uuid
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from refund_sandbox.apis.funnelfox.parsing import read_amount, read_time, write_time
from refund_sandbox.apis.funnelfox.records import Oneoff, Order, PricePoint, Subscription, Transaction, User
from refund_sandbox.apis.funnelfox.rules import subscriptions
from refund_sandbox.core.money import to_minor, to_text

Document = dict[str, Any]

# What the live service says of currencies; others are shown by their code. Assumed: no list is documented.
_CURRENCIES: Mapping[str, tuple[str, str]] = {
    "USD": ("US Dollar", "$"),
    "EUR": ("Euro", "€"),
    "GBP": ("British Pound", "£"),
    "JPY": ("Japanese Yen", "¥"),
    "KWD": ("Kuwaiti Dinar", "KD"),
}
_PLAIN_FIELDS = (
    *("ident", "intro_type", "intro_free_trial_period", "intro_free_trial_period_duration"),
    *("intro_paid_trial_period", "intro_paid_trial_period_duration", "next_period", "next_period_duration"),
)
_PRICES = ("lifetime_price", "intro_paid_trial_price", "next_price")


def time(text: str | None) -> str | None:
    """A timestamp as the live API writes it; a missing one is null."""
    return write_time(read_time(text)) if text else None


def currency(code: str, decimals: int) -> Document:
    """`{code, minor_units, title, symbol}`."""
    title, symbol = _CURRENCIES.get(code, (code, code))
    return {"code": code, "minor_units": decimals, "title": title, "symbol": symbol}


def price(text: str | None, decimals: int) -> str | None:
    """A price with all the decimals of its currency."""
    amount = None if text is None else to_minor(read_amount(text), decimals)
    return None if amount is None else to_text(amount, decimals)


def price_point(point: PricePoint) -> Document:
    """PricePointOut (facts §6.2)."""
    return {
        **{name: getattr(point, name) for name in _PLAIN_FIELDS},
        **{name: price(getattr(point, name), point.decimals) for name in _PRICES},
        "currency": {**currency(point.code, point.decimals), **point.currency},
        "features": [{"ident": granted["ident"]} for granted in point.features],
    }


def subscription(record: Subscription, point: PricePoint | None) -> Document:
    """SubscriptionOut (facts §6.3)."""
    return {
        "subs_id": record.subs_id,
        "is_active": record.is_active,
        "price_point": price_point(point or PricePoint(record.pp_ident)),
        "status": list(record.status),
        "started_at": _shown(record.started_at),
        "current_period_starts_at": _shown(record.current_period_starts_at),
        "current_period_ends_at": _shown(record.current_period_ends_at),
        "next_check_at": _shown(record.next_check_at),
        "iteration": record.iteration,
        "available_actions": list(subscriptions.available_actions(record)),
        "initial_order_metadata": record.initial_order_metadata,
    }


def _shown(text: str | None) -> str | None:
    """A timestamp of a world, which may be any text where nothing is computed from it."""
    try:
        return time(text)
    except ValueError:
        return text


def oneoff(record: Oneoff, point: PricePoint | None) -> Document:
    """OneoffOut (facts §6.4)."""
    return {
        "oneoff_id": record.oneoff_id,
        "order_id": record.order_id or None,
        "is_active": record.is_active,
        "price_point": price_point(point or PricePoint(record.pp_ident)),
        "started_at": _shown(record.started_at),
        "revoked_at": _shown(record.revoked_at),
        "initial_order_metadata": record.initial_order_metadata,
    }


def user(record: User) -> Document:
    """A user as events and searches show one."""
    return {"external_id": record.external_id, "email": record.email, "email_aliases": list(record.email_aliases)}


def order(record: Order, rows: Sequence[Transaction]) -> Document:
    """The order of an event (facts §4.4). Assumed: `user_uuid` follows from the user's own id."""
    sale = rows[-1] if rows else None
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
        "decline_reason": _decline_reason(sale) if sale and record.status == "declined" else None,
    }


def _decline_reason(sale: Transaction) -> Document:
    return {
        "message": sale.psp_reason_message,
        "type": sale.psp_reason_type,
        "code": sale.psp_reason_code,
        "decline_type": sale.psp_reason_decline_type,
    }


def payment(record: Order, sale: Transaction, point: PricePoint | None) -> Document:
    """PaymentHistoryOut (facts §6.5). Assumed: `refunded` counts what is settled."""
    known = point.currency if point and point.code == record.currency_code else {}
    return {
        "order_id": record.order_id,
        "subs_id": record.subs_id,
        "oneoff_id": record.oneoff_id,
        "amount": to_text(record.amount, record.decimals),
        "refunded": to_text(record.refunded, record.decimals),
        "currency": {**currency(record.currency_code, record.decimals), **known},
        "created_at": time(record.created_at),
        "last4": sale.pm_data_last4,
        "network": sale.network,
        "payment_method": sale.pm_type,
    }


# Fields of a transaction that the sandbox has nothing to say about.
_NULL = (
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
_AS_KEPT = (
    *("trx_id", "order_id", "psp", "psp_transaction_id", "is_fallback", "psp_merchant_id", "psp_transaction_type", "psp_status"),
    *("pm_type", "is_cit", "psp_reason_message", "psp_reason_type", "psp_reason_code", "psp_reason_decline_type", "network"),
    *("pm_data_first6", "pm_data_last4", "pm_data_expiration_date", "threeds_challenge_issued"),
)


def transaction(row: Transaction, record: Order) -> Document:
    """A row of the transaction report (facts §6.6).

    Assumed: `pp_id` follows from the price point's name; one unit of any currency counts as one US dollar in `amount_usd`.
    """
    amount = to_text(row.amount, record.decimals)
    card = row.pm_type == "PAYMENT_CARD"
    return {
        **{name: getattr(row, name) for name in _AS_KEPT},
        "amount": amount,
        "amount_usd": amount,
        "currency_code": record.currency_code,
        "pp_id": pp_id(record.pp_ident),
        "pp_version": record.pp_version,
        "status": record.status,
        "integration_type": "primer",
        "region": "default",
        "psp_date": _shown(row.psp_date),
        "trx_created_at": time(row.trx_created_at),
        "authorization_type": "FINAL",
        "is_vaulted": True,
        "psp_card_token_type": "CARD_PAN" if card else None,
        "pm_data_is_network_tokenized": False if card else None,
        "threeds_response_code": "AUTH_SUCCESS" if row.threeds_challenge_issued else "NOT_PERFORMED",
        "meta_subs_id": record.subs_id,
        "meta_oneoff_id": record.oneoff_id,
        "meta_subs_iteration": _text(record.iteration),
        "meta_retry_step": _text(record.retry_step),
        "meta_client": record.initial_order_metadata,
        **dict.fromkeys(_NULL),
    }


def pp_id(ident: str) -> int:
    """A number for a price point."""
    return zlib.crc32(ident.encode()) & 0x7FFFFFFF


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
