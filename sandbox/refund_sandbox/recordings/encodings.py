"""Encoded parts of a text: percent-encoding, HTML, escapes of JSON, base64, hexadecimal digits, and multipart forms."""

import base64
import binascii
import html
import re
from collections.abc import Callable
from urllib.parse import quote, unquote

from refund_sandbox.recordings.field_kinds import kind_of
from refund_sandbox.recordings.replacer import Replacer

Replace = Callable[[str], str]

_WORD = r"[^\s\"'<>&=?;,#{}\[\]()/]"
_PERCENT = re.compile(rf"(?<!{_WORD})(?:(?!%[0-9A-Fa-f]{{2}}){_WORD})*+%[0-9A-Fa-f]{{2}}{_WORD}*+")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|\w{2,31});")
_ESCAPE = re.compile(r"\\u[0-9a-fA-F]{4}|\\[\"/\\bfnrt]|\\x[0-9a-fA-F]{2}")
_BASE64 = re.compile(r"(?<![\w+/=-])[A-Za-z0-9+/_-]{12,}={0,2}(?![\w+/=-])")
_HEX = re.compile(r"(?<!\w)(?:[0-9a-fA-F]{2}){8,}(?!\w)")
_BOUNDARY = re.compile(r"""boundary=(?:"([^"]+)"|([^\s";,]+))""", re.IGNORECASE)
_PART_NAME = re.compile(r"""[;\s]name\*?=(?:"((?:[^"\\\r\n]|\\.)*)"|([^\s";]+))""", re.IGNORECASE)
_FILE_NAME = re.compile(r"""([;\s]filename\*?=)("[^"\r\n]*"|[^\s;]+)""", re.IGNORECASE)
_BLANK_LINE = re.compile(r"\r?\n\r?\n")


def replace_encoded(text: str, replace: Replace, plain: Replace) -> str:
    """Return a text with its encoded parts replaced, each encoded again. What did not change stays as it was.

    A text with escapes stays if `plain` replaces as much in it as it is.
    """
    if "%" in text:
        text = _PERCENT.sub(
            lambda match: _again(match[0], unquote(match[0]), replace, lambda made: quote(made, safe=":<>")), text
        )
    if "\\" in text and _ESCAPE.search(text):
        text = _escaped(text, lambda part: _ESCAPE.sub(_unescape, part), replace, plain, str)
    if "&" in text and _ENTITY.search(text):
        text = _escaped(text, html.unescape, replace, plain, _escape_html)
    text = _BASE64.sub(lambda match: _base64(match[0], replace), text)
    return _HEX.sub(lambda match: _hex(match[0], replace), text)


def _again(text: str, decoded: str, replace: Replace, encode: Replace) -> str:
    if decoded == text:
        return text
    made = replace(decoded)
    return text if made == decoded else encode(made)


def _escaped(text: str, decode: Replace, replace: Replace, plain: Replace, encode: Replace) -> str:
    made = replace(decode(text))
    return text if decode(plain(text)) == made else encode(made)


def _escape_html(text: str) -> str:
    """Return a text for HTML. `<site>` is no element."""
    return html.escape(text, quote=False).replace("&lt;site&gt;", "<site>")


def _unescape(match: re.Match[str]) -> str:
    escape = match[0]
    if escape[1] in "ux":
        return chr(int(escape[2:], 16))
    return {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}.get(escape[1], escape[1])


def _base64(text: str, replace: Replace) -> str:
    """Return base64 or base64url with the text in it replaced. Other words stay."""
    is_url = "-" in text or "_" in text
    padded = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
    try:
        content = base64.b64decode(padded, altchars=b"-_" if is_url else None, validate=True)
        decoded = content.decode()
    except (ValueError, binascii.Error):
        return text
    if not _is_readable(decoded):
        return text
    made = replace(decoded)
    if made == decoded:
        return text
    encode = base64.urlsafe_b64encode if is_url else base64.b64encode
    return encode(made.encode()).decode()


def _hex(text: str, replace: Replace) -> str:
    try:
        decoded = bytes.fromhex(text).decode()
    except ValueError:
        return text
    made = replace(decoded) if _is_readable(decoded) else decoded
    return text if made == decoded else made.encode().hex()


def _is_readable(text: str) -> bool:
    return all(char.isprintable() or char in "\r\n\t" for char in text)


def boundary_of(content_type: str, text: str) -> str | None:
    """Return the boundary of a multipart body, from the header or from its first line."""
    found = _BOUNDARY.search(content_type)
    if found:
        return found[1] or found[2]
    is_multipart = text.startswith("--") and "content-disposition" in text[:2000].lower()
    return text[2:].partition("\n")[0].strip() if is_multipart else None


def replace_parts(text: str, boundary: str, scrubber: Replacer) -> str:
    """Return a multipart form with its values replaced, and without the content of its files."""
    delimiter = f"--{boundary}"
    return delimiter.join(_replace_part(part, scrubber) for part in text.split(delimiter))


def _replace_part(part: str, scrubber: Replacer) -> str:
    blank = _BLANK_LINE.search(part)
    if blank is None:
        return part
    head, content = part[: blank.end()], part[blank.end() :]
    end = content[len(content.rstrip("\r\n")) :]
    if _FILE_NAME.search(head):
        return _FILE_NAME.sub(r'\1"file"', head) + "file" + end
    name = next((quoted or plain for quoted, plain in _PART_NAME.findall(head)), "")
    kind = kind_of(name)
    value = content.removesuffix(end) if end else content
    return head + (scrubber.named(kind, value) if kind else scrubber.text(value)) + end
