"""Exact conversion between minor units and decimal text, for every currency and numbers of any size."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refund_sandbox.core.money import MAX_MINOR_UNITS, minor_units, to_minor, to_text

DECIMALS = st.sampled_from([0, 2, 3, 4])


@pytest.mark.parametrize(("currency", "decimals"), [("USD", 2), ("jpy", 0), ("KWD", 3), ("CLF", 4), ("XYZ", 2), ("", 2)])
def test_a_currency_has_its_own_number_of_decimals(currency: str, decimals: int) -> None:
    assert minor_units(currency) == decimals


@pytest.mark.parametrize(
    ("text", "decimals", "minor"),
    [
        ("4.99", 2, 499),
        ("500", 0, 500),
        ("1.234", 3, 1234),
        ("-4.99", 2, -499),
        ("4.990000", 2, 499),
        ("0.1", 2, 10),
        ("1e3", 2, 100_000),
        ("5e-1", 2, 50),
        ("4.999", 2, None),
        ("0.5", 0, None),
        ("0.0001", 3, None),
        ("-0", 2, 0),
    ],
)
def test_decimal_text_becomes_whole_minor_units_or_nothing(text: str, decimals: int, minor: int | None) -> None:
    assert to_minor(Decimal(text), decimals) == minor


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("1e999999999", MAX_MINOR_UNITS),
        ("-1e999999999", -MAX_MINOR_UNITS),
        ("9" * 200_000, MAX_MINOR_UNITS),
        ("1e-999999999", None),
        ("0." + "9" * 200_000, None),
        ("0e999999999", 0),
        ("0e-999999999", 0),
        ("-0e999999999", 0),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_huge_exponent_is_decided_without_writing_the_number_out(text: str, minor: int | None) -> None:
    assert to_minor(Decimal(text), 2) == minor


@pytest.mark.parametrize(("minor", "decimals", "text"), [(499, 2, "4.99"), (500, 0, "500"), (5, 3, "0.005"), (-1, 2, "-0.01")])
def test_minor_units_are_written_with_all_decimals_of_the_currency(minor: int, decimals: int, text: str) -> None:
    assert to_text(minor, decimals) == text


@settings(derandomize=True, max_examples=200)
@given(st.integers(-MAX_MINOR_UNITS, MAX_MINOR_UNITS), DECIMALS)
def test_minor_units_are_the_same_after_writing_and_reading(minor: int, decimals: int) -> None:
    assert to_minor(Decimal(to_text(minor, decimals)), decimals) == minor


@settings(derandomize=True, max_examples=200)
@given(st.decimals(allow_nan=False, allow_infinity=False), DECIMALS)
def test_a_number_is_never_rounded(amount: Decimal, decimals: int) -> None:
    minor = to_minor(amount, decimals)

    if minor is not None and abs(minor) < MAX_MINOR_UNITS:
        assert Decimal(minor) == amount.scaleb(decimals)
