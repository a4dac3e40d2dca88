"""Personal data and secrets that a text shows by its form: addresses, numbers of cards and accounts, tokens."""

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator

from refund_sandbox.recordings.field_kinds import Kind
from refund_sandbox.recordings.stand_ins import StandIns

_AT_SIGNS = r"[@＠]|\s@\s|=40|\\100|\+AEA-|<[^<>]{1,20}>@</[^<>]{1,20}>"
"""The sign in quoted-printable, in octal digits, in UTF-7, and in an element of its own, too."""
_AT, _DOT = r"\s?[\[(]\s?(?:at|@)\s?[\])]\s?", r"\s?[\[(]\s?(?:dot|\.)\s?[\])]\s?"
_EMAIL = re.compile(
    rf"[\w.+'-]*[\w+](?:{_AT_SIGNS}|{_AT})(?:[\w-]++(?:\.|{_DOT}))+[^\W\d_][\w-]+|[\w.+-]+@localhost\b",
    re.IGNORECASE,
)
_AT_SIGN = re.compile(f"{_AT_SIGNS}|{_AT}", re.IGNORECASE)
_MAX_LOCAL_PART, _MAX_DOMAIN = 64, 300
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp")
"""Ends of file names such as `logo@2x.png`, which are no addresses."""
_ADDRESSEE = re.compile(r"((?:[^\W\d_a-z][^\W\d_]{1,40}[ ,]{1,2}){1,3}[^\W\d_a-z][^\W\d_]{1,40})\"? ?<(?=[^<>\s@]+@[^<>\s]+>)")
"""A name before an address: `Ada Lovelace <ada@example.org>`."""
_SALUTATION = re.compile(r"\b(?:Dear|Hi|Hello|Mr\.?|Mrs\.?|Ms\.?|Dr\.) ((?:[^\W\d_a-z][^\W\d_]+ ?){1,2})(?=\W|$)")
_USERINFO = re.compile(r"(?<=//)[^/?#@\s\"'<>]*+(?=@)")
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4}(?![\w:])")
_DIGITS = re.compile(r"(?<![\w.])\d(?:[ -]?\d){12,18}(?![\w.])")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)", re.IGNORECASE)
_PHONE = re.compile(
    r"(?<![\w.+-])(?:\+|00)[1-9](?:[ ().\-/]{0,3}\d){7,14}(?!\w)"
    r"|(?<![\w.-])\(\d{2,5}\)[ -]?\d{3,4}[ -]?\d{3,5}(?![\w-])"
    r"|(?<![\w.-])\d{3}[-. ]\d{3}[-. ]\d{4}(?![\w-])"
)
_LAST4 = re.compile(
    r"(?i)(?:\bending(?: in| with)?|\blast (?:4|four)(?: digits)?|(?<![*•·×x])[*•·×x]{2,}+[ -]?)[ :#]*(\d{4})(?!\d)"
)
_JWT = re.compile(r"\beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?")
_SCHEME = re.compile(r"(?i)\b(?:bearer|basic|token)\s+([\w+/.~=-]{8,})")
_TOKENS = re.compile(
    r"\b(?:[sr]k_(?:live|test)_\w+|whsec_\w+|(?:pi|seti|cuss)_\w+_secret_\w+|gh[pousr]_\w{16,}|xox[abprs]-[\w-]+|AKIA[0-9A-Z]{16}"
    r"|c[ks]_[0-9a-f]{40})|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----"
)
_USER_OPTION = re.compile(r"(?<= -u )[^\s:]+:\S+|(?<=--user )[^\s:]+:\S+")
_URL_TOKEN = re.compile(
    r"(?<=/)(?=[A-Za-z0-9-]*[a-z])(?=[A-Za-z0-9-]*[A-Z])(?=[A-Za-z0-9-]*\d)[A-Za-z0-9-]{20,}(?=[/?#\s\"'<>]|$)"
)
"""A random segment of a URL, which may open a page. Ids of payment providers have an underscore."""
_APP_PASSWORD = re.compile(r"(?<!\w)[A-Za-z0-9]{4}(?: [A-Za-z0-9]{4}){5}(?!\w)")
"""An application password of WordPress, in groups of 4."""

Find = Callable[[str], Iterator[tuple[int, int, Kind]]]


def replace_patterns(text: str, stand_ins: StandIns) -> str:
    """Return a text with stand-ins for all that its form shows."""
    for needed, find in _FINDERS:
        if not any(part in text for part in needed):  # the usual case, and much faster than a search
            continue
        parts: list[str] = []
        end = 0
        for start, stop, kind in find(text):
            parts += text[end:start], stand_ins.of(kind, text[start:stop])
            end = stop
        text = "".join(parts) + text[end:] if parts else text
    return text


def _whole(pattern: re.Pattern[str], kind: Kind, is_one: Callable[[str], bool] = bool, group: int = 0) -> Find:
    def find(text: str) -> Iterator[tuple[int, int, Kind]]:
        for match in pattern.finditer(text):
            if is_one(match[group]):
                yield *match.span(group), kind

    return find


def _find_emails(text: str) -> Iterator[tuple[int, int, Kind]]:
    """Yield the addresses, each searched around its sign only: the part before it may begin anywhere in a long word."""
    end = 0
    for sign in _AT_SIGN.finditer(text):
        first = max(end, sign.start() - _MAX_LOCAL_PART)
        match = _EMAIL.search(text, first, sign.end() + _MAX_DOMAIN) if sign.start() >= end else None
        if match:
            end = match.end()
            if _is_email(match[0]):
                yield *match.span(), "email"


def _is_email(text: str) -> bool:
    return not text.lower().endswith(_PICTURES)


def _is_ip(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified)


def _is_card(text: str) -> bool:
    """Whether the digits are a card number, by their first digit and the Luhn checksum."""
    digits = [int(digit) for digit in text if digit.isdigit()]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return digits[0] in (2, 3, 4, 5, 6) and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_iban(text: str) -> bool:
    """Whether the checksum is that of an account number (ISO 13616)."""
    compact = text.replace(" ", "").upper()
    number = "".join(str(int(char, 36)) for char in compact[4:] + compact[:4])
    return 15 <= len(compact) <= 34 and int(number) % 97 == 1


def _is_app_password(text: str) -> bool:
    """Whether it looks random: capitals within a group, or digits and letters mixed."""
    return re.search(r"\d", text) is not None and re.search(r"[A-Za-z]", text) is not None


_NUMERALS = "0123456789"
_FINDERS: tuple[tuple[Iterable[str], Find], ...] = (
    ("_-A", _whole(_TOKENS, "secret")),
    (("eyJ",), _whole(_JWT, "secret")),
    (" ", _whole(_SCHEME, "secret", group=1)),
    (("//",), _whole(_USERINFO, "secret")),
    (("://",), _whole(_URL_TOKEN, "secret")),
    (("-u", "--user"), _whole(_USER_OPTION, "secret")),
    (" ", _whole(_APP_PASSWORD, "secret", _is_app_password)),
    ("<", _whole(_ADDRESSEE, "name", group=1)),
    (" ", _whole(_SALUTATION, "name", group=1)),
    (("@", "＠", "[", "(", "=40", "\\100", "+AEA-"), _find_emails),
    ((":",), _whole(_IPV6, "ip", _is_ip)),
    ((".",), _whole(_IPV4, "ip", _is_ip)),
    (_NUMERALS, _whole(_IBAN, "tax number", _is_iban)),
    (_NUMERALS, _whole(_DIGITS, "secret", _is_card)),
    (_NUMERALS, _whole(_PHONE, "phone")),
    (_NUMERALS, _whole(_LAST4, "last4", group=1)),
)
"""Searches, each with the parts of which a text must have one."""
