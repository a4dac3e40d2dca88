"""Values as PHP and MySQL read and print them: type juggling, JSON, forms and ids. Measured with PHP 8.2."""

import json
import re
from decimal import ROUND_HALF_UP, Decimal
from math import isfinite
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from refund_sandbox.core.context import dump_entry

ARRAY = (list, dict)
"""The Python types of a PHP array: a list and a dict."""
MAX_JSON_DEPTH = 511
MAX_INPUT_VARS = 1000
_MAX_INPUT_NESTING = 64
_MAX_INT = 2**63 - 1
_EXACT_DIGITS = 16
"""A number of fewer digits is exact as a float."""
_NUMERIC = re.compile(r"[ \t\n\r\v\f]*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[ \t\n\r\v\f]*")
_PREFIX = re.compile(r"[ \t\n\r\v\f]*([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
_BLANKS = " \t\n\r"
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_CONTROLS = frozenset(map(chr, range(32)))
_CLOSES = {"[": "]", "{": "}"}
_DIGITS_AND_BRACKETS = b"0123456789[{"
_LARGE_BYTES = 64 * 1024
"""Size of a body that msgspec does not read: each of its long texts would leave a hole in memory."""
_LONG = 19
"""Number of digits from which PHP reads a whole number as a float, if it has more than 64 bits."""


class PhpObject(dict[str, Any]):
    """A PHP object, in contrast to an array: `_fields` does not select inside it (11-062)."""


class JsonError(ValueError):
    """Code and message of json_last_error()."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def json_decode(body: bytes, max_depth: int = MAX_JSON_DEPTH) -> Any:
    """Decode JSON as PHP does into arrays. Raises JsonError with PHP's code and message."""
    depth_limit = min(max_depth, MAX_JSON_DEPTH)
    is_short = len(body) < _LARGE_BYTES
    if is_short and len(body) - len(body.translate(None, _DIGITS_AND_BRACKETS)) < min(_LONG, depth_limit):  # no long number
        try:
            return msgspec.json.decode(body)  # in a quarter of the time
        except ValueError:  # the reader below knows the code
            pass
    try:
        text = body.decode("utf-8").strip(_BLANKS)
    except UnicodeDecodeError:
        raise JsonError(5, "Malformed UTF-8 characters, possibly incorrectly encoded") from None
    if text.count("[") + text.count("{") > depth_limit:
        _check_brackets(text, depth_limit)
    try:
        value, end = _DECODER.raw_decode(text)
        if end < len(text):
            raise ValueError("more than one value")
    except ValueError as error:
        _check_brackets(text, depth_limit)
        if isinstance(error, json.JSONDecodeError) and _is_control_in_text(text, error.pos):
            raise JsonError(3, "Control character error, possibly incorrectly encoded") from None
        raise JsonError(4, "Syntax error") from None
    if "\\u" in text:
        _check_surrogates(value)
    return value


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _read_int(digits: str) -> int | float:
    number = int(digits) if len(digits.removeprefix("-")) < 20 else _MAX_INT + 1
    return number if -(2**63) <= number <= _MAX_INT else float(digits)


_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_int=_read_int)


def _is_control_in_text(text: str, position: int) -> bool:
    """Whether a control character stands inside of a JSON string; elsewhere it is a syntax error."""
    return text[position : position + 1] in _CONTROLS and '"' in _STRING.sub("", text[:position])


def _check_brackets(text: str, max_depth: int) -> None:
    """Raise JsonError for depth and mismatched brackets, which have their own codes in PHP."""
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
    """Raise JsonError for half of a surrogate pair, which Python's decoder accepts."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise JsonError(10, "Single unpaired UTF-16 surrogate in unicode escape") from None


_write = json.JSONEncoder(check_circular=False, separators=(",", ":")).encode


def json_encode(value: Any, *, pretty: bool = False) -> bytes:
    """Encode JSON as WordPress does: slashes and non-ASCII characters escaped, no spaces."""
    if not pretty and _has_texts_only(value):  # most replies to changes: in a third of the time
        content = dump_entry(value)
        if content.isascii() and content.find(b"\x7f") < 0:
            return content.replace(b"/", b"\\/")
    text = json.dumps(value, indent=4) if pretty else _write(value)
    return text.replace("/", "\\/").encode("ascii")


def _has_texts_only(value: Any) -> bool:
    """Whether a value is an object of texts and of objects of texts. msgspec writes numbers in another way than PHP."""
    if type(value) is not dict:
        return False
    for part in value.values():
        if type(part) is str:
            continue
        if type(part) is not dict:
            return False
        for inner in part.values():
            if type(inner) is not str:
                return False
    return True


def parse_query(query: str) -> dict[str, Any]:
    """Parse a query string or form as PHP does: `a[b]=1&a[c]=2` is {"a": {"b": "1", "c": "2"}}.

    Values are text. Fields after the 1000th are dropped, as by PHP's max_input_vars.
    """
    fields: dict[str, Any] = {}
    if not query:
        return fields
    within_limit = "&".join(query.split("&", MAX_INPUT_VARS)[:MAX_INPUT_VARS])
    for name, value in parse_qsl(within_limit, keep_blank_values=True, errors="replace"):
        set_field(fields, name, value)
    return fields


def set_field(fields: dict[str, Any], name: str, value: str) -> None:
    """Set one form field by its name, such as `a[b]`. A name that PHP cannot parse is used unchanged."""
    root, bracket, rest = name.partition("[")
    keys = _keys(bracket + rest)
    target: Any = fields
    for key, following in zip([root.replace(".", "_").replace(" ", "_"), *keys], [*keys, None], strict=True):
        index = key if key != "" or target is fields else str(len(target))
        if following is None:
            target[index] = value
            return
        if not isinstance(target.get(index), dict):
            target[index] = {}
        target = target[index]


def _keys(path: str) -> list[str]:
    """Return the keys in brackets: `[a][b]` is a and b. At most 64 keys, PHP's max_input_nesting_level."""
    keys: list[str] = []
    end = 0
    while len(keys) < _MAX_INPUT_NESTING:
        start = path.find("[", end)
        end = path.find("]", start) + 1
        if start < 0 or end == 0:
            break
        keys.append(path[start + 1 : end - 1])
    return keys


def is_numeric(value: Any) -> bool:
    """Whether PHP treats a value as a number: a number, or a decimal number as text with spaces around it. No booleans."""
    if isinstance(value, str):
        return _NUMERIC.fullmatch(value) is not None
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def round_to_int(value: float) -> int:
    """Return (int) round($value): half away from zero, after PHP 8.2's pre-rounding to 15 digits; wraps at 64 bits.

    Pre-rounding restores the decimal behind a binary fraction: 1.005 * 100 is 100.49999999999999 and becomes 101.
    Infinity is 0, as (int) INF is.
    """
    if not isfinite(value):
        return 0
    if abs(value) < 10**15:
        if value == int(value):
            return int(value)
        decimal = Decimal(f"{value:.15g}") if abs(value) < 10**14 else Decimal(value)
        return int(decimal.quantize(Decimal(1), ROUND_HALF_UP))
    return (int(value) + 2**63) % 2**64 - 2**63


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


def type_name(value: Any) -> str:
    """Return the name of a value's type in a PHP TypeError."""
    if value is None:
        return "null"
    names: dict[type, str] = {bool: "bool", int: "int", float: "float", str: "string"}
    return names.get(type(value), "array")


def is_true_flag(value: Any) -> bool:
    """Whether filter_var($value, FILTER_VALIDATE_BOOLEAN) holds: 1, true, on or yes in any case."""
    return bool(value) and not isinstance(value, ARRAY) and to_text(value).strip().lower() in ("1", "true", "on", "yes")


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

    Beyond 64 bits, text is clamped and numbers wrap around. Infinity is 0.
    """
    if type(value) is int and abs(value) <= _MAX_INT:  # the usual case
        return value
    if isinstance(value, ARRAY):
        return int(bool(value))
    if isinstance(value, str):
        return int(max(-_MAX_INT, min(to_double(value), _MAX_INT)))
    if value is None or value != value or abs(value) == float("inf"):
        return 0
    return (int(value) + 2**63) % 2**64 - 2**63


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
