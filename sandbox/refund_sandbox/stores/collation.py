"""Comparison of text without case and accents, and with the wildcards of LIKE. Equal in every store."""

import json
import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any

_MAX_PATTERN_CHARS = 10_000
"""Maximum length of a pattern: SQLite refuses more than 50,000 bytes."""


def fold_case(text: str) -> str:
    """Return the text without case and accents, as MySQL's collation compares it.

    Characters that a database can't store are removed.
    """
    if text.isascii():
        return text.lower().replace("\0", "")
    bare = unicodedata.normalize("NFKD", text.replace("\0", ""))
    letters = "".join(letter for letter in bare if not unicodedata.combining(letter)).casefold()
    return letters.encode("utf-8", "replace").decode()  # without lone surrogates


def fold_value(value: Any) -> str:
    """Return the folded text of a value; a value that is not text is compared as JSON."""
    return fold_case(value if isinstance(value, str) else json.dumps(value, separators=(",", ":")))


def like_pattern(text: str) -> str | None:
    """Return a LIKE pattern for folded texts that contain `text`, or None if it is too long to match.

    `%` stands for any text, `_` for one character.
    """
    pattern = re.sub("%+", "%", f"%{fold_case(text.strip())}%")
    return pattern if len(pattern) <= _MAX_PATTERN_CHARS else None


def compile_contains(text: str) -> Callable[[str], bool]:
    """Return a test whether a folded text matches `like_pattern(text)`."""
    pattern = like_pattern(text)
    if pattern is None:
        return lambda folded: False
    parts = [re.compile(re.escape(part).replace("_", "."), re.DOTALL) for part in pattern.split("%")]
    return lambda folded: _match_in_order(folded, parts)


def _match_in_order(text: str, parts: Iterable[re.Pattern[str]]) -> bool:
    """Whether the text contains the parts one after the other."""
    position = 0
    for part in parts:
        match = part.search(text, position)
        if match is None:
            return False
        position = match.end()
    return True
