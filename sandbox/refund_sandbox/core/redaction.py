"""What must stay secret: compared in constant time, and hidden wherever requests are shown."""

import hmac
import logging
import re
from collections.abc import Mapping

HIDDEN = "***"
_WORD = r"authorization|cookie|password|secret|nonce|api[-_]?key|(?:access|auth|bearer|csrf)[-_]?token|\btoken\b"
_SECRET = re.compile(_WORD, re.IGNORECASE)
_FIELD = re.compile(rf"((?:^|[?&])[^=&]{{0,60}}?(?:{_WORD})[^=&]{{0,60}}=)[^&\s]*", re.IGNORECASE)
_MEMBER = re.compile(rf'("[^"\\]{{0,60}}?(?:{_WORD})[^"\\]{{0,60}}"\s*:\s*)"(?:[^"\\]|\\.)*+"?', re.IGNORECASE | re.DOTALL)


def is_same(sent: str, secret: str) -> bool:
    """Whether what was sent is the secret; it takes as long whatever is wrong with it."""
    return hmac.compare_digest(sent.encode("utf-8", "surrogatepass"), secret.encode("utf-8", "surrogatepass"))


def hide_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers without the values of those that are named like a secret."""
    return {name: HIDDEN if _SECRET.search(name) else value for name, value in headers.items()}


def hide_fields(text: str) -> str:
    """A URL, a query or a form without the values of the fields that are named like a secret."""
    return _FIELD.sub(rf"\1{HIDDEN}", text) if _SECRET.search(text) else text


def hide_members(text: str) -> str:
    """A body, JSON or a form, without the texts that are named like a secret. An API's own tokens for a payment stay."""
    return hide_fields(_MEMBER.sub(rf'\1"{HIDDEN}"', text)) if _SECRET.search(text) else text


class HideSecrets(logging.Filter):
    """Hides in uvicorn's access log what a query says: client, method, path with query, version, status."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Lets every record through."""
        if isinstance(record.args, tuple):
            record.args = tuple(hide_fields(part) if isinstance(part, str) else part for part in record.args)
        return True
