"""Plain text as WordPress makes it from a field of a request. Source: WordPress core.

Every step takes time in proportion to the length of the text.
"""

import re
import unicodedata
from html.entities import name2codepoint
from typing import Any
from urllib.parse import quote

from refund_sandbox.apis.fluentcart import php
from refund_sandbox.apis.fluentcart.php_tags import strip_tags

_SPACE = " \t\n\r\0\x0b"
_OPENED = re.compile(r"<[^<>]*>?")
_CODE = re.compile(r"<(script|style)[^>]*>", re.IGNORECASE | re.ASCII)
_END_OF_CODE = {name: re.compile(f"</{name}>", re.IGNORECASE | re.ASCII) for name in ("script", "style")}
_ENTITIES = "|".join(sorted(name2codepoint))
_AMPERSAND = re.compile(rf"&(?!(?:#[0-9]{{1,7}}|#[xX][0-9a-fA-F]{{1,6}}|{_ENTITIES});)")
_PLAIN_LETTERS = str.maketrans(
    {"ß": "ss", "ẞ": "SS", "Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe", "Ø": "O", "ø": "o", "Þ": "TH", "þ": "th", "×": "x"}
    | dict(zip("ÐðĐđĦħŁłŦŧı", "DdDdHhLlTti", strict=True))
)
"""Letters that Unicode does not split into a letter and an accent."""
_ENTITY = re.compile(r"&.+?;")
_HYPHENS = re.compile(r"[\s./\u2010-\u2015]")
_REMOVED = re.compile(r"[\x21-\x2c\x3a-\x40\x5b-\x5e\x60\x7b-\x7f]")
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
        text = strip_tags(_without_code(_OPENED.sub(_escape_unclosed, text))).strip(_SPACE).replace("<\n", "&lt;\n")
    text = re.sub(r"[\r\n\t ]+", " ", text).strip(_SPACE)
    return re.sub(r" +", " ", _without_octets(text)).strip(_SPACE) if _OCTET.search(text) else text


def slug(title: str) -> str:
    """Return a title as WordPress writes it in a URL: letters without accents, hyphens for blanks, dots and dashes.

    Other characters of ASCII are removed, and letters of other scripts are escaped. Assumed: punctuation of Unicode is removed.
    """
    letters = map(_without_accent, unicodedata.normalize("NFC", strip_tags(title).translate(_PLAIN_LETTERS)))
    text = _REMOVED.sub("", _HYPHENS.sub("-", _ENTITY.sub("", "".join(letters).lower())))
    escaped = (quote(letter).lower() for letter in text if letter.isascii() or unicodedata.category(letter)[0] in "LMN")
    return re.sub(r"-+", "-", "".join(escaped)).strip("-")


def _without_accent(letter: str) -> str:
    base = unicodedata.normalize("NFD", letter)[0]
    return base if base.isascii() else letter


def _escape_unclosed(found: re.Match[str]) -> str:
    """Return an opened tag as it is if it has an end, else escaped. Entities are not escaped once more."""
    if found[0].endswith(">"):
        return found[0]
    return _AMPERSAND.sub("&amp;", found[0]).replace("<", "&lt;").replace('"', "&quot;").replace("'", "&#039;")


def _without_code(text: str) -> str:
    """Return a text without script and style elements. An element without an end stays."""
    pieces, position = [], 0
    open_ended: set[str] = set()
    for opened in _CODE.finditer(text):
        name = opened[1].lower()
        if opened.start() < position or name in open_ended:
            continue
        end = _END_OF_CODE[name].search(text, opened.end())
        if end is None:
            open_ended.add(name)
            continue
        pieces.append(text[position : opened.start()])
        position = end.end()
    return "".join([*pieces, text[position:]])


def _without_octets(text: str) -> str:
    """Return a text without %xx, and without those that appear when one is removed."""
    letters: list[str] = []
    for letter in text:
        letters.append(letter)
        if _OCTET.fullmatch("".join(letters[-_OCTET_LENGTH:])):
            del letters[-_OCTET_LENGTH:]
    return "".join(letters)
