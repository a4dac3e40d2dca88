"""Values as PHP and MySQL read and print them: type juggling and ids. Measured with PHP 8.2."""

import re
from decimal import ROUND_HALF_UP, Decimal
from math import isfinite
from typing import Any

ARRAY = (list, dict)
"""The Python types of a PHP array: a list and a dict."""
_MAX_INT = 2**63 - 1
_MOST_DIGITS = 32
"""Length from which the text of a number is read as a float, whose digits need less time."""
_EXACT_DIGITS = 16
"""A number of fewer digits is exact as a float."""
_FILTER_BLANKS = " \t\n\r\v"
"""Characters that filter_var() ignores around a value."""
_WORD_START = re.compile(r"(?:^|(?<=[ \t\r\n\f\v]))[a-z]")
_NUMERIC = re.compile(r"[ \t\n\r\v\f]*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[ \t\n\r\v\f]*")
_PREFIX = re.compile(r"[ \t\n\r\v\f]*([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")


class PhpObject(dict[str, Any]):
    """A PHP object, in contrast to an array: `_fields` does not select inside it (11-062)."""


def is_numeric(value: Any) -> bool:
    """Whether PHP treats a value as a number: a number, or a decimal number as text with spaces around it. No booleans."""
    if isinstance(value, str):
        return _NUMERIC.fullmatch(value) is not None
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def round_to(value: float, places: int) -> float:
    """Return round($value, $places): half away from zero, after PHP 8.2's pre-rounding to 15 digits.

    Pre-rounding restores the decimal behind a binary fraction: 1.005 is 1.00499999999999989… and becomes 1.01.
    """
    if not isfinite(value) or abs(value) * 10**places >= 10**15:
        return value
    decimal = Decimal(f"{value:.15g}") if abs(value) * 10**places < 10**14 else Decimal(value)
    return float(decimal.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def number_format(value: float, places: int) -> str:
    """Return a rounded number as text, without thousands separators. Zero has no sign."""
    return f"{round_to(value, places) or 0:.{places}f}"


def decimal_column(value: float | str, digits: int, places: int) -> str:
    """Return a number as WordPress's MySQL stores it in DECIMAL(digits, places): half away from zero, and no more than fits."""
    step = Decimal(1).scaleb(-places)
    most = 10 ** (digits - places) - step
    is_usual = 1e-300 < abs(float(value)) < 1e300  # else its exponent may be more than a Decimal has
    number = Decimal(str(value).strip() if is_usual else float(value))
    return f"{max(-most, min(number, most)).quantize(step, ROUND_HALF_UP) + 0:f}"  # no -0.00


def round_to_int(value: float) -> int:
    """Return (int) round($value), which wraps at 64 bits: 1.005 * 100 is 100.49999999999999 and becomes 101.

    Infinity is 0, as (int) INF is.
    """
    return to_int(value if value == int(value) else round_to(value, 0)) if isfinite(value) else 0


def to_text(value: Any) -> str:
    """Return (string) $value with PHP's precision of 14 digits: 5015.5, 1.0E+20, "1" for true, "" for false and null."""
    if value is None or value is False:
        return ""
    if value is True:
        return "1"
    if isinstance(value, float):
        return _float_text(value)
    return "Array" if isinstance(value, ARRAY) else str(value)


def _float_text(value: float) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        return "NAN" if value != value else "INF" if value > 0 else "-INF"
    text = f"{value:.14G}"
    if "E" not in text:
        return text
    mantissa, _, exponent = text.partition("E")
    point = mantissa if "." in mantissa else f"{mantissa}.0"
    return f"{point}E{exponent[0]}{int(exponent[1:])}"


def trim(text: str) -> str:
    """Return a text without the blanks of ASCII around it."""
    return text.strip(" \t\n\r\0\v")


def ucwords(text: str) -> str:
    """Return a text in which each word after a blank begins with a capital. Other letters stay."""
    return _WORD_START.sub(lambda found: found[0].upper(), text)


def equals(text: str, value: Any) -> bool:
    """Whether text == $value holds. Two numbers are compared as numbers: "1e3" equals 1000 and "1000.0"."""
    if value is None or isinstance(value, bool):
        return (text == "") if value is None else (not is_empty(text)) == value
    if isinstance(value, ARRAY):
        return False
    if is_numeric(text) and is_numeric(value):
        numbers = [_read_number(trim(number)) if isinstance(number, str) else number for number in (text, value)]
        return numbers[0] == numbers[1]
    return text == to_text(value)


def type_name(value: Any) -> str:
    """Return the name of a value's type in a PHP TypeError."""
    if value is None:
        return "null"
    names: dict[type, str] = {bool: "bool", int: "int", float: "float", str: "string"}
    return names.get(type(value), "array")


def is_true_flag(value: Any) -> bool:
    """Whether filter_var($value, FILTER_VALIDATE_BOOLEAN) holds: 1, true, on or yes in any case."""
    return not isinstance(value, ARRAY) and to_text(value).strip(_FILTER_BLANKS).lower() in ("1", "true", "on", "yes")


def is_blank(value: Any) -> bool:
    """Whether the plugin's `required` rule fails: null, blank text, an empty list or object. Not 0, not false."""
    if isinstance(value, str):
        return value.strip(" \t\n\r\0\x0b") == ""
    return value is None or (not value and isinstance(value, ARRAY))


def is_empty(value: Any) -> bool:
    """Whether empty($value) holds: null, false, 0, "", "0" and empty arrays."""
    return value in (None, False, 0, "", "0") or (isinstance(value, ARRAY) and not value)


def to_int(value: Any) -> int:
    """Return (int) $value: the leading number of a text, the whole part of a number, 1 or 0 for arrays.

    Beyond 64 bits, text is clamped and numbers wrap around. Infinity is 0, as text too.
    """
    if type(value) is int and abs(value) <= _MAX_INT:  # the usual case
        return value
    if isinstance(value, ARRAY):
        return int(bool(value))
    if isinstance(value, str):
        prefix = _PREFIX.match(value)
        number = _read_number(prefix[1]) if prefix else 0
        return max(-_MAX_INT - 1, min(int(number), _MAX_INT)) if isfinite(number) else 0
    if value is None or value != value or abs(value) == float("inf"):
        return 0
    return (int(value) + 2**63) % 2**64 - 2**63


def _read_number(text: str) -> int | float:
    """Return a number as PHP reads it from text: digits alone are a whole number, which is exact."""
    return int(text) if len(text) < _MOST_DIGITS and text.lstrip("+-").isdigit() else float(text)


def to_double(text: str) -> float:
    """Return the leading number of a text, as MySQL compares it with an integer column: "5001abc" is 5001, "x" is 0."""
    prefix = _PREFIX.match(text)
    return float(prefix[1]) if prefix else 0.0


def as_id(value: Any) -> int | None:
    """Return the id for which MySQL's `id = $value` holds; None if there is no such id.

    "5001", " 5001 ", "5001 OR 1=1" and 5001.0 are 5001; "0x1389" is 0; 5001.5 and null are None.
    """
    if type(value) is int and abs(value) <= _MAX_INT:
        return value
    if isinstance(value, str) and len(value) < _EXACT_DIGITS and value.isascii() and value.isdigit():
        return int(value)
    number = to_double(value) if isinstance(value, str) else value
    if number is None or isinstance(number, ARRAY) or number != number or abs(number) >= 2**63:
        return None
    return int(number) if number == int(number) else None


def values_of(value: list[Any] | dict[str, Any]) -> list[Any]:
    """Return the values of a PHP array, which JSON writes as a list or an object."""
    return list(value.values()) if isinstance(value, dict) else value


def entries(value: Any) -> list[Any]:
    """Return the values of a PHP array, and none of anything else."""
    return values_of(value) if isinstance(value, ARRAY) else []
