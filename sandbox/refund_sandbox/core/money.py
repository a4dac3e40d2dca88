"""Money: conversion between decimal amounts and whole minor units. The only arithmetic with fractions."""

from collections.abc import Mapping
from decimal import Decimal

MAX_MINOR_UNITS = 10**18
_MAX_DIGITS = 60

# ISO 4217: currencies whose minor unit is not a hundredth.
_MINOR_UNITS: Mapping[str, int] = (
    dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0)
    | dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3)
    | dict.fromkeys(["CLF", "UYW"], 4)
)


def minor_units(currency: str) -> int:
    """Return the number of decimals of a currency: 2 for USD, 0 for JPY, 3 for KWD."""
    return _MINOR_UNITS.get(currency.upper(), 2)


def to_minor(amount: Decimal, decimals: int) -> int | None:
    """Return the amount in minor units: Decimal("4.99"), 2 → 499. Return None if it has more decimals than the currency.

    Larger amounts are capped at MAX_MINOR_UNITS, with their sign.
    """
    if not amount:
        return 0
    if amount.adjusted() >= len(str(MAX_MINOR_UNITS)):
        return -MAX_MINOR_UNITS if amount < 0 else MAX_MINOR_UNITS
    if amount.adjusted() < -_MAX_DIGITS or len(amount.as_tuple().digits) > _MAX_DIGITS:
        return None
    numerator, denominator = amount.as_integer_ratio()
    whole, rest = divmod(numerator * 10**decimals, denominator)
    return None if rest else whole


def to_text(amount: int, decimals: int) -> str:
    """Return minor units as decimal text: 499, 2 → "4.99"; 500, 0 → "500"."""
    return f"{Decimal(amount).scaleb(-decimals):.{decimals}f}"
