"""Currencies as the live API describes them."""

from collections.abc import Mapping
from typing import Any

# Assumed: no list is documented. A currency that is not listed here is shown by its code.
_TITLES_AND_SYMBOLS: Mapping[str, tuple[str, str]] = {
    "USD": ("US Dollar", "$"),
    "EUR": ("Euro", "€"),
    "GBP": ("British Pound", "£"),
    "JPY": ("Japanese Yen", "¥"),
    "KWD": ("Kuwaiti Dinar", "KD"),
}


def describe(code: str, decimals: int) -> dict[str, Any]:
    """Return `{code, minor_units, title, symbol}`."""
    title, symbol = _TITLES_AND_SYMBOLS.get(code, (code, code))
    return {"code": code, "minor_units": decimals, "title": title, "symbol": symbol}
