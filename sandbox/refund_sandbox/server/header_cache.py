"""Remembers the heads of requests: a client sends the same fields again and again, and to parse them takes a while."""

import re

from refund_sandbox.core.asgi import Fields

PLAIN_URL = rb"/[!$&'()*+,./0-9:;=?@A-Z_a-z~-]*"
"""A path, maybe with a query, that means what it says: nothing is escaped, nothing to be refused."""
_LINE = re.compile(rb"(DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT) (" + PLAIN_URL + rb") HTTP/1\.1")
_BREAK = b"\r\n"
_MOST = 256
"""How many heads are kept."""
_LONGEST = 4096
"""Bytes of a head that is kept."""


Request = tuple[str, bytes, Fields, bytes]
"""Method, URL, fields with lower-case names, and body of a whole request."""


class Heads:
    """The last heads that a parser has understood, each without its first line, and what it made of them.

    Equal bytes mean the same again, so that the parser alone says what is right, and refuses what is wrong.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[Fields, int]] = {}

    def recall(self, data: bytes) -> Request | None:
        """The request that these bytes are from the first to the last, if its head is known."""
        line, head, body = _split(data)
        fields, size = self._known.get(head, ((), -1))
        asked = _LINE.fullmatch(line) if size == len(body) else None
        return (asked[1].decode("ascii"), asked[2], fields, body) if asked else None

    def learn(self, data: bytes, fields: Fields) -> None:
        """Remembers a head. The data begin with a request, and end with one that has these fields.

        They are one and the same if the body has the length of the second one: that of two would be longer.
        """
        _, head, body = _split(data)
        size = dict(fields).get(b"content-length", b"0")
        if len(head) <= _LONGEST and size == b"%d" % len(body):
            if len(self._known) >= _MOST:
                del self._known[next(iter(self._known))]
            self._known[head] = fields, len(body)


def _split(data: bytes) -> tuple[bytes, bytes, bytes]:
    """The first line, what stands between it and the body, which ends with an empty line if the head is whole, and the body."""
    line, head = data.find(_BREAK), data.find(2 * _BREAK) + 2 * len(_BREAK)
    return data[:line], data[line:head], data[head:]
