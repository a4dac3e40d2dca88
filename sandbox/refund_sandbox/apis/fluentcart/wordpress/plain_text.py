"""Plain text as WordPress makes it from a field of a request. Source: WordPress core.

Every step takes time in proportion to the length of the text.
"""

import re
from html import escape
from typing import Any

from refund_sandbox.apis.fluentcart import php

_SPACE = " \t\n\r\0\x0b"
_OPENED = re.compile(r"<[^<>]*>?")
_TAG = re.compile(r"<(?!\s)[^<>]*>")
_CODE = re.compile(r"<(script|style)\b[^<>]*>", re.IGNORECASE)
_OCTET = re.compile(r"%[0-9a-f]{2}", re.IGNORECASE)
_OCTET_LENGTH = 3


def sanitize_text(value: Any) -> str:
    """Return a value as WordPress's sanitize_text_field does: one line without tags and %xx (13-007); "" for an array.

    A `<` that starts no tag is escaped, and scripts and styles lose their content.
    """
    if isinstance(value, php.ARRAY):
        return ""
    text = php.to_text(value)
    if "<" in text:
        text = _TAG.sub("", _without_code(_OPENED.sub(_escape_unclosed, text)))
    text = re.sub(r"[\r\n\t ]+", " ", text).strip(_SPACE)
    return re.sub(r" +", " ", _without_octets(text)).strip(_SPACE) if _OCTET.search(text) else text


def _escape_unclosed(found: re.Match[str]) -> str:
    return found[0] if found[0].endswith(">") else escape(found[0]).replace("&#x27;", "&#039;")


def _without_code(text: str) -> str:
    """Return a text without script and style elements. An element without an end stays."""
    pieces, position, lowered = [], 0, text.lower()
    while opened := _CODE.search(text, position):
        end_tag = f"</{opened[1].lower()}>"
        end = lowered.find(end_tag, opened.end())
        if end < 0:
            break
        pieces.append(text[position : opened.start()])
        position = end + len(end_tag)
    return "".join([*pieces, text[position:]])


def _without_octets(text: str) -> str:
    """Return a text without %xx, and without those that appear when one is removed."""
    letters: list[str] = []
    for letter in text:
        letters.append(letter)
        if _OCTET.fullmatch("".join(letters[-_OCTET_LENGTH:])):
            del letters[-_OCTET_LENGTH:]
    return "".join(letters)
