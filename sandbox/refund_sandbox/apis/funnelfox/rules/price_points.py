"""Rules of price points: records in, checked records out, or a refusal. Pure."""

from collections.abc import Iterator, Mapping, Set
from typing import Any

from msgspec.structs import replace

from refund_sandbox.apis.funnelfox import rendering
from refund_sandbox.apis.funnelfox.errors import Item, Refusal
from refund_sandbox.apis.funnelfox.records import PRICE_FIELDS, PricePoint
from refund_sandbox.apis.funnelfox.rules import prices

# Required fields by type of introduction. Assumed: that a price point without them is refused, and the error.
_INTRO_FIELDS: Mapping[str, tuple[str, ...]] = {
    "no_intro": (),
    "free_trial": ("intro_free_trial_period", "intro_free_trial_period_duration"),
    "paid_trial": ("intro_paid_trial_price", "intro_paid_trial_period", "intro_paid_trial_period_duration"),
}
_RENEWAL_FIELDS = ("next_period", "next_period_duration")


def normalize(point: PricePoint, feature_idents: Set[str]) -> PricePoint:
    """Return the price point with all decimals in its prices. Raise a refusal that lists every problem."""
    items = [Item(f"{name} {reason}.", "invalid_amount", loc=(name,)) for name, reason in find_price_problems(point)]
    items += [Item(f"{name} is needed here.", "invalid_value", loc=(name,)) for name in _missing_fields(point)]
    unknown = [feature["ident"] for feature in point.features if feature["ident"] not in feature_idents]
    items += [Item(f"There is no feature {ident}.", "feature_not_found", loc=("features",)) for ident in unknown]
    if items:
        raise Refusal(*items)
    price_texts: dict[str, Any] = {name: rendering.price(getattr(point, name), point.decimals) for name in PRICE_FIELDS}
    return replace(point, **price_texts)


def find_price_problems(point: PricePoint) -> Iterator[tuple[str, str]]:
    """Yield field and reason of each invalid price."""
    for name in PRICE_FIELDS:
        text = getattr(point, name)
        if text is not None and not prices.is_valid(text, point.decimals):
            yield name, prices.requirement(point.decimals)


def _missing_fields(point: PricePoint) -> Iterator[str]:
    required = (*_INTRO_FIELDS[point.intro_type], *(_RENEWAL_FIELDS if point.next_price is not None else ()))
    yield from (name for name in required if getattr(point, name) is None)
    if point.lifetime_price is None and point.next_price is None:
        yield "next_price"
