"""Figures as the plugin's database and PHP print them."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from refund_sandbox.apis.fluentcart import php

Number = int | float


def decimal_text(value: Fraction, places: int) -> str:
    """Return a decimal of the database: half is rounded up, away from zero (34-044)."""
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return f"{exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):f}"


def major(cents: int) -> str:
    """Return a sum of minor units in major units, as `SUM(…) / 100` prints it."""
    return decimal_text(Fraction(cents, 100), 4)


def average(cents: int, count: int) -> str:
    """Return an average of minor units in major units, as `SUM(…) / COUNT(…) / 100` prints it."""
    return decimal_text(Fraction(cents, count * 100), 8)


def number(value: float | str) -> Number:
    """Return a PHP number: its JSON has no fraction if it is whole."""
    value = float(value)
    return int(value) if value.is_integer() else value


def change(current: float, previous: float, *, places: int | None = None) -> Number:
    """Return the change in per cent: 100 if there was nothing before and there is something now, else 0 (34-106)."""
    if previous > 0:
        percent = (current - previous) / previous * 100
        return number(percent if places is None else php.round_to(percent, places))
    return 100 if current > 0 else 0


def changes(current: Mapping[str, Number], previous: Mapping[str, Number], names: tuple[str, ...]) -> dict[str, Number]:
    """Return the changes of some figures. A missing figure is 0."""
    return {name: change(current.get(name, 0), previous.get(name, 0)) for name in names}
