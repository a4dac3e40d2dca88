"""Suggestions for misspelt names."""

from collections.abc import Iterable
from typing import Any


def did_you_mean(name: Any, known: Iterable[str]) -> str:
    """Return ` Did you mean 'reply_lost'?` with the known name closest to `name`, or an empty text."""
    from difflib import get_close_matches  # only for errors

    matches = get_close_matches(str(name), list(known), n=1)
    return f" Did you mean {matches[0]!r}?" if matches else ""


def unknown(noun: str, name: Any, known: Iterable[str]) -> str:
    """Return the text of an error about an unknown name, with the closest known name, else with all of them."""
    names = list(known)
    hint = did_you_mean(name, names) or f" Known: {', '.join(names)}."
    return f"Unknown {noun} {name!r}.{hint}"
