"""Request parsing: JSON bodies, amounts, refunds, price points and CSV."""

import csv
import io
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from refund_sandbox.apis.funnelfox import currencies
from refund_sandbox.apis.funnelfox.errors import Item, Refusal
from refund_sandbox.apis.funnelfox.records import PRICE_FIELDS
from refund_sandbox.core.documents import NO_NUL, has_nul, is_deeper
from refund_sandbox.core.money import minor_units, to_minor

_MAX_DEPTH = 201
"""Deepest nesting of a body that pydantic reads."""
_MAX_INT_DIGITS = 400
"""Integers with more digits become floats, so that they overflow to infinity."""
_MAX_PERIOD_DIGITS = 20

_PERIODS = ("intro_free_trial_period", "intro_paid_trial_period", "next_period")
_PERIOD_UNITS = tuple(f"{name}_duration" for name in _PERIODS)


def read_json(body: bytes, max_depth: int) -> Any:
    """Return the JSON document of a body in UTF-8.

    Raise a refusal of type json_invalid for other bodies and for documents nested deeper than `max_depth`.
    """
    try:
        text = body.decode("utf-8")
        if is_deeper(text, min(max_depth, _MAX_DEPTH)):
            raise ValueError("it is nested too deep")
        document = _DECODER.decode(text)
        if "\\u0000" in text and has_nul(document):
            raise ValueError(NO_NUL)  # Assumed: the live service stores its texts in PostgreSQL
        if "\\u" in text:
            json.dumps(document, ensure_ascii=False).encode("utf-8")  # raises UnicodeError for a lone surrogate
    except UnicodeError:
        raise Refusal(_invalid_json("it is not UTF-8")) from None
    except ValueError as error:
        raise Refusal(_invalid_json(str(error))) from None
    return document


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _read_int(digits: str) -> int | float:
    return int(digits) if len(digits) < _MAX_INT_DIGITS else float(digits)


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=_read_int)


def _invalid_json(reason: str) -> Item:
    return Item(f"Invalid JSON: {reason}", "json_invalid", "json_invalid")


def read_minor_units(value: float | str, decimals: int) -> int | None:
    """Return an amount in minor units: "4.99", 2 → 499. None if it has more decimals than the currency.

    A float is read from its shortest text, so 4.99 is exactly 4.99.
    """
    return to_minor(Decimal(str(value).strip()), decimals)


def read_price_point_fields(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the PricePoint fields that a document sets."""
    fields = {name: document[name] for name in ("intro_type", "descriptor", *_PERIOD_UNITS) if name in document}
    given = {name: value for name, value in document.items() if value is not None}
    fields |= {name: int(given[name]) if name in given else None for name in _PERIODS if name in document}
    prices = {name: str(Decimal(str(given[name]).strip())) for name in PRICE_FIELDS if name in given}
    fields |= {name: prices.get(name) for name in PRICE_FIELDS if name in document}
    if "currency_code" in document:
        code = document["currency_code"]
        fields["currency"] = currencies.describe(code, minor_units(code))
    if "features" in document:
        features = document["features"]
        names = features.split(",") if isinstance(features, str) else features
        fields["features"] = [{"ident": name.strip()} for name in names if name.strip()]
    return fields


def read_price_points_csv(text: str) -> list[tuple[int, dict[str, Any]]]:
    """Return line number and document of each CSV line, without its empty cells. Raise a refusal for malformed CSV."""
    table = csv.DictReader(io.StringIO(text, newline=""), restkey="", restval="")
    try:
        return [(table.line_num, _read_row(row)) for row in table]
    except csv.Error as error:
        raise Refusal(Item(f"This is no CSV: {error}.", "invalid_csv", loc=("csv",))) from None


def _read_row(row: Mapping[str, Any]) -> dict[str, Any]:
    if "" in row:
        raise csv.Error("a line has more cells than the first one, or a column has no name")
    return {name: _read_cell(name, cell) for name, cell in row.items() if cell}


def _read_cell(name: str, cell: str) -> Any:
    is_number = cell.isascii() and cell.isdigit() and len(cell) < _MAX_PERIOD_DIGITS
    return int(cell) if name in _PERIODS and is_number else cell
