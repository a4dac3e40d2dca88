"""Names of fields, parameters and headers whose values are secret, in any spelling: `api_key`, `apiKey`, `X-API-Key`."""

import re
from functools import lru_cache

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SEGMENTS = re.compile(r"[\[\].]+")
_ANYWHERE = re.compile(
    "password|passwd|passphrase|passcode|secret(?!ar)|authorization|cookie|credential|csrf|xsrf|signature|sessid|"
    "sessionid|apikey|privatekey|accesskey|cardnumber|ccnumber|securitycode"
)
"""Stems that make a name secret wherever they stand, with or without separators. A secretary is none."""
_HEADS = frozenset("auth bearer csc cvc cvv jwt otp pan pass pin pw pwd session sessions token tokens".split())
"""Words that make a name secret as the head of a compound: its last word. `session_count` and `token_type` are no secrets."""
_HEAD_ENDINGS = ("token", "nonce")
"""Endings of a head without separator: `refreshtoken`, `_wpnonce`."""
_SUFFIXES = frozenset("again code confirm confirmation data hash hex id new old plain raw string text value".split())
"""Words that do not change what a head means: `session_id`, `pin_code`."""
_ABOUT = frozenset(
    "algorithm at changed check count enabled expiration expires expiry format in last length lifetime method name policy "
    "required reset size status ttl type valid verified version".split()
)
"""Last words of names that say something about a secret: `password_required`, `token_expires_in`, `card_number_last4`."""
_KEYS = frozenset(
    "access admin api app auth consumer encryption license live master private secret service shared signing ssh stripe".split()
)
"""First words of keys that are secret. `key`, `meta_key`, `public_key` and `idempotency_key` are not."""
_PAYMENT_TOKENS = ("card", "client", "method", "payment", "required", "resume")
"""Words before `token` in names of payment tokens, which tests need to see: `client_token`, `action_required_token`."""
_COUNTED_TOKENS = ("max", "next", "page", "total")
"""Words before `token` in names of numbers and positions: `max_tokens`, `next_page_token`."""
_OPEN_TOKENS = (*_PAYMENT_TOKENS, *_COUNTED_TOKENS, "cursor", "continuation", "idempotency")


def is_secret(name: str, parent: str = "") -> bool:
    """Whether the value of a name is secret. `parent` is the name of the object around it: the `number` of a `card` is secret.

    One secret segment of `a[password][b]` or `a.password.b` is enough.
    """
    if len(name) > _MAX_CACHED:
        return _is_secret(name, parent)
    return _cached(name, parent if len(parent) <= _MAX_CACHED else "")


_MAX_CACHED = 200
"""Length of the longest name that is remembered."""


def _is_secret(name: str, parent: str) -> bool:
    before = parent
    for segment in _SEGMENTS.split(name):
        if _is_secret_segment(segment) or _is_secret_segment(f"{before}_{segment}", is_pair=True):
            return True
        before = segment if segment.strip("0123456789") else before
    return False


_cached = lru_cache(4096)(_is_secret)


def _is_secret_segment(name: str, *, is_pair: bool = False) -> bool:
    """Whether one segment is secret. A pair of parent and name is, only if neither is without the other."""
    words = [word.lower() for word in _WORDS.findall(name)]
    if not words:
        return False
    if is_pair:
        owner = words[-2].removesuffix("s") if len(words) > 1 else ""
        return (words[-1] == "number" and owner in ("card", "cc")) or _is_key(words)
    if _ANYWHERE.search("".join(words)):
        return words[-1] not in _ABOUT
    while len(words) > 1 and words[-1] in _SUFFIXES:
        words.pop()
    if words[-1] in _HEADS or words[-1].endswith(_HEAD_ENDINGS):
        return not _is_open_token(words)
    return _is_key(words)


def _is_key(words: list[str]) -> bool:
    return words[-1] in ("key", "keys") and words[-2:-1] != [] and words[-2] in _KEYS


def _is_open_token(words: list[str]) -> bool:
    """Whether a token is one of a payment, or a position in a list."""
    head = words[-1].removesuffix("s")
    before = head.removesuffix("token") or "".join(words[-2:-1])
    return head.endswith("token") and before.endswith(_OPEN_TOKENS)
