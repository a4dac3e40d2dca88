"""What is to be paid: first charges, renewals, discounts and what is left of a period. All in minor units."""

from dataclasses import fields
from datetime import datetime
from typing import Any

from refund_sandbox.apis.funnelfox import errors
from refund_sandbox.apis.funnelfox.parsing import read_amount, read_time
from refund_sandbox.apis.funnelfox.records import PricePoint, Subscription
from refund_sandbox.core import record_schema
from refund_sandbox.core.money import to_minor
from refund_sandbox.frozen import replace


def amount_of(text: str | None, decimals: int) -> int:
    """A price as it stands in a price point; nothing is 0."""
    return (to_minor(read_amount(text), decimals) or 0) if text else 0


def is_buyable(point: PricePoint) -> bool:
    """Whether there is a price to pay. Assumed: one for good or one for each period (facts §6.2)."""
    return point.lifetime_price is not None or point.next_price is not None


def check_buyable(point: PricePoint) -> None:
    """Raises the refusal of a price point without a price."""
    if not is_buyable(point):
        raise errors.invalid_price(point.ident)


def first_charge(point: PricePoint) -> int:
    """What is paid at once: for good, for the trial, or for the first period."""
    if point.is_oneoff:
        return amount_of(point.lifetime_price, point.decimals)
    if point.intro_type == "no_intro":
        return full_price(point)
    return amount_of(point.intro_paid_trial_price, point.decimals) if point.intro_type == "paid_trial" else 0


def full_price(point: PricePoint) -> int:
    """The price for good, or of one period."""
    return amount_of(point.lifetime_price if point.is_oneoff else point.next_price, point.decimals)


def renewal(point: PricePoint, subscription: Subscription) -> int:
    """The next charge of a subscription, less its discount, rounded half up."""
    return _share(full_price(point), 100 - subscription.discount_percent, 100)


def _share(amount: int, part: int, whole: int) -> int:
    return (2 * amount * part + whole) // (2 * whole)


def credit(point: PricePoint, subscription: Subscription, now: datetime) -> int | None:
    """What is left of the current period: unused days / total days × its price (documented). None where it is not known.

    Assumed: a day that has begun is used; the price of a trial is what it cost.
    """
    if not subscription.current_period_starts_at or not subscription.current_period_ends_at:
        return None
    starts, ends = read_time(subscription.current_period_starts_at), read_time(subscription.current_period_ends_at)
    total = max((ends - starts).days, 1)
    unused = min(max((ends - now).days, 0), total)
    paid = first_charge(point) if "INTRO" in subscription.status else full_price(point)
    return _share(paid, unused, total)


_KEPT = ("ident", "pp_version", "earlier")


def updated(point: PricePoint, changes: dict[str, Any]) -> PricePoint:
    """The next version of a price point; the ones before it are kept with it."""
    before = {name: value for name, value in record_schema.write(point).items() if name not in ("ident", "earlier")}
    return replace(point, **changes, pp_version=point.pp_version + 1, earlier=[*point.earlier, before])


def version_of(point: PricePoint, version: int | None) -> PricePoint:
    """The price point as it was in a version. Assumed: a subscription goes on at the price that it was sold at."""
    for before in point.earlier:
        if version is not None and before.get("pp_version") == version:
            known = {entry.name for entry in fields(PricePoint)} - set(_KEPT)
            return replace(point, **{name: value for name, value in before.items() if name in known}, pp_version=version)
    return point
