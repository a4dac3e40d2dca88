"""Compact JSON by the standard library's C encoder, which is created once instead of for each text."""

import json
from collections.abc import Callable
from json import encoder
from typing import Any


def writer(*, ensure_ascii: bool, allow_nan: bool) -> Callable[[Any], str]:
    """Return a function that writes a value as `json.dumps` does, without blanks. A value must not contain itself.

    It raises ValueError for a number that is not allowed, and TypeError for a value that is not JSON.
    """
    plain = json.JSONEncoder(ensure_ascii=ensure_ascii, allow_nan=allow_nan, separators=(",", ":"), check_circular=False)
    make: Any = getattr(encoder, "c_make_encoder", None)  # not documented, and not in every Python
    if make is None:
        return plain.encode
    quote = encoder.encode_basestring_ascii if ensure_ascii else encoder.encode_basestring
    write = make(None, plain.default, quote, None, ":", ",", False, False, allow_nan)
    return lambda value: "".join(write(value, 0))
