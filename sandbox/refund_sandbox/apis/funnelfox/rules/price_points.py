"""The rules of price points and features: documents and CSV in, records out, or a named refusal. Pure."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any

from refund_sandbox.apis.funnelfox import rendering, state_entries
from refund_sandbox.apis.funnelfox.errors import Item, Refusal
from refund_sandbox.apis.funnelfox.parsing import read_amount
from refund_sandbox.apis.funnelfox.records import PricePoint
from refund_sandbox.core.money import minor_units
from refund_sandbox.frozen import replace

_PERIODS = ("intro_free_trial_period", "intro_paid_trial_period", "next_period")
_DURATIONS = tuple(f"{name}_duration" for name in _PERIODS)
COLUMNS = (
    *("ident", "intro_type", "currency_code", "features", "lifetime_price"),
    *("intro_free_trial_period", "intro_free_trial_period_duration"),
    *("intro_paid_trial_price", "intro_paid_trial_period", "intro_paid_trial_period_duration"),
    *("next_price", "next_period", "next_period_duration", "descriptor"),
)
"""The columns of the CSV. Assumed: the fields of a new price point, as the live format was not seen."""

# What goes with what. Assumed: that a price point without it is refused, and how.
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "no_intro": (),
    "free_trial": ("intro_free_trial_period", "intro_free_trial_period_duration"),
    "paid_trial": ("intro_paid_trial_price", "intro_paid_trial_period", "intro_paid_trial_period_duration"),
}
_RENEWED = ("next_period", "next_period_duration")


def read_fields(document: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a price point that a document names."""
    found = {name: document[name] for name in ("intro_type", "descriptor", *_DURATIONS) if name in document}
    found |= {name: _whole(document[name]) for name in _PERIODS if name in document}
    found |= {name: _price(document[name]) for name in state_entries.PRICES if name in document}
    if "currency_code" in document:
        code = document["currency_code"]
        found["currency"] = rendering.currency(code, minor_units(code))
    if "features" in document:
        found["features"] = [{"ident": ident} for ident in _names(document["features"])]
    return found


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _price(value: float | str | None) -> str | None:
    return None if value is None else str(read_amount(value))


def _names(features: list[str] | str) -> list[str]:
    names = features.split(",") if isinstance(features, str) else features
    return [name.strip() for name in names if name.strip()]


def checked(point: PricePoint, features: Set[str]) -> PricePoint:
    """The price point, its prices with all their decimals. Raises a refusal that lists everything that is wrong with it."""
    items = [Item(f"{name} {reason}.", "invalid_amount", loc=(name,)) for name, reason in state_entries.problems(point)]
    items += [Item(f"{name} is needed here.", "invalid_value", loc=(name,)) for name in _missing(point)]
    unknown = [granted["ident"] for granted in point.features if granted["ident"] not in features]
    items += [Item(f"There is no feature {ident}.", "feature_not_found", loc=("features",)) for ident in unknown]
    if items:
        raise Refusal(*items)
    written: dict[str, Any] = {name: rendering.price(getattr(point, name), point.decimals) for name in state_entries.PRICES}
    return replace(point, **written)


def _missing(point: PricePoint) -> Iterator[str]:
    needed = (*_NEEDED[point.intro_type], *(_RENEWED if point.next_price is not None else ()))
    yield from (name for name in needed if getattr(point, name) is None)
    if point.lifetime_price is None and point.next_price is None:
        yield "next_price"


def write_csv(points: Iterable[PricePoint]) -> str:
    """A line of names and a line for each price point."""
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, extrasaction="ignore")
    table.writeheader()
    for point in points:
        shown = rendering.price_point(point)
        names = ",".join(granted["ident"] for granted in point.features)
        table.writerow({**shown, "currency_code": point.code, "features": names, "descriptor": point.descriptor})
    return text.getvalue()


def read_csv(text: str) -> list[tuple[int, dict[str, Any]]]:
    """The number of each line, and the document that it stands for; empty cells are left out. Raises a refusal."""
    table = csv.DictReader(io.StringIO(text, newline=""), restkey="", restval="")
    try:
        return [(table.line_num, _read_row(row)) for row in table]
    except csv.Error as error:
        raise Refusal(Item(f"This is no CSV: {error}.", "invalid_csv", loc=("csv",))) from None


def _read_row(row: Mapping[str, Any]) -> dict[str, Any]:
    if "" in row:
        raise csv.Error("a line has more cells than the first one, or a column has no name")
    return {name: _read_number(name, cell) for name, cell in row.items() if cell}


def _read_number(name: str, cell: str) -> Any:
    return int(cell) if name in _PERIODS and cell.isascii() and cell.isdigit() and len(cell) < 20 else cell
