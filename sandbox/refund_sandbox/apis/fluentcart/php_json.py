"""JSON as PHP 8.2 reads and writes it."""

import json
import re
from typing import Any

import msgspec

from refund_sandbox.apis.fluentcart.php_json_errors import SYNTAX, JsonError, find_error
from refund_sandbox.core.json_writer import dump_entry

MAX_JSON_DEPTH = 511
_MAX_INT = 2**63 - 1
_EXPONENT_FROM = 1e17
"""Number from which PHP writes an exponent."""
_BLANKS = " \t\n\r"
_DIGITS_AND_BRACKETS = b"0123456789[{"
_LARGE_BYTES = 64 * 1024
"""Size of a body that msgspec does not read: each of its long texts would leave a hole in memory."""
_LONG = 19
"""Number of digits from which PHP reads a whole number as a float, if it has more than 64 bits."""
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_DELETE = re.compile(r"(\\\\)|\\u007f")
_FLOAT = re.compile(r"[0-9](?:\.0\b|e[+-])")
"""Part of a float that Python writes in another way than PHP, or of a text that looks like one."""
_TEXT_OR_FLOAT = re.compile(r'("(?:[^"\\]|\\.)*+")|-?[0-9]+(?:\.0(?![0-9])|(?:\.[0-9]+)?e[+-][0-9]+)')


def json_decode(body: bytes, max_depth: int = MAX_JSON_DEPTH) -> Any:
    """Decode JSON as PHP does into arrays. Raises JsonError with PHP's code and message."""
    depth_limit = min(max_depth, MAX_JSON_DEPTH)
    is_short = len(body) < _LARGE_BYTES
    if is_short and len(body) - len(body.translate(None, _DIGITS_AND_BRACKETS)) < min(_LONG, depth_limit):  # no long number
        try:
            return msgspec.json.decode(body)  # in a quarter of the time
        except ValueError:  # the reader below knows the code
            pass
    is_deep = body.count(b"[") + body.count(b"{") > depth_limit
    error = find_error(body, depth_limit) if is_deep or _SURROGATE.search(body) else None
    if error:
        raise error
    try:
        text = body.decode("utf-8").strip(_BLANKS)
        value, end = _DECODER.raw_decode(text)
        if end == len(text):
            return value
    except ValueError:
        pass
    raise find_error(body, depth_limit) or JsonError(SYNTAX)


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _read_int(digits: str) -> int | float:
    number = int(digits) if len(digits.removeprefix("-")) < 20 else _MAX_INT + 1
    return number if -(2**63) <= number <= _MAX_INT else float(digits)


_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_int=_read_int)
_write = json.JSONEncoder(check_circular=False, separators=(",", ":")).encode


def json_encode(value: Any, *, pretty: bool = False) -> bytes:
    """Encode JSON as WordPress does: slashes and non-ASCII characters escaped, no spaces."""
    if not pretty and _has_texts_only(value):  # most replies to changes: in a third of the time
        content = dump_entry(value)
        if content.isascii():
            return content.replace(b"/", b"\\/")
    text = json.dumps(value, indent=4) if pretty else _write(value)
    if "\\u007f" in text:
        text = _DELETE.sub(lambda found: found[1] or "\x7f", text)
    if _FLOAT.search(text):
        text = _TEXT_OR_FLOAT.sub(lambda found: found[1] or _write_float(float(found[0])), text)
    return text.replace("/", "\\/").encode("ascii")


def stored(value: Any) -> Any:
    """Return a value as PHP reads it back from stored JSON. An array with the keys 0, 1, 2 … is a list, and 10.0 is 10."""
    return _STORED.decode(_write(value))


def _as_array(fields: dict[str, Any]) -> dict[str, Any] | list[Any]:
    is_list = all(key == str(number) for number, key in enumerate(fields))
    return list(fields.values()) if is_list else fields


def _read_float(digits: str) -> int | float:
    number = float(digits)
    return int(number) if number.is_integer() and abs(number) < _EXPONENT_FROM else number


_STORED = json.JSONDecoder(object_hook=_as_array, parse_float=_read_float)


def _write_float(value: float) -> str:
    """Return a float with the digits that it needs: 10 for 10.0, and 1.0e-5."""
    if value.is_integer() and abs(value) < _EXPONENT_FROM:
        return f"{value:.0f}"
    mantissa, _, exponent = repr(value).partition("e")
    point = "" if "." in mantissa else ".0"
    return f"{mantissa}{point}e{int(exponent):+d}"


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
