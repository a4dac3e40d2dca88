"""Formats of texts that specs and settings use."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from urllib.parse import urlsplit

from refund_sandbox.core.clock import read_duration, read_instant

_WEB_HOST = re.compile(r"[\w.~-]+")
_NOT_IN_URL = re.compile(r"[\x00-\x20\x7f\ud800-\udfff]")
_MAX_HOST_CHARS = 253
_AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,4})?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_UUID = re.compile("-".join(f"[0-9a-fA-F]{{{length}}}" for length in (8, 4, 4, 4, 12)))


def _is_uuid(value: str) -> bool:
    return _UUID.fullmatch(value) is not None


def _is_decimal(value: str) -> bool:
    """Whether the text is a decimal number. Exponents are allowed, as in pydantic's Decimal."""
    try:
        return Decimal(value.strip()).is_finite() and "_" not in value
    except InvalidOperation:
        return False


def _is_any(_: str) -> bool:
    """Return True. The format is for integers: it makes the message about another type name the unit."""
    return True


def _is_amount(value: str) -> bool:
    return _AMOUNT.fullmatch(value) is not None


def _is_name(value: str) -> bool:
    return _NAME.fullmatch(value) is not None


def _is_instant(value: str) -> bool:
    try:
        read_instant(value)
    except ValueError:
        return False
    return True


def _is_duration(value: str) -> bool:
    try:
        read_duration(value)
    except ValueError:
        return False
    return True


def _is_short_duration(value: str) -> bool:
    return _is_duration(value) and read_duration(value) <= timedelta(seconds=60)


def _is_email(value: str) -> bool:
    return re.fullmatch(r"[^@\s]+@[^@\s]+", value) is not None


def _is_web_url(value: str) -> bool:
    """Whether a URL can be called: http or https, and a host that can be written in a request and looked up."""
    try:
        parts = urlsplit(value)
        port = parts.port  # raises ValueError above 65535
        host = (parts.hostname or "").removesuffix(".")
        host.encode("idna")  # raises UnicodeError for an empty label or one of more than 63 letters
    except ValueError:
        return False
    is_host = _WEB_HOST.fullmatch(host) is not None or ":" in host  # a host in brackets was checked by urlsplit
    is_known = parts.scheme in ("http", "https") and port != 0 and not _NOT_IN_URL.search(value)
    return is_known and is_host and len(host) <= _MAX_HOST_CHARS and (host.isascii() or _is_international(value))


def _is_international(value: str) -> bool:
    """Whether the HTTP client can write a URL with a host beyond ASCII."""
    import httpx2  # slow to import, and such a host is rare

    try:
        httpx2.URL(value)
    except httpx2.InvalidURL:
        return False
    return True


FORMATS: dict[str, Callable[[str], bool]] = {
    "uuid": _is_uuid,
    "decimal": _is_decimal,
    "date-time": _is_instant,
    "email": _is_email,
    "duration": _is_duration,
    "duration-60s": _is_short_duration,
    "web-url": _is_web_url,
    "name": _is_name,
    "major-units": _is_amount,
    "minor-units": _is_any,
}
"""Predicates by format name. None of them raises: jsonschema would hold the error in a reference cycle."""
