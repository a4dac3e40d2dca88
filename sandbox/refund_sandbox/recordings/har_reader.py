"""HTTP Archives of browsers and proxies as cases: the requests to an API, with the states that its reads show."""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from msgspec.structs import replace

from refund_sandbox.core.api import Api
from refund_sandbox.core.clock import read_instant
from refund_sandbox.core.context import Request
from refund_sandbox.core.errors import BadDocument, Problem
from refund_sandbox.recordings.case_file import Case
from refund_sandbox.recordings.exchange import CaseWriter, RecordedExchange
from refund_sandbox.recordings.operation_paths import changes_data, find_operation
from refund_sandbox.recordings.recorder import make_scrubber

_UNREADABLE = ("content-encoding", "transfer-encoding")
"""Headers that are not true of the body in an archive."""


def cases_of_archive(document: Mapping[str, Any], apis: Mapping[str, Api]) -> list[Case]:
    """Return the cases of an archive. Raise BadDocument for one without a request to an API of the sandbox."""
    try:
        entries = [_exchange(entry, apis) for entry in document["log"]["entries"]]
        sites = {"{0.scheme}://{0.netloc}".format(urlsplit(entry["request"]["url"])) for entry in document["log"]["entries"]}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadDocument([Problem("", f"not an HTTP Archive: {type(error).__name__}: {error}")]) from None
    exchanges = [one for one in entries if one.found]
    if not exchanges:
        raise BadDocument([Problem("", "the HTTP Archive has no request to an API of the sandbox")])
    writer = CaseWriter(make_scrubber(apis, sorted(sites)), "har")
    states = [(_before(exchanges, index), _after(exchanges, index)) for index in range(len(exchanges))]
    known = [replace(one, before=before, after=after) for one, (before, after) in zip(exchanges, states, strict=True)]
    return [writer.write(one, number) for number, one in enumerate(known, 1)]


def _exchange(entry: Mapping[str, Any], apis: Mapping[str, Api]) -> RecordedExchange:
    sent, reply = entry["request"], entry["response"]
    url = urlsplit(sent["url"])
    headers = {name.lower(): value for name, value in _pairs(sent)}
    body = (sent.get("postData") or {}).get("text") or ""
    request = Request(sent["method"], url.path or "/", url.query, headers, body.encode())
    found = find_operation(apis, request)
    recording = found.api.descriptor.recording if found else None
    status = int(reply["status"]) or None
    if recording and status != 401 and not any(name in headers for name in recording.CREDENTIALS):
        headers[recording.CREDENTIALS[0]] = "left out of the archive"  # as browsers do
    order_id = recording.find_order(found.match, found.request) if found and recording else None
    fields = [(name, value) for name, value in _pairs(reply) if name.lower() not in _UNREADABLE]
    at = read_instant(entry["startedDateTime"]) if entry.get("startedDateTime") else datetime.now(UTC)
    error = "" if status else str(reply.get("_error") or "the archive has no reply")
    return RecordedExchange(request, at, status, fields, _content(reply), error, found=found, order_id=order_id)


def _pairs(message: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for header in message.get("headers", ()):
        yield str(header["name"]), str(header["value"])


def _content(reply: Mapping[str, Any]) -> bytes:
    content = reply.get("content") or {}
    text = content.get("text") or ""
    return base64.b64decode(text) if content.get("encoding") == "base64" else text.encode()


def _before(exchanges: Sequence[RecordedExchange], index: int) -> Sequence[Any]:
    """Return the body of the last read of the order before a request, or of the request itself if it reads the order."""
    own = exchanges[index]
    for earlier in exchanges[index::-1]:
        if earlier is not own and _changes(earlier, own):
            return ()
        if bodies := _state(own, earlier):
            return bodies
    return ()


def _after(exchanges: Sequence[RecordedExchange], index: int) -> Sequence[Any]:
    """Return the body of the first read of the order after a request that changes it."""
    own = exchanges[index]
    if not _changes(own, own):
        return ()
    for later in exchanges[index + 1 :]:
        if _changes(later, own):
            return ()
        if bodies := _state(own, later):
            return bodies
    return ()


def _changes(exchange: RecordedExchange, other: RecordedExchange) -> bool:
    """Whether a request may have changed the order of another one."""
    return bool(exchange.found) and exchange.order_id == other.order_id and changes_data(exchange.found)


def _state(own: RecordedExchange, other: RecordedExchange) -> Sequence[Any]:
    """Return the body of a reply in a list, if it has the order of a request."""
    recording = own.found.api.descriptor.recording if own.found else None
    if not (recording and own.found and own.order_id and other.status == 200):
        return ()
    try:
        bodies = [json.loads(other.content or b"")]
    except ValueError:
        return ()
    return bodies if recording.read_state(own.found.request, own.order_id, bodies) else ()
