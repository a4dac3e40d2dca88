"""Cache of parsed request heads: most clients send the same header fields with every request."""

import re

from refund_sandbox.core.asgi import Fields

PLAIN_URL = rb"/[!$&'()*+,./0-9:;=?@A-Z_a-z~-]*"
"""A path and query without percent-encoding, so that it needs no decoding."""
_REQUEST_LINE = re.compile(rb"(DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT) (" + PLAIN_URL + rb") HTTP/1\.1")
_LINE_BREAK = b"\r\n"
_MAX_ENTRIES = 256
_MAX_HEAD_BYTES = 4096
ParsedRequest = tuple[str, bytes, Fields, bytes]
"""Method, URL, header fields with lower-case names, and body of a whole request."""


class HeaderCache:
    """The last heads that the parser accepted, without the request line, and the header fields of each.

    Equal bytes have equal fields. So only the parser decides which heads are valid.
    """

    def __init__(self) -> None:
        self._entries: dict[bytes, tuple[Fields, int]] = {}

    def get(self, data: bytes) -> ParsedRequest | None:
        """Return the request if data is exactly one request and its head is in the cache."""
        line, head, body = _split(data)
        fields, size = self._entries.get(head, ((), -1))
        match = _REQUEST_LINE.fullmatch(line) if size == len(body) else None
        return (match[1].decode("ascii"), match[2], fields, body) if match else None

    def add(self, data: bytes, fields: Fields) -> None:
        """Save a head. `data` starts with a request, and ends with a request that has these fields.

        Both are the same request if the body has the length that the fields name: two requests would be longer.
        """
        _, head, body = _split(data)
        size = dict(fields).get(b"content-length", b"0")
        if len(head) <= _MAX_HEAD_BYTES and size == b"%d" % len(body):
            if len(self._entries) >= _MAX_ENTRIES:
                del self._entries[next(iter(self._entries))]
            self._entries[head] = fields, len(body)


def _split(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Return the request line, the header lines with the empty line after them, and the body."""
    line, head = data.find(_LINE_BREAK), data.find(2 * _LINE_BREAK) + 2 * len(_LINE_BREAK)
    return data[:line], data[line:head], data[head:]
