"""Amounts of money: as text with their currency, and as a value of `--amount`."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from refund_sandbox.cli.user_errors import InputError
from refund_sandbox.core.money import to_minor, to_text

Document = Mapping[str, Any]


def format_money(amount: int, order: Document) -> str:
    """Return minor units as an amount in the currency of an order summary: "25.00 USD"."""
    return f"{to_text(amount, order['decimals'])} {order['currency']}"


def check_amount(text: str, field: Document, order: Document) -> None:
    """Raise InputError for an amount in major units where the field of the refund form counts minor units.

    `order` is the order's summary. Any other text is the API's to judge.
    """
    if field["decimals"] or text.lstrip("+-").isdecimal():
        return
    try:
        amount = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return
    minor = to_minor(amount, order["decimals"]) if amount.is_finite() else None
    hint = f"use {minor} for {format_money(minor, order)}" if minor is not None else "use a whole number"
    raise InputError(f"Invalid value for --amount: {text!r}. The API counts minor units: {hint}.")
