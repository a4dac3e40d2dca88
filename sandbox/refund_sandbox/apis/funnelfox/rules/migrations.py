"""Rules of migrations: moving a subscription to another price point (facts §1.3). Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from refund_sandbox.apis.funnelfox import errors
from refund_sandbox.apis.funnelfox.records import PricePoint, Subscription
from refund_sandbox.apis.funnelfox.rules import billing_cycles, checkout, prices
from refund_sandbox.apis.funnelfox.rules.checkout import Purchase
from refund_sandbox.apis.funnelfox.timestamps import write_time

Strategy = Literal["price_prorate", "delayed_start"]
_FALLBACKS: Mapping[Strategy, Strategy] = {"price_prorate": "delayed_start", "delayed_start": "price_prorate"}


class Migration(Struct, frozen=True):
    """Migration of a subscription. `old` is None if the subscription's price point is unknown."""

    subscription: Subscription
    old: PricePoint | None
    new: PricePoint
    now: datetime

    @property
    def charge(self) -> int | None:
        """New price less the old period's unused credit (documented), in minor units. None if the credit is unknown."""
        credit = prices.unused_credit(self.old, self.subscription, self.now) if self.old else None
        return None if credit is None else prices.full_price(self.new) - credit

    @property
    def purchase(self) -> Purchase:
        """Purchase of the new price point."""
        subscription = self.subscription
        metadata = subscription.initial_order_metadata
        return Purchase(subscription.org_id, subscription.external_id, self.new, metadata, self.now)


def choose_strategy(requested: Strategy, migration: Migration, *, strict: bool) -> Strategy:
    """Return the requested strategy, or the other one if it is not available. Raise a refusal if none is available.

    With `strict`, only the requested strategy is tried.
    """
    for strategy in (requested,) if strict else (requested, _FALLBACKS[requested]):
        if _unavailable_reason(strategy, migration) is None:
            return strategy
    raise errors.strategy_not_available(f"{requested} is not available: {_unavailable_reason(requested, migration)}.")


def _unavailable_reason(strategy: Strategy, migration: Migration) -> str | None:
    """Return why a strategy is not available, or None. Documented: a negative charge. Assumed: the others."""
    if migration.new.ident == migration.subscription.pp_ident:
        return "the subscription has this price point already"
    if strategy == "delayed_start":
        return _delay_unavailable_reason(migration)
    if migration.old is None or migration.charge is None:
        return "the price or the period of the subscription is not known"
    if migration.old.code != migration.new.code:
        return f"{migration.old.code} can't be set off against {migration.new.code}"
    return "what is left of the period is worth more than the new price" if migration.charge < 0 else None


def _delay_unavailable_reason(migration: Migration) -> str | None:
    if migration.new.is_oneoff:
        return "a one-off purchase starts immediately"
    return None if migration.subscription.current_period_ends_at else "the subscription's period has no end"


def upcoming_subscription(purchase: Purchase, subs_id: str, starts: datetime) -> Subscription:
    """Return the new subscription, which begins at the old one's period end. Assumed: it is charged when it begins."""
    subscription = checkout.new_subscription(purchase, subs_id, with_trial=False)
    return replace(
        subscription,
        status=["UPCOMING"],
        is_active=False,
        started_at=write_time(starts),
        current_period_starts_at=write_time(starts),
        current_period_ends_at=write_time(billing_cycles.period_end(purchase.point, starts)),
        next_check_at=write_time(starts),
    )
