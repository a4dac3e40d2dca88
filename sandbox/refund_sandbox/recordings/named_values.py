"""Names and values within a text: forms, queries, cookies, XML and HTML, and loose notations such as `email: …`."""

import csv
import io
import re
from urllib.parse import quote_plus, unquote_plus

from refund_sandbox.core.redaction import decode_name
from refund_sandbox.core.secret_names import is_secret
from refund_sandbox.recordings.field_kinds import kind_of
from refund_sandbox.recordings.replacer import Replacer

_FIELD = re.compile(r"""(?:(?<=[?&;,{\s"'])|^)([\w.\-\[\]%$+*]+)=([^&;\s"'<>#]*)""")
_LOOSE = re.compile(  # a name, a separator, and a value in quotes or up to the end of its part
    r"""(?<![\w.\-\[\]%\\$@"'])(["']?)((?! )[\w.\-\[\]%\\$ ]{2,40}?)\1"""
    r"""(?:\s*=>|\s*:|\s+=|=(?=["'\s]))\s*"""
    r"""("(?:[^"\\]|\\.)*+"?|'(?:[^'\\]|\\.)*+'?|[^,;&{}<>\r\n"']+)"""
)
_ELEMENT = re.compile(r"<(/?)([\w:.-]++)[^<>]*?(/?)>(?:<!\[CDATA\[)?([^<>\]]*)")
_INPUT_REVERSED = re.compile(r"""(<[^<>]*?\bvalue=["'])([^"'<>]*)(["'][^<>]*?\bname=["']([\w.\-\[\]]+))""")
_TEXTAREA = re.compile(r"""(<textarea\b[^<>]*?\bname=["']([\w.\-\[\]]+)["'][^<>]*>)([^<>]+)""", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""(?<![\w:.-])([\w:.-]++)=("[^"<>]*"|'[^'<>]*')""")
_INPUT = re.compile(
    r"""(<[^<>]*?\b(?:name|property|itemprop|id)=["']([\w.\-\[\]]+)["'][^<>]*?\b(?:value|content)=)(["'])([^"'<>]*)"""
)
_TABLE_HEAD = re.compile(r"[\w \"\r.-]+(?:[,;\t][\w \"\r.-]+)+")
_KEYS = ("key", "k", "sig", "code", "auth")
_RANDOM = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\w.-]{8,}")
"""Value of a query parameter with such a name that is a secret, other than a name of a column."""
_SEGMENT_NAME = re.compile(r"(?<![\w-])[\w-]++$")
_SEGMENT = re.compile(r"[^?#\s\"'<>]{6,}")
_SERIALIZED = re.compile(r's:\d+:"((?:[^"\\]|\\.)*)"')


def replace_table(text: str, scrubber: Replacer) -> str | None:
    """Return comma-separated values with stand-ins in the columns whose names say what they hold. None for other text."""
    head, _, rest = text.partition("\n")
    delimiter = next((one for one in ",;\t" if one in head), "")
    kinds = [kind_of(name.strip(' "\r')) for name in head.split(delimiter)] if delimiter and rest else []
    if not any(kinds) or not _TABLE_HEAD.fullmatch(head):
        return None
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    output = io.StringIO()
    table = csv.writer(output, delimiter=delimiter, lineterminator="\r\n" if "\r\n" in text else "\n")
    table.writerow(next(rows))
    for row in rows:
        padded = [*kinds, *[None] * len(row)]
        table.writerow(scrubber.named(kind, value) for kind, value in zip(padded, row, strict=False))
    return output.getvalue()


def replace_named(text: str, scrubber: Replacer, nested: int) -> str:
    """Return a text with stand-ins for values whose name says what they are."""

    def of(name: str, value: str) -> str:
        kind = kind_of(decode_name(name))
        return scrubber.named(kind, value) if kind else value

    if "<" in text and ">" in text:
        text = _INPUT.sub(lambda match: f"{match[1]}{match[3]}{of(match[2], match[4])}", text)
        text = _INPUT_REVERSED.sub(lambda match: f"{match[1]}{of(match[4], match[2])}{match[3]}", text)
        text = _TEXTAREA.sub(lambda match: f"{match[1]}{of(match[2], match[3])}", text)
        text = _replace_elements(text, scrubber)
        text = _ATTRIBUTE.sub(lambda match: f"{match[1]}={match[2][0]}{of(match[1], match[2][1:-1])}{match[2][0]}", text)
    if "s:" in text and _SERIALIZED.search(text):
        return _replace_serialized(text, scrubber, nested)
    if "=" in text:
        text = _FIELD.sub(lambda match: f"{match[1]}={_field(scrubber, match[1], match[2], nested)}", text)
    if ":" in text or "=" in text:
        text = _LOOSE.sub(lambda match: _loose(scrubber, match), text)
    return _replace_in_path(text, scrubber) if text.count("/") > 1 else text


def _replace_elements(text: str, scrubber: Replacer) -> str:
    """Return XML or HTML with stand-ins for the texts of elements. The element around one is its parent."""
    open_elements: list[str] = [""]

    def replace(match: re.Match[str]) -> str:
        name = match[2].rpartition(":")[2]
        if match[1]:
            if name in open_elements:
                del open_elements[open_elements.index(name) :]
            return match[0]
        kind = kind_of(name, open_elements[-1] if open_elements else "")
        if not match[3]:
            open_elements.append(name)
        head = match[0][: match.start(4) - match.start()]
        return head + scrubber.named(kind, match[4]) if kind and match[4].strip() else match[0]

    return _ELEMENT.sub(replace, text)


def _field(scrubber: Replacer, name: str, value: str, nested: int) -> str:
    """Return the value of a field of a form or query, in its encoding."""
    decoded = unquote_plus(value)
    kind = kind_of(decode_name(name)) or ("secret" if name in _KEYS and _RANDOM.fullmatch(decoded) else None)
    found = scrubber.named(kind, decoded) if kind else scrubber.text(decoded, nested + 1)
    return value if found == decoded else quote_plus(found, safe=":/<>")


def _loose(scrubber: Replacer, match: re.Match[str]) -> str:
    name, value = decode_name(match[2]).strip(), match[3]
    kind = kind_of(name) or ("person" if name.lower() in ("name", "fn") else None)
    quote_mark = value[0] if value[0] in "\"'" else ""
    inner = value.strip(quote_mark) if quote_mark else value
    if kind is None or not inner.strip() or inner.startswith("//"):
        return match[0]
    head = match[0][: match.start(3) - match.start()]
    plain = inner.rstrip()
    return (
        f"{head}{quote_mark}{scrubber.named(kind, plain)}{inner[len(plain) :]}{quote_mark if value.endswith(quote_mark) else ''}"
    )


def _replace_in_path(text: str, scrubber: Replacer) -> str:
    """Return a text with stand-ins for segments of a path after one that names a secret: `/reset-token/abcdef`."""
    segments = text.split("/")
    for number in range(1, len(segments)):
        name = _SEGMENT_NAME.search(segments[number - 1])
        value = _SEGMENT.match(segments[number])
        if name and value and is_secret(name[0]):
            segments[number] = scrubber.stand_ins.of("secret", value[0]) + segments[number][value.end() :]
    return "/".join(segments)


def _replace_serialized(text: str, scrubber: Replacer, nested: int) -> str:
    """Return a value as PHP serializes it. A text is written with its length; in an array, names and values alternate."""
    name = ""

    def replace(match: re.Match[str]) -> str:
        nonlocal name
        kind = kind_of(name)
        found = scrubber.named(kind, match[1]) if kind else scrubber.text(match[1], nested + 1)
        name = "" if kind else match[1]
        return f's:{len(found.encode())}:"{found}"'

    return _SERIALIZED.sub(replace, text)
