"""Parts of a reply that differ from one run to the next, so that a comparison ignores their values."""

import re
from collections.abc import Mapping

from msgspec import Struct

_UUID = r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"


class Masks(Struct, frozen=True):
    """The variable parts of an API's replies, and the headers that a comparison looks at."""

    fields: frozenset[str] = frozenset()
    """Names of fields of which only the JSON type matters, and whether they are empty: times, ids, hashes."""
    ignored: frozenset[str] = frozenset()
    """Names of fields that are not compared: no read shows what they depend on."""
    varying: frozenset[str] = frozenset()
    """Names of fields whose form depends on data. A comparison of forms leaves them out."""
    texts: Mapping[str, str] = {}
    """Regular expressions within texts, with what stands for each match."""
    headers: tuple[str, ...] = ("content-type",)
    """Names of the compared headers, in lower case."""

    def clean(self, text: str) -> str:
        """Return a text with its variable parts replaced."""
        for pattern, stand_in in self.texts.items():
            text = re.sub(pattern, stand_in, text)
        return text


GENERAL_MASKS = Masks(texts={_UUID: "#", r"\b[0-9a-f]{24,64}\b": "#"})
"""Hashes and UUIDs, which every API may make at random."""
