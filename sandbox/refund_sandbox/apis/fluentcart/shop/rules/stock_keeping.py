"""Stock keeping units that the plugin suggests. Source: its code."""

import re
from collections.abc import Collection
from itertools import count

_STOP_WORDS = frozenset("the and for with a an of in on to is it by or at from".split())
_MAX_LENGTH = 30
_MAX_SUGGESTION = 25
"""Letters of a suggestion. The rest of the column is for a number that makes it unique."""
_LETTERS_OF_A_WORD = 3


def suggest(title: str, variant_title: str) -> str:
    """Return the first three letters of each word, or "" if no word is left."""
    whole = title.strip()
    if variant_title and variant_title.strip().lower() != whole.lower():
        whole += f" {variant_title.strip()}"
    words = re.sub(r"[^A-Z0-9\s]", "", whole.upper()).split(" ")
    parts = [word[:_LETTERS_OF_A_WORD] for word in words if word and word.lower() not in _STOP_WORDS]
    return "-".join(parts)[:_MAX_SUGGESTION].rstrip("-")


def make_unique(sku: str, taken: Collection[str]) -> str:
    """Return the unit, or the first one with a number behind it that is free."""
    if sku not in taken:
        return sku
    numbered = (f"{sku[: _MAX_LENGTH - len(f'-{number}')]}-{number}" for number in count(1))
    return next(name for name in numbered if name not in taken)
