"""A request to a live service and its reply, and the case that a recording has of them."""

import json
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from msgspec import Struct, field

from refund_sandbox.core.context import Request
from refund_sandbox.core.documents import is_deeper, readable
from refund_sandbox.core.recording import Recording
from refund_sandbox.recordings.case_file import Case
from refund_sandbox.recordings.operation_paths import Found
from refund_sandbox.recordings.recorded_headers import recorded_reply_headers, recorded_request_headers
from refund_sandbox.recordings.scrubber import Scrubber

_MAX_DEPTH = 100
_MAX_UNPACKED_BYTES = 16 * 1024 * 1024
"""Size of a body without its content encoding, up to which it is recorded."""
_CHARSET = re.compile(r"charset=\"?([\w.-]+)", re.IGNORECASE)


class RecordedExchange(Struct, frozen=True):
    """A request and its reply. `before` and `after` are the bodies of the reads of its order."""

    request: Request
    at: datetime
    status: int | None = None
    """None if no reply came."""
    headers: Sequence[tuple[str, str]] = ()
    content: bytes | None = b""
    """None for a body that was too large to be recorded."""
    error: str = ""
    """Reason why no reply came."""
    before: Sequence[Any] = ()
    after: Sequence[Any] = ()
    found: Found | None = None
    order_id: str | None = None


class CaseWriter(Struct):
    """Writes exchanges as cases without personal data. `settings` are those of the sandbox that cases are compared with."""

    scrubber: Scrubber
    ids: str = "R"
    settings: Mapping[str, Any] = field(default_factory=dict)

    def write(self, exchange: RecordedExchange, number: int) -> Case:
        """Return the case. It is written twice: a name in a text is known only after its field was seen."""
        self.scrubber.is_learning = True
        self._write(exchange, number)
        self.scrubber.is_learning = False
        return self._write(exchange, number)

    def without_body(self, exchange: RecordedExchange, number: int, reason: str) -> Case:
        """Return the case of an exchange that can't be written: neither path nor body is in it."""
        omitted = {"omitted": f"it could not be read ({reason})"}
        return {
            "id": f"{self.ids}-{number:03}",
            "name": f"{exchange.request.method}: {exchange.status or 'no reply'}",
            "given": None,
            "gateway": [],
            "at": _time_of(exchange).strftime("%Y-%m-%d %H:%M:%S"),
            "request": {"method": exchange.request.method, "path": "/", "headers": {}, **omitted},
            "expect": {"status": exchange.status or 502, "body": None, **omitted},
        }

    def _write(self, exchange: RecordedExchange, number: int) -> Case:
        found = exchange.found
        recording = found.api.descriptor.recording if found else None
        for value, stand_in in recording.stand_ins(found.match).items() if recording and found else ():
            self.scrubber.stand_ins.use("login", value, stand_in)
        path = self._path(exchange)
        place = self.scrubber.text(found.match.operation.path.format(**found.match.params)) if found else path.partition("?")[0]
        return {
            "id": f"{self.ids}-{number:03}",
            "name": f"{exchange.request.method} {place}: {exchange.status or 'no reply'}",
            **({"api": found.api.name} if found else {}),
            **({"settings": dict(self.settings)} if self.settings else {}),
            **self._state(exchange, recording),
            "at": _time_of(exchange).strftime("%Y-%m-%d %H:%M:%S"),
            "request": self._request(exchange, recording, path),
            **self._reply(exchange, recording),
        }

    def _path(self, exchange: RecordedExchange) -> str:
        request = _own_request(exchange)
        return self.scrubber.text(f"{request.path}?{request.query}" if request.query else request.path)

    def _state(self, exchange: RecordedExchange, recording: Recording | None) -> Case:
        given, faults = None, []
        if recording and exchange.order_id:
            given = recording.read_state(_own_request(exchange), exchange.order_id, exchange.before)
        if recording and exchange.status:
            faults = recording.gateway_faults(self.scrubber.value(_value(exchange)))
        return {"given": self.scrubber.value(given), "gateway": faults}

    def _request(self, exchange: RecordedExchange, recording: Recording | None, path: str) -> Case:
        request = exchange.request
        headers = recorded_request_headers(request.headers, recording, exchange.status or 0, self.scrubber)
        document = {"method": request.method, "path": path, "headers": headers}
        if not request.body:
            return document
        kind = request.headers.get("content-type", "")
        text = readable_text(request.body, request.headers.get("content-encoding", ""), kind)
        if text is None:
            return {**document, "omitted": "the body is no text"}
        value = None if is_deeper(text, _MAX_DEPTH) else readable(text)
        if isinstance(value, dict | list):
            return {**document, "body": self.scrubber.value(value)}
        return {**document, "raw_body": self.scrubber.body(text, kind)}

    def _reply(self, exchange: RecordedExchange, recording: Recording | None) -> Case:
        if exchange.status is None:
            return {"without_reply": self.scrubber.text(exchange.error), "expect": {"status": 502, "body": None}}
        expect: Case = {"status": exchange.status, "headers": recorded_reply_headers(exchange.headers, self.scrubber)}
        value = _value(exchange)
        if value is OMITTED:
            expect |= {"body": None, "omitted": "the body is too large, or no text"}
        elif isinstance(value, str):
            expect |= {"body": None, "raw": self.scrubber.body(value, _header(exchange, "content-type"))}
        else:
            expect["body"] = self.scrubber.value(value)
        return {"expect": {**expect, **self._after(exchange, recording)}}

    def _after(self, exchange: RecordedExchange, recording: Recording | None) -> Case:
        if not (recording and exchange.order_id and exchange.after):
            return {}
        outcome = recording.read_outcome(_own_request(exchange), exchange.order_id, exchange.before, exchange.after)
        return {name: self.scrubber.value(value) for name, value in outcome.items()}


def _own_request(exchange: RecordedExchange) -> Request:
    return exchange.found.request if exchange.found else exchange.request


class _Omitted:
    """Mark of a body that is not recorded."""


OMITTED = _Omitted()


def _value(exchange: RecordedExchange) -> Any:
    """Return the body of a reply: its JSON value, or its text. OMITTED for one that is not recorded."""
    if exchange.content is None:
        return OMITTED
    text = readable_text(exchange.content, _header(exchange, "content-encoding"), _header(exchange, "content-type"))
    if text is None:
        return OMITTED
    if is_deeper(text, _MAX_DEPTH) or not text.strip():
        return text
    return readable(text)


def unpacked(content: bytes, encoding: str) -> bytes:
    """Return a body without its content encoding. Raises ValueError for one that is not known, or for one that is too large."""
    for name in reversed([part.strip().lower() for part in encoding.split(",")]):
        if name in ("gzip", "x-gzip"):
            content = _inflate(content, 31)
        elif name == "deflate":
            content = _inflate(content, 15 if content[:1] == b"x" else -15)
        elif name not in ("", "identity"):
            raise ValueError(name)
    return content


def _inflate(content: bytes, window_bits: int) -> bytes:
    """Return compressed content, which may have several members, as it was. Raises ValueError for a large one."""
    found = bytearray()
    while content:
        inflater = zlib.decompressobj(window_bits)
        found += inflater.decompress(content, _MAX_UNPACKED_BYTES + 1 - len(found))
        if len(found) > _MAX_UNPACKED_BYTES:
            raise ValueError("too large")
        if not inflater.eof:
            raise EOFError
        content = inflater.unused_data.lstrip(b"\0")  # gzip may be padded
    return bytes(found)


def readable_text(content: bytes, encoding: str, content_type: str) -> str | None:
    """Return the text of a body without its content encoding. None for one that is no text, or that is broken."""
    try:
        content = unpacked(content, encoding)
    except (OSError, EOFError, zlib.error, ValueError):
        return None
    return text_of(content, content_type)


def text_of(content: bytes, content_type: str) -> str | None:
    """Return the text of a body, None for one that is none."""
    found = _CHARSET.search(content_type)
    encodings = (json.detect_encoding(content), *([found[1]] if found else []))
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except (UnicodeError, LookupError):
            continue
        return None if "\0" in text else text.removeprefix("\ufeff")
    return None


def _header(exchange: RecordedExchange, name: str) -> str:
    return header_of(exchange.headers, name)


def header_of(headers: Iterable[tuple[str, str]], name: str) -> str:
    """Return the value of a header, the first if there are several."""
    return next((value for key, value in headers if key.lower() == name), "")


def _time_of(exchange: RecordedExchange) -> datetime:
    """Return the time of the service, else that of the recorder."""
    try:
        return parsedate_to_datetime(_header(exchange, "date"))
    except ValueError:
        return exchange.at
