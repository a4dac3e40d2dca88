"""How text is compared: without case and accents, and with the wildcards of SQL's LIKE. Every store does it alike."""

import json
import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any

_MAX_PATTERN_CHARS = 10_000
"""Characters of a pattern: SQLite refuses one of more than 50,000 bytes."""


def fold_case(text: str) -> str:
    """The text without case and accents, as MySQL's collation compares it, and without what a database can't keep."""
    if text.isascii():
        return text.lower().replace("\0", "")
    bare = unicodedata.normalize("NFKD", text.replace("\0", ""))
    letters = "".join(letter for letter in bare if not unicodedata.combining(letter)).casefold()
    return letters.encode("utf-8", "replace").decode()  # half of a surrogate pair is no letter


def fold_value(value: Any) -> str:
    """What a value is compared by as text; one that is no text by its JSON."""
    return fold_case(value if isinstance(value, str) else json.dumps(value, separators=(",", ":")))


def like_pattern(wanted: str) -> str | None:
    """SQL's LIKE pattern of the folded texts that contain what is wanted: `%` stands for anything, `_` for one character.

    None when no text can be like it: it is too long.
    """
    pattern = re.sub("%+", "%", f"%{fold_case(wanted.strip())}%")
    return pattern if len(pattern) <= _MAX_PATTERN_CHARS else None


def compile_contains(wanted: str) -> Callable[[str], bool]:
    """Tells whether a folded text is like the pattern of what is wanted."""
    pattern = like_pattern(wanted)
    if pattern is None:
        return lambda text: False
    parts = [re.compile(re.escape(part).replace("_", "."), re.DOTALL) for part in pattern.split("%")]
    return lambda text: _follow(text, parts)


def _follow(text: str, parts: Iterable[re.Pattern[str]]) -> bool:
    """Whether the parts follow one another in the text."""
    place = 0
    for part in parts:
        found = part.search(text, place)
        if found is None:
            return False
        place = found.end()
    return True
