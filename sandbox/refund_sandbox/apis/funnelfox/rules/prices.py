"""Prices: first charges, renewals, discounts and the credit of an unused period. All in minor units. Pure."""

from datetime import datetime
from typing import Any

from msgspec.structs import replace

from refund_sandbox.apis.funnelfox import errors
from refund_sandbox.apis.funnelfox.parsing import read_minor_units
from refund_sandbox.apis.funnelfox.records import PricePoint, Subscription
from refund_sandbox.apis.funnelfox.timestamps import read_time
from refund_sandbox.core import record_schema
from refund_sandbox.core.money import MAX_MINOR_UNITS

_UNVERSIONED_FIELDS = ("ident", "pp_version", "earlier")


def is_valid(text: str, decimals: int) -> bool:
    """Whether the text is a price or amount that the ledger can hold."""
    return read_valid(text, decimals) is not None


def read_valid(text: str, decimals: int) -> int | None:
    """Return a price or amount that the ledger can hold in minor units. None for any other."""
    amount = read_minor_units(text, decimals)
    return amount if amount is not None and 0 <= amount < MAX_MINOR_UNITS else None


def requirement(decimals: int) -> str:
    """Return the requirement that `is_valid` checks, as the end of a sentence."""
    return f"must be from 0 to below 10^18 minor units and have at most {decimals} decimals"


def amount_of(text: str | None, decimals: int) -> int:
    """Return a price of a price point in minor units; 0 for a missing price."""
    return (read_minor_units(text, decimals) or 0) if text else 0


def check_buyable(point: PricePoint) -> None:
    """Raise a refusal for a price point without a price. Assumed: a lifetime price or a renewal price (facts §6.2)."""
    if point.lifetime_price is None and point.next_price is None:
        raise errors.invalid_price(point.ident)


def first_charge(point: PricePoint) -> int:
    """Return the amount that a purchase charges: the lifetime price, the trial's price, or that of the first period."""
    if point.is_oneoff:
        return amount_of(point.lifetime_price, point.decimals)
    if point.intro_type == "no_intro":
        return full_price(point)
    return amount_of(point.intro_paid_trial_price, point.decimals) if point.intro_type == "paid_trial" else 0


def full_price(point: PricePoint) -> int:
    """Return the lifetime price or the price of one period."""
    return amount_of(point.lifetime_price if point.is_oneoff else point.next_price, point.decimals)


def renewal(point: PricePoint, subscription: Subscription) -> int:
    """Return the next charge of a subscription, less its discount, rounded half up."""
    return _fraction(full_price(point), 100 - subscription.discount_percent, 100)


def _fraction(amount: int, numerator: int, denominator: int) -> int:
    return (2 * amount * numerator + denominator) // (2 * denominator)


def unused_credit(point: PricePoint, subscription: Subscription, now: datetime) -> int | None:
    """Return the value of the current period's unused days: unused days / total days × price (documented).

    None for a subscription without a period. Assumed: a started day counts as used, and a trial's price is what it cost.
    """
    if not subscription.current_period_starts_at or not subscription.current_period_ends_at:
        return None
    starts, ends = read_time(subscription.current_period_starts_at), read_time(subscription.current_period_ends_at)
    total_days = max((ends - starts).days, 1)
    unused_days = min(max((ends - now).days, 0), total_days)
    price = first_charge(point) if "INTRO" in subscription.status else full_price(point)
    return _fraction(price, unused_days, total_days)


def next_version(point: PricePoint, changes: dict[str, Any]) -> PricePoint:
    """Return the price point's next version. It holds all earlier ones."""
    current = {name: value for name, value in record_schema.write(point).items() if name not in ("ident", "earlier")}
    return replace(point, **changes, pp_version=point.pp_version + 1, earlier=[*point.earlier, current])


def version_of(point: PricePoint, version: int | None) -> PricePoint:
    """Return the price point in one of its versions. Assumed: a subscription renews at the price that it was sold at."""
    for earlier in point.earlier:
        if version is not None and earlier.get("pp_version") == version:
            names = set(PricePoint.__struct_fields__) - set(_UNVERSIONED_FIELDS)
            values = {name: value for name, value in earlier.items() if name in names}
            return replace(point, **values, pp_version=version)
    return point
