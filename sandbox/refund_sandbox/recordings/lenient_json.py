"""Lenient reader of JSON: personal data is replaced also in a text that the strict reader of the sandbox refuses."""

import json
from typing import Any

_MAX_DIGITS = 4000
"""Length of an integer that Python reads."""


def read_leniently(text: str) -> Any:
    """Return the value of a JSON text, with infinite numbers, repeated keys and halves of surrogate pairs. Raise ValueError."""
    return json.loads(text, parse_int=_whole_number)


def _whole_number(digits: str) -> int | str:
    return int(digits) if len(digits) <= _MAX_DIGITS else digits
