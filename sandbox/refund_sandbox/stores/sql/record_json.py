"""Records as JSON text, as databases hold them."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from msgspec import DecodeError, convert, to_builtins
from msgspec.json import Decoder, Encoder

R = TypeVar("R")
_encode = Encoder().encode
_decoder_of: Callable[[Any], Decoder[Any]] = cache(Decoder)


def write_record(record: Any) -> str:
    """Return the record as JSON. Infinity and NaN become null, as in replies."""
    try:
        return _encode(record).decode()
    except UnicodeEncodeError:  # UTF-8 has no lone surrogates, so they stay escaped
        return json.dumps(to_builtins(record), separators=(",", ":"))


def read_record(record: type[R], text: str) -> R:
    """Return the record of a JSON text; missing fields get their defaults."""
    try:
        found: R = _decoder_of(record).decode(text)
    except DecodeError:  # msgspec does not read lone surrogates, nor the Infinity that earlier versions wrote
        found = convert(json.loads(text), record)
    return found
