"""Headers of a recording: those that matter to an API, without personal data. All others are left out."""

import base64
from collections.abc import Iterable, Mapping

from refund_sandbox.core.recording import Recording
from refund_sandbox.core.secret_names import is_secret
from refund_sandbox.recordings.scrubber import Scrubber

_REQUEST_HEADERS = frozenset("accept content-type idempotency-key origin user-agent x-http-method-override".split())
_REPLY_HEADERS = frozenset(
    "allow cache-control content-disposition content-type expires link location retry-after www-authenticate "
    "x-content-type-options x-robots-tag x-wp-total x-wp-totalpages".split()
)
_ADMIN = "admin"
"""Login of the account that stands for all that the service accepts."""
_FORBIDDEN = 403
_REPLY_PREFIX = "access-control-"
KNOWN_SECRETS = frozenset("authorization proxy-authorization cookie x-wp-nonce".split())


def recorded_request_headers(
    headers: Mapping[str, str], recording: Recording | None, status: int, scrubber: Scrubber
) -> dict[str, str]:
    """Return the recorded headers of a request. Credentials are replaced by those of the API's cases."""
    known = dict(recording.credentials(headers, status)) if recording else {}
    for name, value in headers.items():
        if is_credential(name, recording):
            _learn(name, value, scrubber, is_accepted=bool(known) and status != _FORBIDDEN)
    refused = {
        name.title(): _refused(value, scrubber)
        for name, value in headers.items()
        if not known and is_credential(name, recording) and name not in ("cookie", "proxy-authorization")
    }
    chosen = {name: value for name, value in headers.items() if name in _REQUEST_HEADERS}
    written = {
        name.title(): scrubber.stand_ins.of("agent", value) if name == "user-agent" else scrubber.text(value)
        for name, value in chosen.items()
    }
    return {**known, **refused, **written}


def recorded_reply_headers(headers: Iterable[tuple[str, str]], scrubber: Scrubber) -> dict[str, str]:
    """Return the recorded headers of a reply. The values of one that is repeated are joined."""
    chosen: dict[str, str] = {}
    for name, value in headers:
        if name.lower() in _REPLY_HEADERS or name.lower().startswith(_REPLY_PREFIX):
            chosen[name] = f"{chosen[name]}, {scrubber.text(value)}" if name in chosen else scrubber.text(value)
        elif is_secret(name):
            _learn_cookie(value, scrubber)
    return chosen


def is_credential(name: str, recording: Recording | None) -> bool:
    return name in (recording.CREDENTIALS if recording else ()) or name in KNOWN_SECRETS or is_secret(name)


def _learn(name: str, value: str, scrubber: Scrubber, *, is_accepted: bool) -> None:
    """Make the secret of a header known, so that it is replaced everywhere."""
    if name == "cookie":
        for part in value.split(";"):
            _learn_cookie(part, scrubber)
        return
    scheme, _, rest = value.partition(" ")
    pair = _basic(rest) if scheme.lower() == "basic" else None
    if pair:
        login, password = pair
        if is_accepted:
            scrubber.stand_ins.use("login", login, _ADMIN)
        scrubber.stand_ins.of("login", login)
        for form in {password, password.replace(" ", "")} - {""}:
            scrubber.stand_ins.of("secret", form)
    scrubber.stand_ins.of("secret", rest.strip() or value)


def _learn_cookie(text: str, scrubber: Scrubber) -> None:
    value = text.partition(";")[0].partition("=")[2].strip()
    if value:
        scrubber.stand_ins.of("secret", value)


def _refused(value: str, scrubber: Scrubber) -> str:
    """Return credentials that the service refused, in their form: `Basic base64("login1:secret-2")`."""
    scheme, space, rest = value.partition(" ")
    pair = _basic(rest) if scheme.lower() == "basic" else None
    if pair:
        login, password = pair
        return f'{scheme} base64("{scrubber.stand_ins.of("login", login)}:{scrubber.stand_ins.of("secret", password)}")'
    secret = scrubber.stand_ins.of("secret", rest.strip() if space else value)
    return f"{scheme} {secret}" if space else secret


def _basic(text: str) -> tuple[str, str] | None:
    """Return login and password of Basic credentials."""
    try:
        login, colon, password = base64.b64decode(text.strip(), validate=True).decode("utf-8").partition(":")
    except ValueError:
        return None
    return (login, password) if colon else None
