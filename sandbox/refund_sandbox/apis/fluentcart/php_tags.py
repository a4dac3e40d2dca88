"""strip_tags() of PHP 8.2. It takes time in proportion to the length of the text."""

import re

_OPENING = re.compile(r"<(?![ \t\n\r\v\f])")
_IN_TAG = re.compile(r"""["'<>]""")
_IN_XML = re.compile(r"""["'<]|(?<!-)>""")
_IN_DECLARATION = re.compile(r"""(?<!\\)["']|>""")
_IN_SCRIPT = re.compile(r"""(?<!\\)["']|[()]|\?>""")
_END_OF_COMMENT = "-->"


def strip_tags(text: str) -> str:
    """Return a text without tags, comments and PHP. One that has no end takes the rest of the text with it."""
    pieces, position = [], 0
    while opening := _OPENING.search(text, position):
        pieces.append(text[position : opening.start()])
        position = _end(text, opening.start())
    return "".join([*pieces, text[position:]])


def _end(text: str, start: int) -> int:
    """Return the position after the tag that starts at a position, the length of the text if it has no end."""
    beginning = text[start : start + len("<!doctype")].lower()
    if beginning.startswith("<!--"):
        end = text.find(_END_OF_COMMENT, start + len("<!"))
        return len(text) if end < 0 else end + len(_END_OF_COMMENT)
    if beginning.startswith("<!") and beginning != "<!doctype":
        return _end_by(_IN_DECLARATION, text, start)
    if beginning.startswith("<?xml") and start > 0:  # PHP does not see it at the start of a text
        return _end_by(_IN_XML, text, start)
    if beginning.startswith("<?"):
        return _end_by(_IN_SCRIPT, text, start)
    return _end_by(_IN_TAG, text, start)


def _end_by(marks: re.Pattern[str], text: str, start: int) -> int:
    """Return the position after the `>` that is neither in quotes nor in brackets."""
    quote, depth = "", 0
    for found in marks.finditer(text, start + 1):
        mark = found[0]
        if mark in ('"', "'"):
            quote = mark if not quote else "" if quote == mark else quote
        elif quote:
            continue
        elif mark in ("(", ")"):
            depth += 1 if mark == "(" else -1
        elif mark == "<":
            depth += _OPENING.match(text, found.start()) is not None
        elif not depth:
            return found.end()
        elif mark == ">":
            depth -= 1
    return len(text)
