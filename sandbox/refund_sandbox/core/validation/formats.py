"""Formats of texts that specs and settings use."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal, InvalidOperation

from refund_sandbox.core.clock import read_duration, read_instant

_UUID = re.compile("-".join(f"[0-9a-fA-F]{{{length}}}" for length in (8, 4, 4, 4, 12)))


def _is_uuid(value: str) -> bool:
    return _UUID.fullmatch(value) is not None


def _is_decimal(value: str) -> bool:
    """Whether the text is a decimal number. Exponents are allowed, as in pydantic's Decimal."""
    try:
        return Decimal(value.strip()).is_finite() and "_" not in value
    except InvalidOperation:
        return False


def _is_instant(value: str) -> bool:
    try:
        read_instant(value)
    except ValueError:
        return False
    return True


def _is_duration(value: str) -> bool:
    return re.fullmatch(r"[0-9]{1,6}[smhd]", value) is not None


def _is_short_duration(value: str) -> bool:
    return _is_duration(value) and read_duration(value) <= timedelta(seconds=60)


def _is_email(value: str) -> bool:
    return re.fullmatch(r"[^@\s]+@[^@\s]+", value) is not None


FORMATS: dict[str, Callable[[str], bool]] = {
    "uuid": _is_uuid,
    "decimal": _is_decimal,
    "date-time": _is_instant,
    "email": _is_email,
    "duration": _is_duration,
    "duration-60s": _is_short_duration,
}
"""Predicates by format name. None of them raises: jsonschema would hold the error in a reference cycle."""
