"""Stand-ins of personal data and secrets: the same value always gets the same stand-in, of the same form."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator

from refund_sandbox.recordings.field_kinds import Kind

EMAIL_DOMAIN = "example.test"
_MIN_LOCAL_PART = 5
_MIN_PART = 3
"""Number of letters from which a word of a name is replaced within other texts."""
_MIN_IN_TEXT: dict[Kind, int] = {"secret": 6, "login": 4, "street": 6, "city": 4, "company": 4, "note": 8, "tax number": 5}
"""Number of characters from which a value is replaced within other texts too."""
_ALWAYS_IN_TEXT: Collection[Kind] = ("email", "phone", "agent", "hash", "ip")
_HASHES: tuple[Callable[[bytes], "hashlib._Hash"], ...] = (hashlib.md5, hashlib.sha1, hashlib.sha256)
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_HEX = re.compile(r"[0-9a-fA-F]{16,}")
_NOBODY = ("0", "admin", "127.0.0.1", "::1", "0.0.0.0", "localhost")  # noqa: S104 - not a bind
"""Values that are about no person."""
_TOKEN = re.compile(r"[^\W_]+")
_WORD = re.compile(r"[^\W\d_]+")


class StandIns:
    """The stand-ins of one recording. `vocabulary` has the words of the API, which no name replaces within other texts."""

    def __init__(self, vocabulary: Collection[str] = ()) -> None:
        self._in_text: dict[str, str] = {}
        """Values to replace wherever they stand, in lower case, with their stand-ins."""
        self._by_token: defaultdict[str, list[str]] = defaultdict(list)
        """These values by their first word, since a large recording has thousands."""
        self._vocabulary = vocabulary
        self._known: dict[tuple[Kind, str], str] = {}
        self._counts: dict[Kind, int] = {}
        self._made: set[str] = set()

    def of(self, kind: Kind, value: str) -> str:
        """Return the stand-in of a value. A stand-in is its own, and so is an empty text."""
        if not value.strip() or value in self._made or value in _NOBODY:
            return value
        if kind == "region":  # it stays, also in whole addresses
            return self._known.setdefault((kind, _canonical(kind, value)), value)
        if kind in ("name", "person"):
            return self._of_name(value)
        key = (kind, _canonical(kind, value))
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._make(kind, value)
            self._made.add(found)
            if kind == "email":
                self._add_hashes(value, found)
                self._add_local_part(value, found)
        if kind in _ALWAYS_IN_TEXT or len(value) >= _MIN_IN_TEXT.get(kind, len(value) + 1):
            self._add_text(value, found)
        return found

    def find(self, value: str, kinds: Iterable[Kind]) -> str | None:
        """Return the stand-in of a value that is known as one of some kinds."""
        if value in self._made:
            return value
        found = (self._known.get((kind, _canonical(kind, value))) for kind in kinds)
        return next(filter(None, found), None) or self._in_text.get(value.casefold())

    def of_number(self, kind: Kind, value: int) -> int:
        """Return the stand-in of a number, with as many digits."""
        digits = str(abs(value))
        made = self.of(kind, digits)
        found = re.sub(r"\D", "", made)[-len(digits) :] or "1"
        return int(found.rjust(len(digits), "1")) if not found.startswith("0") else int("1" + found[1:])

    def known_in(self, lowered: str) -> Iterator[tuple[str, str]]:
        """Yield the known values that a text in lower case has, with their stand-ins, longest first."""
        found = {value for word in set(_TOKEN.findall(lowered)) for value in self._by_token.get(word, ()) if value in lowered}
        yield from ((value, self._in_text[value]) for value in sorted(found, key=len, reverse=True))

    def use(self, kind: Kind, value: str, stand_in: str) -> None:
        """Set the stand-in of a value, for one that the sandbox knows: the login of its user."""
        self._known.setdefault((kind, _canonical(kind, value)), stand_in)
        self._made.add(stand_in)
        if len(value) >= _MIN_IN_TEXT["login"]:
            self._add_text(value, stand_in)

    def counts(self) -> dict[Kind, int]:
        """Return the number of different values that were replaced, by kind."""
        return dict(sorted(self._counts.items()))

    def _of_name(self, value: str) -> str:
        """Return a name with a stand-in for each word, so that first, last and full name fit each other."""
        words = value.split(" ")
        found = " ".join(self._of_word(word) for word in words)
        if len(words) > 1:
            self._add_text(value, found)
        return found

    def _of_word(self, word: str) -> str:
        if not word or word in self._made:
            return word
        key: tuple[Kind, str] = ("name", word.casefold())
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._make("name", word)
            self._made.add(found)
            if len(word) >= _MIN_PART and _WORD.match(word) and word.casefold() not in self._vocabulary:
                self._add_text(word, found)
        return found

    def _add_text(self, value: str, stand_in: str) -> None:
        lowered = value.casefold()
        if lowered not in self._vocabulary and lowered != stand_in.casefold():
            self._add_known(lowered, stand_in)

    def _add_known(self, lowered: str, stand_in: str) -> None:
        token = _TOKEN.search(lowered)
        if token and lowered not in self._in_text:
            self._in_text[lowered] = stand_in
            self._by_token[token[0]].append(lowered)

    def _add_hashes(self, email: str, stand_in: str) -> None:
        """Replace hashes of an address, as in the URL of its picture, by those of its stand-in."""
        for make in _HASHES:
            for text in {email, email.strip().lower()}:
                self._add_known(make(text.encode()).hexdigest(), make(stand_in.encode()).hexdigest())

    def _add_local_part(self, email: str, stand_in: str) -> None:
        """Replace the part before the `@` elsewhere too, unless it may be a usual word."""
        local = email.partition("@")[0]
        if len(local) >= _MIN_LOCAL_PART and re.search(r"[\W\d_]", local):
            self._add_text(local, stand_in.partition("@")[0])

    def _make(self, kind: Kind, value: str) -> str:
        number = self._counts[kind] = self._counts.get(kind, 0) + 1
        return _MAKERS[kind](number, value)


def _canonical(kind: Kind, value: str) -> str:
    if kind in ("phone", "last4", "bin"):
        return re.sub(r"\D", "", value).removeprefix("00") or value
    return value if kind == "secret" else value.strip().casefold()


def _hash(number: int, value: str) -> str:
    if _UUID.fullmatch(value):
        return f"00000000-0000-4000-8000-{number:012x}"
    return f"{number:0{len(value)}x}" if _HEX.fullmatch(value) else f"hash-{number}"


def _note(number: int, value: str) -> str:
    """Return a text as long as the value, since its length may be limited."""
    return f"note {number}".ljust(len(value), ".")


def _ip(number: int, value: str) -> str:
    return f"2001:db8::{number:x}" if ":" in value else f"{_NETWORKS[number // 254 % 3]}.{number % 254 + 1}"


_NETWORKS = ("192.0.2", "198.51.100", "203.0.113")
"""Networks of documentation (RFC 5737)."""


def _last4(number: int, value: str) -> str:
    return value if value == "4242" else f"{1000 + number % 9000}"


def _expiry(_number: int, value: str) -> str:
    """Return month 12 and year 2030 in the form of the value: `12/30`, `2030-12`."""
    parts = re.findall(r"\d+", value)
    year = next((index for index, part in enumerate(parts) if len(part) == 4), len(parts) - 1 if len(parts) > 1 else -1)
    stand_ins = iter("2030"[-len(part) :] if index == year else "12" for index, part in enumerate(parts))
    return re.sub(r"\d+", lambda _: next(stand_ins), value)


def _phone(number: int, value: str) -> str:
    plus = "+" if value.lstrip().startswith("+") else ""
    return f"{plus}1555{number:07}"


_MAKERS: dict[Kind, Callable[[int, str], str]] = {
    "secret": lambda number, _: f"secret-{number}",
    "email": lambda number, _: f"person{number}@{EMAIL_DOMAIN}",
    "name": lambda number, _: f"Name{number}",
    "person": lambda number, _: f"Name{number}",
    "login": lambda number, _: f"login{number}",
    "phone": _phone,
    "street": lambda number, _: f"{number} Example Street",
    "city": lambda number, _: f"City{number}",
    "postcode": lambda number, _: f"{10000 + number}",
    "ip": _ip,
    "agent": lambda number, _: f"client/{number}",
    "note": _note,
    "last4": _last4,
    "bin": lambda _number, value: "424242"[: len(value)].ljust(len(value), "4"),
    "expiry": _expiry,
    "birth": lambda _number, value: re.sub(r"\d{4}", "1970", re.sub(r"(?<!\d)\d{1,2}(?!\d)", "01", value)),
    "company": lambda number, _: f"Company {number}",
    "tax number": lambda number, _: f"TAX{number:06}",
    "hash": _hash,
    "region": lambda _number, value: value,
    "location": lambda _number, _value: "0",
}
