"""Replacement of personal data and secrets in JSON values, texts, forms, URLs and multipart bodies, however encoded."""

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from refund_sandbox.core.documents import is_deeper
from refund_sandbox.recordings import encodings
from refund_sandbox.recordings.field_kinds import Kind, kind_of
from refund_sandbox.recordings.lenient_json import read_leniently
from refund_sandbox.recordings.named_values import replace_named, replace_table
from refund_sandbox.recordings.stand_ins import StandIns
from refund_sandbox.recordings.text_patterns import replace_patterns

_MAX_NESTED = 5
"""Number of encodings within each other that are looked into."""
_MAX_DEPTH = 100
"""Nesting of JSON up to which it is read as a value."""
_PAIR_NAMES = ("key", "name", "meta_key", "field", "id", "label", "option_name", "header", "code")
_PAIR_VALUES = ("value", "meta_value", "option_value", "display_value", "content")
"""Fields of an object that is a name with its value: `{"key": "billing_email", "value": "…"}`."""
_FULL_NAME = re.compile(r"(?:[^\W\d_]++[.'’-]?)++(?: (?:[^\W\d_]++[.'’-]?)++)++")
"""Words of letters. Possessive: no text is searched twice."""
_SIMPLE = re.compile(r"\w{1,11}|\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)?)?")
"""A short word, or a time: neither its form nor an encoding hides anything."""
_CHOICE = re.compile(r"[a-z]+(?:[_-][a-z]+)*")
"""One of a list of reasons, such as `customer_request`."""
_COUNTRY = re.compile(r"[A-Z]{2}|.* \([A-Z]{2}\)")
_MESSAGE_WORDS = 3
_FUNCTION_WORDS = frozenset(
    "a an and any are as at be by can cannot could does each exceed field for from greater has have if in invalid is it its "
    "least less longer long may most must no not of on one only or please required same short should string than that the "
    "then this to too unique up valid value was were with you your".split()
)


class Scrubber:
    """Replaces personal data and secrets of one recording, each value always by the same stand-in.

    `vocabulary` has the words of the API in lower case. `sites` are the addresses of the service: each becomes `<site>`.
    """

    def __init__(self, vocabulary: Collection[str] = (), sites: Collection[str] = ()) -> None:
        self.stand_ins = StandIns(vocabulary)
        self.is_learning = False
        """Whether the result is not used: values only become known."""
        self._messages = _FUNCTION_WORDS | frozenset(vocabulary)
        self._sites = [
            re.compile(re.escape(site) + r"(?![\w.-]*\w)", re.IGNORECASE) for site in sorted(sites, key=len, reverse=True)
        ]

    def value(self, value: Any, name: str = "", parent: str = "", *, hidden: bool = False) -> Any:
        """Return a JSON value without personal data. `name` is its field, `hidden` that it is part of a secret."""
        kind: Kind | None = "secret" if hidden else kind_of(name, parent)
        if isinstance(value, dict):
            return self._object(value, name, hidden=kind == "secret")
        if isinstance(value, list):
            return [self.value(inner, name, parent, hidden=kind == "secret") for inner in value]
        if isinstance(value, str):
            return self.named(kind, value)
        if isinstance(value, float) and kind:
            return 0.0
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return self.stand_ins.of_number(kind, value) if kind and is_number and value else value

    def named(self, kind: Kind | None, value: str) -> str:
        """Return the text of a field of that kind."""
        if kind is None or not self._fits(kind, value):
            return self.text(value)
        if kind != "secret" and value.lstrip().startswith(("{", "[")):
            return self.text(value)
        if kind == "street" and "," in value:
            return ",".join(map(self._address_part, value.split(",")))
        return self.stand_ins.of(kind, value)

    def text(self, text: str, nested: int = 0) -> str:
        """Return a text without personal data: structure and encodings in it are looked into."""
        if nested > _MAX_NESTED or not text or (text.isdecimal() and len(text) < 7):
            return text
        if _SIMPLE.fullmatch(text):
            return self._replace_known(text)
        whole = self._structure(text, nested) or (replace_table(text, self) if "\n" in text else None)
        if whole is not None:
            return whole
        found = self._mask_sites(text)
        found = replace_named(found, self, nested)
        found = encodings.replace_encoded(found, lambda inner: self.text(inner, nested + 1), self._plain)
        return self._plain(found)

    def _plain(self, text: str) -> str:
        """Return a text with stand-ins for what its form shows and for what is known."""
        return self._replace_known(replace_patterns(text, self.stand_ins))

    def body(self, text: str, content_type: str = "") -> str:
        """Return the text of a body, which may be a multipart form."""
        boundary = encodings.boundary_of(content_type, text)
        return encodings.replace_parts(text, boundary, self) if boundary else self.text(text)

    def known(self, value: Any) -> Any:
        """Return a value with stand-ins for values that became known later."""
        if isinstance(value, dict):
            return {self._replace_known(name): self.known(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.known(inner) for inner in value]
        return self._replace_known(value) if isinstance(value, str) else value

    def _address_part(self, part: str) -> str:
        """Return a part of a whole address. It may be a city or a name that is known; a country stays."""
        value = part.strip()
        made = self.stand_ins.find(value, ("region", "city", "postcode", "name", "company", "street"))
        if made is None:
            is_country = _COUNTRY.fullmatch(value) is not None
            made = value if is_country or self.is_learning else self.stand_ins.of("street", value)
        return part.replace(value, made) if value else part

    def _object(self, value: Mapping[str, Any], name: str, *, hidden: bool) -> dict[str, Any]:
        label = next((value[key] for key in _PAIR_NAMES if isinstance(value.get(key), str)), "")
        kind = kind_of(label, name) if label and not hidden else None
        pairs = {}
        for key, inner in value.items():
            by_label = kind is not None and key in _PAIR_VALUES
            pairs[self.text(key)] = self.value(inner, label, name) if by_label else self.value(inner, key, name, hidden=hidden)
        return pairs

    def _fits(self, kind: Kind, value: str) -> bool:
        """Whether a value can be of a kind. Messages of a validation have the name of the field that they are about."""
        if kind == "secret":
            return True
        if kind == "person":
            return _FULL_NAME.fullmatch(value.strip()) is not None
        if kind == "email":
            return "@" in value or not re.search(r"\s", value.strip())
        words = re.findall(r"[^\W\d_]+", value.casefold())
        if kind == "note" and _CHOICE.fullmatch(value) and self._messages.issuperset(words):
            return False
        return not (len(words) >= _MESSAGE_WORDS and self._messages.issuperset(words))

    def _structure(self, text: str, nested: int) -> str | None:
        """Return a text that is JSON, with its values replaced. None for other text."""
        stripped = text.lstrip("\ufeff \t\r\n")
        if not stripped.startswith(("{", "[", '"')) or is_deeper(text, _MAX_DEPTH):
            return None
        try:
            value = read_leniently(stripped)
        except ValueError:
            return None
        found = self.text(value, nested + 1) if isinstance(value, str) else self.value(value)
        return text if found == value else json.dumps(found, ensure_ascii=text.isascii())

    def _mask_sites(self, text: str) -> str:
        for pattern in self._sites:
            text = pattern.sub("<site>", text)
        return text

    def _replace_known(self, text: str) -> str:
        for value, stand_in in self.stand_ins.known_in(text.casefold()):
            made = stand_in.replace("\\", r"\\")
            text = re.sub(rf"(?<![^\W_]){re.escape(value)}(?![^\W_])", made, text, flags=re.IGNORECASE)
        return text
