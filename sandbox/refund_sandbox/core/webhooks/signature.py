"""Signatures of webhooks: HMAC-SHA256 of the body, in hex, in a header whose name contains `signature`."""

import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Literal

SignatureCheck = Literal["valid", "invalid", "none"]


def check_signature(headers: Mapping[str, Any], body: bytes, secret: str) -> SignatureCheck:
    """Compare the signature in the headers with that of the secret. Without a header, it is `none`."""
    sent = next((str(value) for name, value in headers.items() if "signature" in name.lower()), None)
    if sent is None:
        return "none"
    expected = hmac.new(secret.encode(), body, sha256).hexdigest()
    return "valid" if hmac.compare_digest(sent.encode(), expected.encode()) else "invalid"
