"""Secrets: comparison in constant time, and redaction in the request log, events and logs, by the names of the values."""

import hmac
import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from refund_sandbox.core.documents import is_deeper, readable
from refund_sandbox.core.secret_names import is_secret

HIDDEN = "***"
_MAX_NESTED = 3
"""Number of texts within each other that are looked into: JSON in a field of a form in a member of JSON."""
_MAX_DEPTH = 100
"""Nesting of JSON up to which its value is rendered recursively."""
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[{}\[\]:,]|[^"{}\[\]:,]+', re.DOTALL)
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})|\\(.)", re.DOTALL)
_OPEN, _CLOSE, _COLON, _COMMA = ("{", "["), ("}", "]"), ":", ","
_LOOSE = re.compile(
    r"""(?<![\w.\-\[\]%\\$@"'])(["']?+)([\w.\-\[\]%\\$@]++)\1\s*+(?:=>|[:=])\s*+("(?:[^"\\]|\\.)*+"?|'(?:[^'\\]|\\.)*+'?|[^,;&{}<>\r\n]++)"""
)
"""A name and its value in text that is neither JSON nor a form: `'password': 'x'`, `password => x`, `password: x`."""
_ELEMENT = re.compile(r"(<([\w:.-]++)[^<>]*+>)([^<>]++)(?=</)")
_USERINFO = re.compile(r"//[^/?#@\s\"'<>]*+@")
"""User and password in a URL."""
_PART_NAME = re.compile(r"""[;\s]name\*?=(?:"((?:[^"\\\r\n]|\\.)*+)"?|([^\s";]++))""", re.IGNORECASE)
_BOUNDARY = re.compile(r"""boundary=(?:"([^"]+)"|([^\s";,]+))""", re.IGNORECASE)
_SUSPECT = re.compile(r"[=@{\[]")
"""Characters without which a text has no JSON, form or URL with secrets in it."""
_PLAIN = frozenset((int, float, bool, type(None)))
_HARMLESS = _PLAIN | {str}
_SHORT_CHARS = 200
"""Length of a header's value up to which its redacted form is remembered."""
_FEW_NAMES = 64
"""Number of names of an object up to which it is remembered whether one of them is secret."""
_BLANK_LINE = re.compile(r"\r?\n\r?\n")


def is_same(value: str, secret: str) -> bool:
    """Whether `value` is the secret, compared in constant time."""
    return hmac.compare_digest(value.encode("utf-8", "surrogatepass"), secret.encode("utf-8", "surrogatepass"))


def is_bearer(authorization: str, token: str) -> bool:
    """Whether an Authorization header has this bearer token."""
    scheme, _, sent = authorization.partition(" ")
    return scheme.lower() == "bearer" and is_same(sent.encode("latin-1", "replace").decode("utf-8", "replace"), token)


def hide_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers without the values of secret names. URLs in other values lose theirs too."""
    return {
        name: _hide_short_header(name, value) if len(value) <= _SHORT_CHARS else _hide_header(name, value)
        for name, value in headers.items()
    }


def _hide_header(name: str, value: str) -> str:
    return HIDDEN if is_secret(name) else value if _is_harmless(value) else hide_url(value)


_hide_short_header = lru_cache(512)(_hide_header)
"""Requests and replies repeat a few headers."""


def _is_harmless(value: Any) -> bool:
    """Whether a value is no text that may hold names with values, and no collection."""
    kind = type(value)
    return not _SUSPECT.search(value) if kind is str else kind in _PLAIN


def hide_url(url: str, nested: int = 0) -> str:
    """Return a URL, or path and query, without the values of secret parameters."""
    url = _USERINFO.sub(f"//{HIDDEN}@", url) if "@" in url else url
    if "=" not in url:
        return url
    path, mark, query = url.partition("?")
    query, hash_mark, fragment = query.partition("#")
    hidden = "/".join(_hide_form(segment, nested) for segment in path.split("/"))
    return hidden + mark + _hide_form(query, nested) + hash_mark + _hide_form(fragment, nested)


def hide_body(body: bytes, content_type: str = "") -> Any:
    """Return a body as a document, or as text if it is not JSON, without the values of secret names.

    The body may be cut off at the end.
    """
    text = body.decode("utf-8", "replace")
    boundary = _BOUNDARY.search(content_type)
    if boundary and not text.lstrip().startswith(_OPEN):
        return _hide_parts(text, boundary[1] or boundary[2])
    encoding = json.detect_encoding(body)
    if not encoding.startswith("utf-8"):  # a reader of the log would read the secrets in it
        decoded = body.decode(encoding, "replace")
        hidden = hide_text(decoded)
        return text if hidden == decoded else hidden
    value = readable(text)
    if value is text:
        return hide_text(text)
    return readable(_hide_members(text)) if is_deeper(text, _MAX_DEPTH) else hide_value(value)


def hide_value(value: Any, parent: str = "", nested: int = 0) -> Any:
    """Return a JSON value with `***` for every value of a secret name, whatever its type."""
    if isinstance(value, dict):
        if len(value) <= _FEW_NAMES and not _has_secrets(tuple(value), parent) and not _SUSPECT.search(_texts_of(value)):
            if _HARMLESS.issuperset(map(type, value.values())):
                return value
            return {name: inner if type(inner) in _HARMLESS else hide_value(inner, name, nested) for name, inner in value.items()}
        return {
            name: HIDDEN if is_secret(name, parent) else inner if _is_harmless(inner) else hide_value(inner, name, nested)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [hide_value(inner, parent, nested) for inner in value]
    return _hide_nested(value, nested) if isinstance(value, str) else value


@lru_cache(512)
def _has_secrets(names: tuple[str, ...], parent: str) -> bool:
    """Whether one of the names is secret. Records and bodies repeat a few sets of names."""
    return any(is_secret(name, parent) for name in names)


def _texts_of(value: Mapping[str, Any]) -> str:
    return "\n".join([inner for inner in value.values() if type(inner) is str])


def hide_text(text: str, nested: int = 0) -> str:
    """Return a text without the values of secret names. It is cut or malformed JSON, a form, or anything else."""
    stripped = text.lstrip("\ufeff \t\r\n")
    if stripped.startswith("--") and "content-disposition" in text.lower():
        return _hide_parts(text, stripped[2:].partition("\n")[0].strip(), nested)
    if "=" in text and not stripped.startswith((*_OPEN, '"')):
        return _hide_form(text, nested, _hide_loose)
    return _hide_loose(_hide_members(text, nested))


def _hide_nested(text: str, nested: int) -> str:
    """Return a text that is a value itself: JSON, a form or a URL in it is looked into."""
    if nested >= _MAX_NESTED:
        return text
    stripped = text.lstrip()
    if stripped.startswith(_OPEN):
        value = readable(text)
        if value is text or is_deeper(text, _MAX_DEPTH):
            return hide_text(text, nested + 1)
        hidden = hide_value(value, "", nested + 1)
        return text if hidden == value else json.dumps(hidden, ensure_ascii=False)
    return hide_url(text, nested + 1) if "=" in text or "@" in text else text


def _hide_form(text: str, nested: int = 0, hide_rest: Callable[[str], str] = str) -> str:
    """Return a form or query without the values of secret fields.

    Names are percent-decoded. `;` separates fields too, but a secret lasts until the next `&`, since it may hold one.
    """
    return "&".join(_hide_field(field, nested, hide_rest) for field in text.split("&"))


def _hide_field(field: str, nested: int, hide_rest: Callable[[str], str]) -> str:
    pieces = field.split(";")
    for number, piece in enumerate(pieces):
        name, equals, value = piece.partition("=")
        if equals and is_secret(decode_name(name)):
            return ";".join([*pieces[:number], f"{name}={HIDDEN}"])
        if equals and nested < _MAX_NESTED:
            decoded = unquote_plus(value)
            hidden = _hide_nested(decoded, nested)
            pieces[number] = f"{name}={value if hidden == decoded else quote_plus(hidden, safe='*/:?=&')}"
        else:
            pieces[number] = hide_rest(piece)
    return ";".join(pieces)


def decode_name(name: str) -> str:
    """Return a percent-decoded name, even if it was encoded more than once."""
    for _ in range(_MAX_NESTED):
        decoded = unquote_plus(name)
        if decoded == name:
            break
        name = decoded
    return name


def _hide_parts(text: str, boundary: str, nested: int = 0) -> str:
    """Return a multipart form without the content of secret fields."""
    delimiter = f"--{boundary}"
    return delimiter.join(_hide_part(part, nested) for part in text.split(delimiter))


def _hide_part(part: str, nested: int) -> str:
    blank = _BLANK_LINE.search(part)
    if blank is None:
        return part
    head, content = part[: blank.end()], part[blank.end() :]
    if any(is_secret(decode_name(_unescape(quoted or plain))) for quoted, plain in _PART_NAME.findall(head)):
        return f"{head}{HIDDEN}\r\n"
    return head + (hide_text(content, nested + 1) if nested < _MAX_NESTED else content)


def _hide_members(text: str, nested: int = 0) -> str:
    """Return JSON, even if it is cut or malformed, with `***` for the values of secret names."""
    tokens = _TOKEN.findall(text)
    hidden: list[str] = []
    parents: list[str] = [""]
    name, position = "", 0
    while position < len(tokens):
        token = tokens[position]
        position += 1
        is_name = _COLON in [piece for piece in tokens[position : position + 2] if not piece.isspace()][:1]
        hidden.append(token if is_name or token[0] != '"' else _hide_string(token, nested))
        if token in _OPEN:
            parents.append(name)
        elif token in _CLOSE:
            parents = parents[:-1] or [""]
        elif token == _COLON and is_secret(name, parents[-1]):
            hidden.append(f'"{HIDDEN}"')
            position = _end_of_value(tokens, position)
        elif token not in (_COLON, _COMMA) and not token.isspace():
            name = _unescape(token.strip().strip("\"'"))
    return "".join(hidden)


def _hide_string(token: str, nested: int) -> str:
    """Return a text of JSON, which may be cut, without the secrets of a JSON document, form or URL in it."""
    value = _unescape(token[1:].removesuffix('"'))
    hidden = _hide_nested(value, nested)
    return token if hidden == value else json.dumps(hidden, ensure_ascii=False)


def _end_of_value(tokens: list[str], position: int) -> int:
    """Return the position of the token after a value: a comma or a closing bracket, or the end of the text."""
    level = 0
    while position < len(tokens):
        token = tokens[position]
        level += (token in _OPEN) - (token in _CLOSE)
        if level < 0 or (level == 0 and token == _COMMA):
            break
        position += 1
    return position


def _unescape(name: str) -> str:
    r"""Return a name with its escapes replaced: `pass\u0077ord` is `password`."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)) if match[1] else match[2], name)


def _hide_loose(text: str) -> str:
    """Return a text without the values that follow secret names in it, in any notation."""
    text = _ELEMENT.sub(lambda match: f"{match[1]}{HIDDEN}" if is_secret(match[2]) else match[0], text)
    return _LOOSE.sub(_hide_match, text)


def _hide_match(match: re.Match[str]) -> str:
    value = match[3]
    if not is_secret(decode_name(_unescape(match[2]))) or value.strip("\"' ") == HIDDEN:
        return match[0]
    quote = value[0] if value[0] in "\"'" else ""
    return f"{match[0][: match.start(3) - match.start()]}{quote}{HIDDEN}{quote}"
