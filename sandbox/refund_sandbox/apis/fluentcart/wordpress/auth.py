"""Users of the WordPress site: application passwords and permissions (group 10)."""

import base64
import re
from collections.abc import Collection, Iterable
from functools import lru_cache

from refund_sandbox.apis.fluentcart.site_records import User
from refund_sandbox.core.redaction import is_same

_BLANKS = " \t\n\r\v"
_NOT_ALPHANUMERIC = re.compile(r"[^A-Za-z0-9]")


def find_user(authorization: str, users: Iterable[User]) -> tuple[int, User] | None:
    """Return the user of an application password and the user's number, None for any header that is wrong.

    The number is the WordPress id of the user, which is the user's position.

    Only letters and digits of the password count, as WordPress shows it in groups. Blanks around a login do not count, those
    around an e-mail address do. Source: WordPress core.
    """
    login, password = _read_basic(authorization)
    if not password:
        return None
    for number, user in enumerate(users, 1):
        is_user = login.strip(_BLANKS) == user.login.lower() or login == user.email.lower()
        if is_user and is_same(password, _alphanumeric(user.application_password)):
            return number, user
    return None


@lru_cache(64)
def _read_basic(authorization: str) -> tuple[str, str]:
    """Return login and password of a header; both are empty if it has none."""
    scheme, _, encoded = authorization.strip().partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    login, _, password = _decode_base64(encoded).decode("utf-8", "replace").partition(":")
    return login.lower(), _alphanumeric(password)


@lru_cache(64)
def _alphanumeric(password: str) -> str:
    return _NOT_ALPHANUMERIC.sub("", password)


def _decode_base64(text: str) -> bytes:
    """Decode Base64 as PHP does: invalid characters are skipped, padding is optional."""
    valid = re.sub(r"[^A-Za-z0-9+/]", "", text)
    valid = valid[:-1] if len(valid) % 4 == 1 else valid
    return base64.b64decode(valid + "=" * (-len(valid) % 4))


def has_permission(permissions: Collection[str], permission: str) -> bool:
    """Whether a user with these permissions may call an operation; "" is an operation for everybody."""
    return not permission or permission in permissions or "super_admin" in permissions
