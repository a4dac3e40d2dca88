"""Kinds of personal data, by the names of fields, parameters, headers and elements: `billingEmail`, `card[last4]`."""

import re
from functools import lru_cache
from typing import Literal

from refund_sandbox.core.secret_names import is_secret

Kind = Literal[
    "secret",
    "email",
    "name",
    "person",
    "login",
    "phone",
    "street",
    "city",
    "postcode",
    "ip",
    "agent",
    "note",
    "last4",
    "bin",
    "expiry",
    "birth",
    "company",
    "tax number",
    "hash",
    "location",
    "region",
]

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SEGMENTS = re.compile(r"[\[\].]+")
_ABOUT = frozenset(
    "at changed check confirmed count enabled error field format id label length method required sent status subject template "
    "type valid validated verified version".split()
)
"""Last words of names that say something about a value: `email_verified`, `address_type`."""
_PEOPLE = frozenset(
    "account author billing buyer cardholder client contact customer holder member owner payer payee person profile recipient "
    "sender shipping shopper subscriber user users customers".split()
)
"""Words before `name`, or names of the object around it, that make it the name of a person."""
_OWNERS = _PEOPLE | {"address", "addresses", "bill", "ship"}
"""Words in the name of an object that has the name of a person: `billing_details`, `shipTo`."""
_THINGS = frozenset("class group lines method methods option options plan rate rates zone".split())
_NAME_WORDS = frozenset("first last full given family middle maiden display nick nice sur second birth".split())
_NAMES = frozenset(
    "firstname lastname fullname surname forename nickname nicename displayname cardholder holder fname lname".split()
)
_TAX_NUMBERS = frozenset(
    "vat iban bic ssn passport tax_id tax_number vat_number vat_id national_id legal_registration_id account_number "
    "routing_number sort_code social_security".split()
)
_LAST_WORDS: dict[Kind, frozenset[str]] = {
    "email": frozenset("email emails mail mails emailaddress aliases".split()),
    "phone": frozenset("phone phones telephone tel mobile cell cellphone fax msisdn whatsapp phonenumber".split()),
    "postcode": frozenset("postcode postal zip zipcode plz".split()),
    "city": frozenset("city town locality suburb village".split()),
    "street": frozenset("street address addr addressline houseno".split()),
    "birth": frozenset("birthday dob birthdate birth".split()),
    "agent": frozenset(("useragent",)),
    "ip": frozenset("ip ips ipaddress ipv".split()),
    "company": frozenset("company".split()),
    "note": frozenset("note notes comment comments remark remarks memo feedback".split()),
    "login": frozenset("login username userlogin".split()),
    "region": frozenset("state province region country".split()),
    "location": frozenset("lat latitude lng lon longitude geolocation coordinates".split()),
    "hash": frozenset("uuid hash fingerprint".split()),
    "bin": frozenset("bin iin".split()),
    "last4": frozenset(("lastfour",)),
}
_PHRASES: dict[str, Kind] = {
    "user_agent": "agent",
    "ip_address": "ip",
    "remote_addr": "ip",
    "email_address": "email",
    "e_mail": "email",
    "phone_number": "phone",
    "mobile_number": "phone",
    "postal_code": "postcode",
    "post_code": "postcode",
    "zip_code": "postcode",
    "house_number": "street",
    "date_of_birth": "birth",
    "company_name": "company",
    "user_login": "login",
    "country_name": "region",
    "first_6": "bin",
    "last_4": "last4",
    "last_four": "last4",
    "x_forwarded_for": "ip",
    "card_expiry": "expiry",
    "expiration_date": "expiry",
    "expiry_date": "expiry",
    "exp_month": "expiry",
    "exp_year": "expiry",
    "exp_date": "expiry",
    "expiry_month": "expiry",
    "expiry_year": "expiry",
    "expiration_month": "expiry",
    "expiration_year": "expiry",
}
"""Names of several words, as the end of a name."""
_WHOLE: dict[str, Kind] = {
    **dict.fromkeys(("reason", "refund_reason", "cancel_reason", "cancellation_reason", "return_reason"), "note"),
    "order_key": "secret",
}
_OPEN_TOKENS = re.compile(r"^(?:max|next|page|total|cursor|continuation)_|_(?:page|cursor|continuation)_tokens?$")


def kind_of(name: str, parent: str = "") -> Kind | None:
    """Return the kind of data that a field holds. `parent` is the name of the object around it.

    The last segment of `billing[address][email]` decides; the one before it is its parent.
    """
    return _kind_of(name[:_MAX_NAME], parent[:_MAX_NAME])


_MAX_NAME = 200


@lru_cache(4096)
def _kind_of(name: str, parent: str) -> Kind | None:
    segments = [segment for segment in _SEGMENTS.split(name) if segment.strip("0123456789")]
    if is_secret(name, parent):
        return "last4" if _last_digits(name) else "secret"
    if not segments:
        return None
    owner = segments[-2] if len(segments) > 1 else parent
    return _by_words(_split(segments[-1]), _split(owner))


def _last_digits(name: str) -> bool:
    return "_".join(_split(name)).endswith(("last4", "last_4", "last_four"))


def _split(name: str) -> list[str]:
    """Return the words of a name in lower case, with a number as a word of its own: `address1` is `address`, `1`."""
    return [word.lower() for word in _WORDS.findall(name)]


def _by_words(words: list[str], owner: list[str]) -> Kind | None:
    joined = "_".join(words)
    if not words:
        return None
    if joined in _WHOLE:
        return _WHOLE[joined]
    phrase = next((kind for ending, kind in _PHRASES.items() if joined == ending or joined.endswith(f"_{ending}")), None)
    if phrase:
        return phrase
    if joined in _TAX_NUMBERS or any(joined.endswith(f"_{ending}") for ending in _TAX_NUMBERS):
        return "tax number"
    if joined.endswith(("token", "tokens")) and not _OPEN_TOKENS.search(joined):
        return "secret"
    return _of_person(words, owner) or _by_last_word(words, owner)


def _of_person(words: list[str], owner: list[str]) -> Kind | None:
    """Return `name` for the name of a person: `last_name`, `customer_name`, `name` of a customer, `first` of a name.

    A `person` may be named in any way: `customer`, `created_by`.
    """
    if words[-1] in _NAMES:
        return "name"
    if words[-1] == "name":
        before = words[-2] if len(words) > 1 else ""
        is_person = before in _NAME_WORDS or before in _PEOPLE or (not before and _is_person(owner))
        return "name" if is_person else None
    if len(words) == 1 and words[0] in _NAME_WORDS and (owner[-1:] == ["name"] or _is_person(owner)):
        return "name"
    return "person" if words[-1] in _PEOPLE or words[-1] == "by" else None


def _is_person(owner: list[str]) -> bool:
    return bool(owner) and owner[-1] not in _THINGS and not _OWNERS.isdisjoint(owner)


def _by_last_word(words: list[str], owner: list[str]) -> Kind | None:
    while len(words) > 1 and words[-1].isdigit():
        words = words[:-1]
    last = words[-1]
    if last in _ABOUT:
        return None
    if last in ("line", "lines") and not _OWNERS.isdisjoint((*words, *owner)):
        return "street"
    pairs = {last, "".join(words[-2:])}
    return next((kind for kind, endings in _LAST_WORDS.items() if pairs & endings), None)
