"""The rules of moving a subscription to another price point (facts §1.3), pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from refund_sandbox.apis.funnelfox import errors
from refund_sandbox.apis.funnelfox.parsing import write_time
from refund_sandbox.apis.funnelfox.records import PricePoint, Subscription
from refund_sandbox.apis.funnelfox.rules import billing_cycles, checkout, prices
from refund_sandbox.apis.funnelfox.rules.checkout import Purchase
from refund_sandbox.frozen import frozen, replace

Strategy = Literal["price_prorate", "delayed_start"]
_OTHER: Mapping[Strategy, Strategy] = {"price_prorate": "delayed_start", "delayed_start": "price_prorate"}


@frozen
class Move:
    """A subscription on its way from one price point to another. `old` is None where the world does not know it."""

    subscription: Subscription
    old: PricePoint | None
    new: PricePoint
    now: datetime

    @property
    def charge(self) -> int | None:
        """The new price less what is left of the old period (documented), in minor units. None where that is not known."""
        left = prices.credit(self.old, self.subscription, self.now) if self.old else None
        return None if left is None else prices.full_price(self.new) - left


def choose(wanted: Strategy, move: Move, *, strict: bool) -> Strategy:
    """The strategy to use: the wanted one, or the other one where that is allowed. Raises a refusal where neither can be."""
    for strategy in (wanted,) if strict else (wanted, _OTHER[wanted]):
        if _objection(strategy, move) is None:
            return strategy
    raise errors.strategy_not_available(f"{wanted} is not available: {_objection(wanted, move)}.")


def _objection(strategy: Strategy, move: Move) -> str | None:
    """Why a strategy is not available. Documented: a negative charge. Assumed: the others."""
    if move.new.ident == move.subscription.pp_ident:
        return "the subscription has this price point already"
    if strategy == "delayed_start":
        return _objection_to_delay(move)
    if move.old is None or move.charge is None:
        return "the price or the period of the subscription is not known"
    if move.old.code != move.new.code:
        return f"{move.old.code} can't be set off against {move.new.code}"
    return "what is left of the period is worth more than the new price" if move.charge < 0 else None


def _objection_to_delay(move: Move) -> str | None:
    if move.new.is_oneoff:
        return "what is bought for good begins at once"
    return None if move.subscription.current_period_ends_at else "the subscription's period has no end"


def upcoming(purchase: Purchase, subs_id: str, starts: datetime) -> Subscription:
    """The new subscription, waiting for the old one's period to end. Assumed: it is charged when it begins."""
    begun = checkout.new_subscription(purchase, subs_id, with_trial=False)
    return replace(
        begun,
        status=["UPCOMING"],
        is_active=False,
        started_at=write_time(starts),
        current_period_starts_at=write_time(starts),
        current_period_ends_at=write_time(billing_cycles.period_end(purchase.point, starts)),
        next_check_at=write_time(starts),
    )
