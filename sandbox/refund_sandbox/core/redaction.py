"""Secrets: comparison in constant time, and redaction in the request log and the access log."""

import hmac
import re
from collections.abc import Mapping

HIDDEN = "***"
_WORD = r"authorization|cookie|password|secret|nonce|api[-_]?key|(?:access|auth|bearer|csrf)[-_]?token|\btoken\b"
_SECRET = re.compile(_WORD, re.IGNORECASE)
_FIELD = re.compile(rf"((?:^|[?&])[^=&]{{0,60}}?(?:{_WORD})[^=&]{{0,60}}=)[^&\s]*", re.IGNORECASE)
_MEMBER = re.compile(rf'("[^"\\]{{0,60}}?(?:{_WORD})[^"\\]{{0,60}}"\s*:\s*)"(?:[^"\\]|\\.)*+"?', re.IGNORECASE | re.DOTALL)


def is_same(value: str, secret: str) -> bool:
    """Whether `value` is the secret, compared in constant time."""
    return hmac.compare_digest(value.encode("utf-8", "surrogatepass"), secret.encode("utf-8", "surrogatepass"))


def is_bearer(authorization: str, token: str) -> bool:
    """Whether an Authorization header has this bearer token."""
    scheme, _, sent = authorization.partition(" ")
    return scheme.lower() == "bearer" and is_same(sent.encode("latin-1", "replace").decode("utf-8", "replace"), token)


def hide_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers with the values of secret-looking names replaced."""
    return {name: HIDDEN if _SECRET.search(name) else value for name, value in headers.items()}


def hide_fields(text: str) -> str:
    """Return a URL, query or form with the values of secret-looking names replaced."""
    return _FIELD.sub(rf"\1{HIDDEN}", text) if _SECRET.search(text) else text


def hide_members(text: str) -> str:
    """Return a JSON or form body with the texts of secret-looking names replaced. Payment tokens stay."""
    return hide_fields(_MEMBER.sub(rf'\1"{HIDDEN}"', text)) if _SECRET.search(text) else text
