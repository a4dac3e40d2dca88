"""How PHP and MySQL read values: the loose rules that FluentCart's answers come from. Measured with PHP 8.2."""

import json
import re
from decimal import ROUND_HALF_UP, Decimal
from math import isfinite
from typing import Any
from urllib.parse import parse_qsl

from refund_sandbox.core import json_writer

ARRAY = (list, dict)
"""What JSON makes of a PHP array."""
MAX_DEPTH = 511
MAX_FIELDS = 1000
_MAX_KEYS = 64
_MAX_INT = 2**63 - 1
_EXACT_DIGITS = 16
"""Numbers of fewer digits are the same as a float."""
_NUMERIC = re.compile(r"[ \t\n\r\v\f]*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[ \t\n\r\v\f]*")
_PREFIX = re.compile(r"[ \t\n\r\v\f]*([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
_BLANKS = " \t\n\r"
_CONTROLS = frozenset(map(chr, range(32)))
_CLOSES = {"[": "]", "{": "}"}


class JsonError(ValueError):
    """What json_last_error() says: a number and its text."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def json_decode(body: bytes, max_depth: int = MAX_DEPTH) -> Any:
    """The value of a JSON text, as PHP reads it into arrays. Raises JsonError with PHP's code and text."""
    try:
        text = body.decode("utf-8").strip(_BLANKS)
    except UnicodeDecodeError:
        raise JsonError(5, "Malformed UTF-8 characters, possibly incorrectly encoded") from None
    most = min(max_depth, MAX_DEPTH)
    if text.count("[") + text.count("{") > most:
        _check_brackets(text, most)
    try:
        value, end = _DECODER.raw_decode(text)
        if end < len(text):
            raise ValueError("more than one value")
    except ValueError as error:
        _check_brackets(text, most)
        if isinstance(error, json.JSONDecodeError) and text[error.pos : error.pos + 1] in _CONTROLS:
            raise JsonError(3, "Control character error, possibly incorrectly encoded") from None
        raise JsonError(4, "Syntax error") from None
    if "\\u" in text:
        _check_surrogates(value)
    return value


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _read_int(digits: str) -> int | float:
    number = int(digits) if len(digits) < 20 else _MAX_INT + 1
    return number if -(2**63) <= number <= _MAX_INT else float(digits)


_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_int=_read_int)


def _check_brackets(text: str, max_depth: int) -> None:
    """Depth and mismatched brackets, which PHP reports by codes of their own."""
    open_brackets: list[str] = []
    for token in _TOKENS.findall(text):
        if token in _CLOSES:
            open_brackets.append(token)
            if len(open_brackets) > max_depth:
                raise JsonError(1, "Maximum stack depth exceeded")
        elif token in ("]", "}"):
            if not open_brackets:
                return
            if _CLOSES[open_brackets.pop()] != token:
                raise JsonError(2, "State mismatch (invalid or malformed JSON)")


def _check_surrogates(value: Any) -> None:
    """PHP refuses half of a surrogate pair, which Python's reader lets through."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise JsonError(10, "Single unpaired UTF-16 surrogate in unicode escape") from None


_write = json_writer.writer(ensure_ascii=True, allow_nan=True)


def json_encode(value: Any, *, pretty: bool = False) -> bytes:
    """JSON as WordPress writes it: slashes and everything beyond ASCII escaped, no blanks."""
    text = json.dumps(value, indent=4) if pretty else _write(value)
    return text.replace("/", "\\/").encode("ascii")


def parse_query(query: str) -> dict[str, Any]:
    """Query strings and forms as PHP reads them: `a[b]=1&a[c]=2` is {"a": {"b": "1", "c": "2"}}; values are text.

    Fields after the thousandth are dropped, as by PHP's max_input_vars.
    """
    found: dict[str, Any] = {}
    if not query:
        return found
    first = "&".join(query.split("&", MAX_FIELDS)[:MAX_FIELDS])
    for name, value in parse_qsl(first, keep_blank_values=True, errors="replace"):
        set_field(found, name, value)
    return found


def set_field(fields: dict[str, Any], name: str, value: str) -> None:
    """Puts one form field where its name says; a name that PHP can't read as a path is taken as it stands."""
    root, bracket, rest = name.partition("[")
    keys = _keys(bracket + rest)
    target: Any = fields
    for key, following in zip([root.replace(".", "_").replace(" ", "_"), *keys], [*keys, None], strict=True):
        place = key if key != "" or target is fields else str(len(target))
        if following is None:
            target[place] = value
            return
        if not isinstance(target.get(place), dict):
            target[place] = {}
        target = target[place]


def _keys(path: str) -> list[str]:
    """What stands in brackets: `[a][b]` is a and b. At most 64, PHP's max_input_nesting_level."""
    keys: list[str] = []
    end = 0
    while len(keys) < _MAX_KEYS:
        start = path.find("[", end)
        end = path.find("]", start) + 1
        if start < 0 or end == 0:
            break
        keys.append(path[start + 1 : end - 1])
    return keys


def is_numeric(value: Any) -> bool:
    """Whether PHP takes a value for a number: numbers, and text that is a decimal number with blanks around it. No booleans."""
    if isinstance(value, str):
        return _NUMERIC.fullmatch(value) is not None
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def round_to_int(value: float) -> int:
    """(int) round($value): half away from zero, after PHP 8.2's pre-rounding to 15 digits; wraps at 64 bits.

    Pre-rounding brings a binary fraction back to the decimal that was meant: 1.005 * 100 is 100.49999999999999 and
    becomes 101. Infinity is 0, as (int) INF is.
    """
    if not isfinite(value):
        return 0
    if abs(value) < 10**15:
        if value == int(value):
            return int(value)
        meant = Decimal(f"{value:.15g}") if abs(value) < 10**14 else Decimal(value)
        return int(meant.quantize(Decimal(1), ROUND_HALF_UP))
    return (int(value) + 2**63) % 2**64 - 2**63


def to_text(value: Any) -> str:
    """(string) $value, with PHP's precision of 14 digits: 5015.5, 1.0E+20, "1" for true, "" for false and null."""
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


def type_name(value: Any) -> str:
    """What a TypeError calls the type of a value."""
    if value is None:
        return "null"
    names: dict[type, str] = {bool: "bool", int: "int", float: "float", str: "string"}
    return names.get(type(value), "array")


def is_true_flag(value: Any) -> bool:
    """filter_var($value, FILTER_VALIDATE_BOOLEAN): 1, true, on, yes in any case, as text or number."""
    return not isinstance(value, ARRAY) and to_text(value).strip().lower() in ("1", "true", "on", "yes")


def is_blank(value: Any) -> bool:
    """What the plugin's `required` rule misses: null, blank text, an empty list or object. Not 0, not false."""
    if isinstance(value, str):
        return value.strip(" \t\n\r\0\x0b") == ""
    return value is None or (isinstance(value, ARRAY) and not value)


def is_empty(value: Any) -> bool:
    """empty($value): null, false, 0, "", "0" and empty arrays."""
    return value in (None, False, 0, "", "0") or (isinstance(value, ARRAY) and not value)


def to_int(value: Any) -> int:
    """(int) $value: the leading number of a text, the whole part of a number, 1 or 0 for arrays.

    Beyond 64 bits a text stops at the largest number and a number wraps around; infinity is 0.
    """
    if type(value) is int and abs(value) <= _MAX_INT:  # as most are
        return value
    if isinstance(value, ARRAY):
        return int(bool(value))
    if isinstance(value, str):
        return int(max(-_MAX_INT, min(to_double(value), _MAX_INT)))
    if value is None or value != value or abs(value) == float("inf"):
        return 0
    return (int(value) + 2**63) % 2**64 - 2**63


def to_double(text: str) -> float:
    """The number that a text starts with, as MySQL compares it with an integer column: "5001abc" is 5001, "x" is 0."""
    found = _PREFIX.match(text)
    return float(found[1]) if found else 0.0


def as_id(value: Any) -> int | None:
    """The id for which MySQL's `id = $value` holds, None when it can't hold for any.

    "5001", " 5001 ", "5001 OR 1=1" and 5001.0 are 5001; "0x1389" is 0; 5001.5 and null are none.
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
    """The values of a PHP array, which JSON writes as a list or as an object."""
    return list(value.values()) if isinstance(value, dict) else value
