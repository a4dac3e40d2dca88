"""Money: decimal text to whole minor units and back. The only arithmetic that ever sees a fraction."""

from collections.abc import Mapping
from decimal import Decimal

BEYOND = 10**18
_MOST_DIGITS = 60

# ISO 4217: currencies whose minor unit is not a hundredth.
_MINOR_UNITS: Mapping[str, int] = (
    dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0)
    | dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3)
    | dict.fromkeys(["CLF", "UYW"], 4)
)


def minor_units(currency: str) -> int:
    """How many decimals the currency has: 2 for USD, 0 for JPY, 3 for KWD."""
    return _MINOR_UNITS.get(currency.upper(), 2)


def to_minor(amount: Decimal, decimals: int) -> int | None:
    """The amount in minor units: Decimal("4.99"), 2 → 499. None when it has more decimals than the currency.

    Amounts beyond any ledger count as BEYOND (with their sign), however long they are written.
    """
    if not amount:
        return 0
    if amount.adjusted() >= len(str(BEYOND)):
        return -BEYOND if amount < 0 else BEYOND
    if amount.adjusted() < -_MOST_DIGITS or len(amount.as_tuple().digits) > _MOST_DIGITS:
        return None
    numerator, denominator = amount.as_integer_ratio()
    whole, rest = divmod(numerator * 10**decimals, denominator)
    return None if rest else whole


def to_text(amount: int, decimals: int) -> str:
    """Minor units as decimal text: 499, 2 → "4.99"; 500, 0 → "500"."""
    return f"{Decimal(amount).scaleb(-decimals):.{decimals}f}"
